// SPDX-License-Identifier: Apache-2.0
//
// daemon.h: HttpServer's inside: libmicrohttpd and the thread that drives it.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include <microhttpd.h>

#include "host/unique_fd.h"
#include "http/connection_table.h"
#include "http/http_server.h"
#include "http/password_check.h"
#include "sinks/small_thread.h"

namespace oomtrace::http
{

class HttpServer::Daemon
{
  public:
    Daemon(const HttpServerOptions &options, Routes routes, std::optional<PasswordCheck> passwords, bool loopback);
    Daemon(const Daemon &) = delete;
    Daemon &operator=(const Daemon &) = delete;
    ~Daemon();

    // `certificate` and `key` are PEM texts, both empty without TLS.
    Result<void> start(UniqueFd listening, std::string certificate, std::string key);
    [[nodiscard]] HttpStatistics statistics() const;

  private:
    static constexpr std::size_t statuses = 600;

    static MHD_Result accept_policy(void *self, const sockaddr *address, socklen_t size);
    static void connection_changed(void *self, MHD_Connection *connection, void **context,
                                   MHD_ConnectionNotificationCode change);
    static MHD_Result handle(void *self, MHD_Connection *connection, const char *url, const char *method, const char *version,
                             const char *upload, std::size_t *upload_size, void **request_context);

    void run();
    [[nodiscard]] int wait_ms() const;
    Response answer(MHD_Connection *connection, const char *url, const char *method);
    std::optional<Response> refusal(MHD_Connection *connection, const char *method) const;
    std::optional<Response> password_refusal(MHD_Connection *connection);
    MHD_Result send(MHD_Connection *connection, Response response);

    HttpServerOptions options_;
    Routes routes_;
    std::optional<PasswordCheck> passwords_;
    bool only_local_names_; // see refusal()
    ConnectionTable connections_;
    bool closed_one_ = false;
    std::string certificate_, key_; // used by MHD as long as it runs
    MHD_Daemon *mhd_ = nullptr;
    UniqueFd stop_;
    std::array<std::atomic<std::uint64_t>, statuses> answered_{}; // index: status
    std::atomic<std::uint64_t> too_many_from_address_{0}, too_slow_{0};
    SmallThread thread_; // last: it uses all of the above
};

} // namespace oomtrace::http
