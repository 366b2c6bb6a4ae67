// SPDX-License-Identifier: Apache-2.0
//
// http_message.h: what a route gets and what it answers. Nothing here knows which library serves it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oomtrace::http
{

struct Request {
    std::string path;                                       // decoded, without the query
    std::vector<std::pair<std::string, std::string>> query; // decoded, in their order; bytes that may not be UTF-8
    std::string accept;                                     // the header; empty: none
};

struct Response {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers; // beyond those that every answer has
};

inline Response text_response(int status, std::string text)
{
    Response response;
    response.status = status;
    response.body = std::move(text) + "\n";
    return response;
}

// Called on the server's thread, one at a time.
using Handler = std::function<Response(const Request &)>;

struct Route {
    std::string path;    // "/metrics"
    bool prefix = false; // also of every path that begins so
    bool open = false;   // answered without a password where one is set: a probe has none
    Handler handler;
};

using Routes = std::vector<Route>;

} // namespace oomtrace::http
