// SPDX-License-Identifier: Apache-2.0
#include "http/connection_table.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

namespace oomtrace::http
{

ClientKey client_key(const sockaddr *address, socklen_t size)
{
    ClientKey key{};
    if (address != nullptr && address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, address, sizeof(ipv4));
        std::memcpy(key.data(), &ipv4.sin_addr, sizeof(ipv4.sin_addr));
    } else if (address != nullptr && address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, address, sizeof(ipv6));
        if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr))
            std::memcpy(key.data(), &ipv6.sin6_addr.s6_addr[12], 4);
        else
            std::memcpy(key.data(), &ipv6.sin6_addr, key.size());
    }
    return key;
}

bool ConnectionTable::has_room_for(const ClientKey &client) const
{
    const auto count = std::count_if(connections_.begin(), connections_.end(),
                                     [&](const Connection &connection) { return connection.client == client; });
    return static_cast<std::size_t>(count) < per_client_;
}

void ConnectionTable::opened(int fd, const ClientKey &client, TimePoint now)
{
    connections_.push_back({fd, client, now + time_});
}

void ConnectionTable::closed(int fd)
{
    std::erase_if(connections_, [fd](const Connection &connection) { return connection.fd == fd; });
}

std::size_t ConnectionTable::shut_overdue(TimePoint now)
{
    std::size_t count = 0;
    for (Connection &connection : connections_) {
        if (connection.shut || connection.deadline > now)
            continue;
        ::shutdown(connection.fd, SHUT_RDWR);
        connection.shut = true;
        ++count;
    }
    return count;
}

std::optional<TimePoint> ConnectionTable::next_deadline() const
{
    const auto next = std::find_if(connections_.begin(), connections_.end(), [](const Connection &c) { return !c.shut; });
    return next == connections_.end() ? std::nullopt : std::optional(next->deadline);
}

} // namespace oomtrace::http
