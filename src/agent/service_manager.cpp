// SPDX-License-Identifier: Apache-2.0
#include "agent/service_manager.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/unique_fd.h"

namespace oomtrace
{

namespace
{

// Nobody is told of a failure: the one who would be is the one who did not listen. MSG_DONTWAIT: nor is it waited for.
void notify(const std::string &state)
{
    const char *const path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    if (path == nullptr || (path[0] != '/' && path[0] != '@') || std::strlen(path) >= sizeof address.sun_path)
        return;
    address.sun_family = AF_UNIX;
    const std::size_t length = std::strlen(path);
    std::memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket)
        return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
    (void)::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                   reinterpret_cast<const sockaddr *>(&address), size);
}

std::optional<std::uint64_t> number_from_environment(const char *name)
{
    const char *const text = std::getenv(name);
    if (text == nullptr)
        return std::nullopt;
    const std::string_view digits(text);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size())
        return std::nullopt;
    return number;
}

} // namespace

void notify_ready(const std::string &status)
{
    notify("READY=1\nSTATUS=" + status);
}

void notify_reloading()
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto microseconds =
        static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
    notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void notify_stopping()
{
    notify("STOPPING=1");
}

void notify_alive()
{
    notify("WATCHDOG=1");
}

std::optional<std::chrono::microseconds> watchdog_interval()
{
    const auto microseconds = number_from_environment("WATCHDOG_USEC");
    const auto pid = number_from_environment("WATCHDOG_PID");
    if (microseconds.value_or(0) == 0 || (pid && *pid != static_cast<std::uint64_t>(::getpid())))
        return std::nullopt;
    return std::chrono::microseconds(*microseconds / 2);
}

} // namespace oomtrace
