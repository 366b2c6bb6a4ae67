// SPDX-License-Identifier: Apache-2.0
#include "host/own_process.h"

#include <array>
#include <ctime>
#include <optional>
#include <string_view>
#include <system_error>

#include <unistd.h>

#include "host/proc_file.h"

namespace oomtrace
{

namespace
{

// Field `number` of /proc/PID/stat as proc(5) counts them; those before the third, which may hold blanks, cannot be asked for.
std::optional<std::uint64_t> stat_field(std::string_view stat, int number)
{
    const auto after_comm = stat.rfind(')');
    if (after_comm == std::string_view::npos)
        return std::nullopt;
    std::string_view rest = stat.substr(after_comm + 1);
    for (int field = 3; field <= number; ++field) {
        const auto blank = rest.find(' ');
        if (blank == std::string_view::npos)
            return std::nullopt;
        rest.remove_prefix(blank + 1);
    }
    return parse_unsigned(rest);
}

double seconds_of(clockid_t clock)
{
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

constexpr std::string_view own_stat = "/proc/self/stat";
using StatBuffer = std::array<char, 1024>;

} // namespace

double own_start_time_seconds(const std::filesystem::path &root)
{
    constexpr int starttime = 22; // clock ticks of CLOCK_BOOTTIME
    StatBuffer buffer{};
    const auto stat = read_file(under_root(root, own_stat), buffer);
    const auto ticks = stat ? stat_field(*stat, starttime) : std::nullopt;
    if (!ticks)
        return 0;
    return seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME) +
           static_cast<double>(*ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

OwnProcess read_own_process(const std::filesystem::path &root)
{
    OwnProcess process;
    StatBuffer buffer{};
    if (const auto stat = read_file(under_root(root, own_stat), buffer)) {
        constexpr int utime = 14;
        constexpr int stime = 15;
        constexpr int rss = 24; // pages
        const auto ticks = static_cast<double>(stat_field(*stat, utime).value_or(0) + stat_field(*stat, stime).value_or(0));
        process.cpu_seconds = ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
        process.resident_bytes = stat_field(*stat, rss).value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    }
    std::error_code error;
    std::filesystem::directory_iterator entry(under_root(root, "/proc/self/fd"), error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
        ++process.open_fds;
    if (process.open_fds > 0 && root == "/")
        --process.open_fds; // the one that reads the directory
    return process;
}

} // namespace oomtrace
