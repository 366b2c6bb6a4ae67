// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "host/unique_fd.h"
#include "oomtrace/result.h"

namespace oomtrace::http
{

// Outside of 9100 to 9999: all of that range is allotted to other exporters.
inline constexpr std::uint16_t default_port = 19637;

// Where to listen. Numbers only: a name would have to be looked up, and could come to mean something else.
struct ListenAddress {
    sockaddr_storage address{};
    socklen_t size = 0;

    [[nodiscard]] bool loopback() const;
    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string text() const; // "127.0.0.1:19637", "[::1]:19637"
};

// "127.0.0.1:19637", "[::1]:19637", "localhost:19637" (127.0.0.1), ":19637" (every address of the host, IPv6 and IPv4).
Result<ListenAddress> parse_listen_address(std::string_view text);

// A socket that listens there, not blocking. Port 0: any that is free.
Result<UniqueFd> listen_at(const ListenAddress &address);

// Where a socket really listens.
Result<ListenAddress> address_of(int socket);

} // namespace oomtrace::http
