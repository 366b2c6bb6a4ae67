// SPDX-License-Identifier: Apache-2.0
#include "http/daemon.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <vector>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>

namespace oomtrace::http
{

namespace
{

// All of a stack is locked in memory, used or not, where the process locks what it will map.
constexpr std::size_t stack_size = 256 << 10;

// What a browser must know of every answer. Nothing is ever loaded from elsewhere, run, or sent.
constexpr std::pair<const char *, const char *> common_headers[] = {
    {"Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
                                "frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
    {"Connection", "close"},
};

std::string header(MHD_Connection *connection, const char *name)
{
    const char *const value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value != nullptr ? value : "";
}

MHD_Result add_argument(void *query, MHD_ValueKind, const char *key, std::size_t key_size, const char *value,
                        std::size_t value_size)
{
    static_cast<Request *>(query)->query.emplace_back(std::string(key, key_size),
                                                      value != nullptr ? std::string(value, value_size) : std::string());
    return MHD_YES;
}

// "127.0.0.1:19637", "[::1]", "localhost": a name that no DNS server had a say in.
bool is_local_name(std::string host)
{
    if (host.starts_with('[')) {
        in6_addr address{};
        const auto end = host.find(']');
        return end != std::string::npos && ::inet_pton(AF_INET6, host.substr(1, end - 1).c_str(), &address) == 1;
    }
    host = host.substr(0, host.find(':'));
    in_addr address{};
    return host == "localhost" || ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool applies(const Route &route, std::string_view path)
{
    return route.prefix ? path.starts_with(route.path) : path == route.path;
}

void free_body(void *body)
{
    delete static_cast<std::string *>(body);
}

} // namespace

HttpServer::Daemon::Daemon(const HttpServerOptions &options, Routes routes, std::optional<PasswordCheck> passwords,
                           bool loopback)
    : options_(options), routes_(std::move(routes)), passwords_(std::move(passwords)),
      only_local_names_(loopback && !passwords_), connections_(options.connections_per_address, options.request_time)
{
}

HttpServer::Daemon::~Daemon()
{
    if (stop_) {
        const std::uint64_t one = 1;
        while (::write(stop_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
        }
    }
    thread_.join();
    if (mhd_ != nullptr)
        MHD_stop_daemon(mhd_);
}

Result<void> HttpServer::Daemon::start(UniqueFd listening, std::string certificate, std::string key)
{
    const std::string attempted = "start the HTTP server";
    stop_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!stop_)
        return fail_errno(attempted, errno);
    certificate_ = std::move(certificate);
    key_ = std::move(key);
    std::vector<MHD_OptionItem> settings = {
        {MHD_OPTION_LISTEN_SOCKET, listening.get(), nullptr},
        {MHD_OPTION_CONNECTION_LIMIT, static_cast<std::intptr_t>(options_.connections), nullptr},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, static_cast<std::intptr_t>(options_.connection_memory), nullptr},
        {MHD_OPTION_NOTIFY_CONNECTION, reinterpret_cast<std::intptr_t>(&Daemon::connection_changed), this},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, nullptr},
    };
    unsigned flags = MHD_USE_EPOLL;
    if (!certificate_.empty()) {
        flags |= MHD_USE_TLS;
        settings.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, certificate_.data()});
        settings.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, key_.data()});
        settings.push_back({MHD_OPTION_HTTPS_PRIORITIES, 0, const_cast<char *>("NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2")});
    }
    settings.push_back({MHD_OPTION_END, 0, nullptr});
    mhd_ = MHD_start_daemon(flags, 0, &Daemon::accept_policy, this, &Daemon::handle, this, MHD_OPTION_ARRAY, settings.data(),
                            MHD_OPTION_END);
    if (mhd_ == nullptr)
        return fail(
            attempted, certificate_.empty() ? "libmicrohttpd refused" : "libmicrohttpd refused the certificate or the key",
            certificate_.empty() ? "" : "both must be PEM, and the key must be that of the first certificate in its file");
    [[maybe_unused]] const int closed_by_mhd = listening.release();
    return thread_.start("oomtrace-http", stack_size, [this] { run(); });
}

int HttpServer::Daemon::wait_ms() const
{
    std::int64_t wait = -1;
    MHD_UNSIGNED_LONG_LONG of_mhd = 0;
    if (MHD_get_timeout(mhd_, &of_mhd) == MHD_YES)
        wait = static_cast<std::int64_t>(std::min<MHD_UNSIGNED_LONG_LONG>(of_mhd, 60'000));
    if (const auto deadline = connections_.next_deadline()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now()).count();
        const std::int64_t at_least_0 = std::max<std::int64_t>(left, 0);
        wait = wait < 0 ? at_least_0 : std::min(wait, at_least_0);
    }
    return static_cast<int>(wait);
}

void HttpServer::Daemon::run()
{
    const int epoll = MHD_get_daemon_info(mhd_, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    while (true) {
        pollfd waited[] = {{epoll, POLLIN, 0}, {stop_.get(), POLLIN, 0}};
        ::poll(waited, std::size(waited), wait_ms());
        if (waited[1].revents != 0)
            return;
        too_slow_ += connections_.shut_overdue(std::chrono::steady_clock::now());
        // MHD listens again only in the run after the one in which a place became free: nothing else would wake it for that.
        do {
            closed_one_ = false;
            MHD_run(mhd_);
        } while (closed_one_);
    }
}

MHD_Result HttpServer::Daemon::accept_policy(void *self, const sockaddr *address, socklen_t size)
{
    auto &daemon = *static_cast<Daemon *>(self);
    if (daemon.connections_.has_room_for(client_key(address, size)))
        return MHD_YES;
    ++daemon.too_many_from_address_;
    return MHD_NO;
}

void HttpServer::Daemon::connection_changed(void *self, MHD_Connection *connection, void **,
                                            MHD_ConnectionNotificationCode change)
{
    auto &daemon = *static_cast<Daemon *>(self);
    const int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (change == MHD_CONNECTION_NOTIFY_CLOSED) {
        daemon.connections_.closed(fd);
        daemon.closed_one_ = true;
        return;
    }
    const sockaddr *const address = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    const socklen_t size = address->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    daemon.connections_.opened(fd, client_key(address, size), std::chrono::steady_clock::now());
}

MHD_Result HttpServer::Daemon::handle(void *self, MHD_Connection *connection, const char *url, const char *method, const char *,
                                      const char *,
                                      std::size_t *upload_size, // NOLINT(readability-non-const-parameter): MHD's type
                                      void **request_context)
{
    auto &daemon = *static_cast<Daemon *>(self);
    static int seen;
    // The first call comes with the headers: time to refuse a body, before it is sent. The second comes with the whole request.
    const bool first = *request_context == nullptr;
    *request_context = &seen;
    try {
        if (first) {
            if (auto refused = daemon.refusal(connection, method))
                return daemon.send(connection, std::move(*refused));
            return MHD_YES;
        }
        if (*upload_size != 0)
            return MHD_NO;
        return daemon.send(connection, daemon.answer(connection, url, method));
    } catch (const std::exception &) { // out of memory: this is C's call stack
        return MHD_NO;
    }
}

std::optional<Response> HttpServer::Daemon::refusal(MHD_Connection *connection, const char *method) const
{
    if (std::strcmp(method, MHD_HTTP_METHOD_GET) != 0 && std::strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        Response response = text_response(MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD: nothing here can be changed.");
        response.headers.emplace_back("Allow", "GET, HEAD");
        return response;
    }
    const std::string length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if ((!length.empty() && length != "0") || !header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING).empty())
        return text_response(MHD_HTTP_CONTENT_TOO_LARGE, "A request here has no body.");
    // A page from elsewhere can have its own name lead to 127.0.0.1 and then read what this answers: the browser takes both for
    // one site. It then sends that name.
    if (only_local_names_ && !is_local_name(header(connection, MHD_HTTP_HEADER_HOST)))
        return text_response(MHD_HTTP_MISDIRECTED_REQUEST,
                             "Ask for localhost or for an address: this listens on the loopback only.");
    return std::nullopt;
}

std::optional<Response> HttpServer::Daemon::password_refusal(MHD_Connection *connection)
{
    if (!passwords_)
        return std::nullopt;
    char *password = nullptr;
    char *const user = MHD_basic_auth_get_username_password(connection, &password);
    PasswordVerdict verdict = PasswordVerdict::wrong;
    if (user != nullptr && password != nullptr)
        verdict = passwords_->check(user, password);
    if (password != nullptr)
        ::explicit_bzero(password, std::strlen(password));
    MHD_free(password);
    MHD_free(user);
    if (verdict == PasswordVerdict::right)
        return std::nullopt;
    if (verdict == PasswordVerdict::too_many_guesses) {
        Response response = text_response(MHD_HTTP_TOO_MANY_REQUESTS, "Too many wrong passwords.");
        response.headers.emplace_back("Retry-After", "1");
        return response;
    }
    Response response = text_response(MHD_HTTP_UNAUTHORIZED, "A user and a password are needed.");
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"oomtrace\", charset=\"UTF-8\"");
    return response;
}

Response HttpServer::Daemon::answer(MHD_Connection *connection, const char *url, const char *)
{
    Request request;
    request.path = url;
    const auto route =
        std::find_if(routes_.begin(), routes_.end(), [&](const Route &candidate) { return applies(candidate, request.path); });
    if (route == routes_.end() || !route->open) {
        if (auto refused = password_refusal(connection))
            return *refused;
    }
    if (route == routes_.end())
        return text_response(MHD_HTTP_NOT_FOUND, "There is nothing here.");
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, &add_argument, &request);
    request.accept = header(connection, MHD_HTTP_HEADER_ACCEPT);
    try {
        return route->handler(request);
    } catch (const std::exception &) {
        return text_response(MHD_HTTP_INTERNAL_SERVER_ERROR, "This failed; the agent goes on.");
    }
}

// MHD itself leaves the body out for HEAD.
MHD_Result HttpServer::Daemon::send(MHD_Connection *connection, Response response)
{
    auto body = std::make_unique<std::string>(std::move(response.body));
    char *const data = body->data();
    const std::size_t size = body->size();
    MHD_Response *const made = MHD_create_response_from_buffer_with_free_callback_cls(size, data, &free_body, body.get());
    if (made == nullptr)
        return MHD_NO;
    [[maybe_unused]] const std::string *const freed_by_mhd = body.release();
    for (const auto &[name, value] : common_headers)
        MHD_add_response_header(made, name, value);
    MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type.c_str());
    for (const auto &[name, value] : response.headers)
        MHD_add_response_header(made, name.c_str(), value.c_str());
    const MHD_Result result = MHD_queue_response(connection, static_cast<unsigned>(response.status), made);
    MHD_destroy_response(made);
    if (result == MHD_YES)
        ++answered_.at(std::min<std::size_t>(static_cast<std::size_t>(response.status), statuses - 1));
    return result;
}

HttpStatistics HttpServer::Daemon::statistics() const
{
    HttpStatistics statistics;
    for (std::size_t status = 0; status < statuses; ++status) {
        if (const std::uint64_t count = answered_[status]; count != 0)
            statistics.requests.emplace_back(static_cast<int>(status), count);
    }
    statistics.too_many_from_address = too_many_from_address_;
    statistics.too_slow = too_slow_;
    return statistics;
}

} // namespace oomtrace::http
