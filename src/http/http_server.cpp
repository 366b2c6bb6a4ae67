// SPDX-License-Identifier: Apache-2.0
#include "http/http_server.h"

#include <cerrno>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "http/daemon.h"

namespace oomtrace::http
{

namespace
{

Result<std::string> read_pem(const std::filesystem::path &path, const char *what)
{
    const std::string attempted = fmt::format("read the {} for HTTPS from {}", what, path.string());
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return fail_errno(attempted, errno);
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (text.find("-----BEGIN ") == std::string::npos)
        return fail(attempted, "it is not PEM");
    return text;
}

std::vector<std::string> warnings_of(const HttpServerOptions &options)
{
    std::vector<std::string> warnings;
    if (options.listen.loopback())
        return warnings;
    const bool tls = options.tls_certificate.has_value();
    const std::string where = options.listen.text();
    if (!tls && options.users)
        warnings.push_back(fmt::format(
            "HTTP at {} can be reached from elsewhere without TLS: passwords and incidents cross the network in clear", where));
    else if (!tls)
        warnings.push_back(
            fmt::format("HTTP at {} can be reached from elsewhere without TLS: incidents cross the network in clear", where));
    if (!options.users)
        warnings.push_back(
            fmt::format("HTTP at {} can be reached from elsewhere without a password: whoever gets there reads every "
                        "incident, with the names of processes and cgroups",
                        where));
    return warnings;
}

} // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions &options, Routes routes)
{
    if (options.tls_certificate.has_value() != options.tls_key.has_value())
        return fail("start the HTTP server", "TLS needs a certificate and a key, and only one of them is given");
    std::string certificate;
    std::string key;
    if (options.tls_certificate) {
        auto read = read_pem(*options.tls_certificate, "certificate");
        if (!read)
            return tl::unexpected(read.error());
        certificate = std::move(*read);
        read = read_pem(*options.tls_key, "key");
        if (!read)
            return tl::unexpected(read.error());
        key = std::move(*read);
    }
    std::optional<PasswordCheck> passwords;
    if (options.users) {
        auto read = PasswordCheck::read(*options.users);
        if (!read)
            return tl::unexpected(read.error());
        passwords = std::move(*read);
    }
    auto socket = listen_at(options.listen);
    if (!socket)
        return tl::unexpected(socket.error());
    const auto address = address_of(socket->get());
    if (!address)
        return tl::unexpected(address.error());
    auto daemon = std::make_unique<Daemon>(options, std::move(routes), std::move(passwords), options.listen.loopback());
    if (auto started = daemon->start(std::move(*socket), std::move(certificate), std::move(key)); !started)
        return tl::unexpected(started.error());
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(daemon), *address, warnings_of(options)));
}

HttpServer::HttpServer(std::unique_ptr<Daemon> daemon, ListenAddress address, std::vector<std::string> warnings)
    : daemon_(std::move(daemon)), address_(address), warnings_(std::move(warnings))
{
}

HttpServer::~HttpServer() = default;

HttpStatistics HttpServer::statistics() const
{
    return daemon_->statistics();
}

} // namespace oomtrace::http
