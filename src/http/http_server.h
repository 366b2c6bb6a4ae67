// SPDX-License-Identifier: Apache-2.0
//
// http_server.h: the routes over HTTP/1.1, read-only, on one thread of its own that sleeps until somebody connects.
//
// libmicrohttpd does the protocol. It is the one of Debian's HTTP libraries that can be driven by somebody else's loop:
// civetweb and cpp-httplib wake up on timers and keep a pool of threads, and libevent's server does not speak TLS by itself.
// The loop is here, because a connection gets a time in which to be done with, from its first byte to its last, which no
// library has: the usual timeout begins again with each byte that a slow client sends.
//
// One connection serves one request. A connection that is kept for the next scrape would have to be timed out, which is a
// wake-up between scrapes, and holds one of the places.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/http_message.h"
#include "http/listen_address.h"
#include "oomtrace/result.h"

namespace oomtrace::http
{

struct HttpServerOptions {
    ListenAddress listen;
    std::optional<std::filesystem::path> tls_certificate, tls_key; // PEM; both or neither
    std::optional<std::filesystem::path> users;                    // see password_check.h
    unsigned connections = 32;
    unsigned connections_per_address = 16;    // IPv6: of one /64
    std::size_t connection_memory = 16 << 10; // bytes: request line and headers must fit, and those of the answer
    std::chrono::milliseconds request_time{10'000};
};

struct HttpStatistics {
    std::vector<std::pair<int, std::uint64_t>> requests; // by status, those that were answered by a route or refused here
    std::uint64_t too_many_from_address = 0;             // connections closed at once
    std::uint64_t too_slow = 0;                          // connections closed when their time was up
};

class HttpServer
{
  public:
    // Listening when it returns. Errors: an address that is taken, files that cannot be read or do not fit each other.
    static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions &options, Routes routes);

    HttpServer(const HttpServer &) = delete;
    HttpServer &operator=(const HttpServer &) = delete;
    ~HttpServer(); // closes every connection, and returns when no handler runs any more

    [[nodiscard]] const ListenAddress &address() const { return address_; }
    // What the one who set it up should know: reachable from elsewhere without TLS, say. Sentences for the log.
    [[nodiscard]] const std::vector<std::string> &warnings() const { return warnings_; }
    // For any thread, also from within a handler.
    [[nodiscard]] HttpStatistics statistics() const;

  private:
    class Daemon;
    HttpServer(std::unique_ptr<Daemon> daemon, ListenAddress address, std::vector<std::string> warnings);

    std::unique_ptr<Daemon> daemon_;
    ListenAddress address_;
    std::vector<std::string> warnings_;
};

} // namespace oomtrace::http
