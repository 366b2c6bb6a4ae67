// SPDX-License-Identifier: Apache-2.0
//
// connection_table.h: who is connected, since when. For the server's thread alone.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <sys/socket.h>

namespace oomtrace::http
{

using TimePoint = std::chrono::steady_clock::time_point;

// Whom connections are counted for: an IPv4 address, or the network of 64 bits that one host has for itself in IPv6.
using ClientKey = std::array<std::uint8_t, 8>;
ClientKey client_key(const sockaddr *address, socklen_t size);

class ConnectionTable
{
  public:
    ConnectionTable(std::size_t per_client, std::chrono::milliseconds time) : per_client_(per_client), time_(time) {}

    [[nodiscard]] bool has_room_for(const ClientKey &client) const;
    void opened(int fd, const ClientKey &client, TimePoint now);
    void closed(int fd);

    // Shuts the sockets whose time is up, for reading and writing, so that their owner finds them at their end. How many.
    std::size_t shut_overdue(TimePoint now);
    // When that is next to be done; empty: nobody is connected.
    [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  private:
    struct Connection {
        int fd = -1;
        ClientKey client{};
        TimePoint deadline;
        bool shut = false;
    };
    std::size_t per_client_;
    std::chrono::milliseconds time_;
    std::vector<Connection> connections_; // in the order of their deadlines
};

} // namespace oomtrace::http
