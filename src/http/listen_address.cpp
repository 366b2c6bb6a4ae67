// SPDX-License-Identifier: Apache-2.0
#include "http/listen_address.h"

#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

namespace oomtrace::http
{

namespace
{

constexpr int backlog = 64;
constexpr const char *address_hint =
    "give HOST:PORT with a number for each: 127.0.0.1:19637, [::1]:19637, or :19637 for every address";

template <typename Address>
ListenAddress with(const Address &address)
{
    ListenAddress result;
    std::memcpy(&result.address, &address, sizeof(address));
    result.size = sizeof(address);
    return result;
}

template <typename Address>
Address as(const ListenAddress &address)
{
    Address result{};
    std::memcpy(&result, &address.address, sizeof(result));
    return result;
}

ListenAddress any_address(std::uint16_t port)
{
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_any;
    return with(address);
}

Result<std::uint16_t> parse_port(std::string_view text, const std::string &attempted)
{
    std::uint16_t port = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size())
        return fail(attempted, "the port is not a number from 0 to 65535", address_hint);
    return port;
}

} // namespace

bool ListenAddress::loopback() const
{
    constexpr std::uint32_t loopback_net = 127;
    if (address.ss_family == AF_INET)
        return ntohl(as<sockaddr_in>(*this).sin_addr.s_addr) >> 24 == loopback_net;
    const auto ipv6 = as<sockaddr_in6>(*this);
    return IN6_IS_ADDR_LOOPBACK(&ipv6.sin6_addr) ||
           (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr) && ipv6.sin6_addr.s6_addr[12] == loopback_net);
}

std::uint16_t ListenAddress::port() const
{
    return ntohs(address.ss_family == AF_INET ? as<sockaddr_in>(*this).sin_port : as<sockaddr_in6>(*this).sin6_port);
}

std::string ListenAddress::text() const
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address.ss_family == AF_INET) {
        const auto ipv4 = as<sockaddr_in>(*this);
        ::inet_ntop(AF_INET, &ipv4.sin_addr, host, sizeof(host));
        return fmt::format("{}:{}", host, port());
    }
    const auto ipv6 = as<sockaddr_in6>(*this);
    ::inet_ntop(AF_INET6, &ipv6.sin6_addr, host, sizeof(host));
    return fmt::format("[{}]:{}", host, port());
}

Result<ListenAddress> parse_listen_address(std::string_view text)
{
    const std::string attempted = fmt::format("listen for HTTP at '{}'", text);
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return fail(attempted, "there is no port", address_hint);
    const auto port = parse_port(text.substr(colon + 1), attempted);
    if (!port)
        return tl::unexpected(port.error());
    std::string host(text.substr(0, colon));
    if (host.empty())
        return any_address(*port);
    if (host == "localhost")
        host = "127.0.0.1";
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(*port);
    if (::inet_pton(AF_INET, host.c_str(), &ipv4.sin_addr) == 1)
        return with(ipv4);
    sockaddr_in6 ipv6{};
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(*port);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed && ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &ipv6.sin6_addr) == 1)
        return with(ipv6);
    return fail(attempted, "the host is not an address", address_hint);
}

Result<UniqueFd> listen_at(const ListenAddress &address)
{
    const std::string attempted = "listen for HTTP at " + address.text();
    UniqueFd fd(::socket(address.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const bool without_ipv6 = fd.get() < 0 && errno == EAFNOSUPPORT && address.address.ss_family == AF_INET6;
    if (without_ipv6 && IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6 *>(&address.address)->sin6_addr)) {
        sockaddr_in ipv4{};
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(address.port());
        return listen_at(with(ipv4));
    }
    if (fd.get() < 0)
        return fail_errno(attempted, errno);
    const int on = 1;
    const int off = 0;
    // Or a restart would have to wait for the last connections of the run before.
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address.address.ss_family == AF_INET6)
        ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (::bind(fd.get(), reinterpret_cast<const sockaddr *>(&address.address), address.size) != 0)
        return fail_errno(attempted, errno,
                          errno == EADDRINUSE ? "another process listens there: 'ss -ltnp' shows which; or take another port"
                                              : "");
    if (::listen(fd.get(), backlog) != 0)
        return fail_errno(attempted, errno);
    return fd;
}

Result<ListenAddress> address_of(int socket)
{
    ListenAddress address;
    address.size = sizeof(address.address);
    if (::getsockname(socket, reinterpret_cast<sockaddr *>(&address.address), &address.size) != 0)
        return fail_errno("read the address of the HTTP socket", errno);
    return address;
}

} // namespace oomtrace::http
