// SPDX-License-Identifier: Apache-2.0
#include "sinks/time_text.h"

#include <chrono>

#include <fmt/format.h>

namespace oomtrace
{

std::string rfc3339_utc(std::int64_t realtime_ns, TimeDigits digits)
{
    // Split by hand: the second, and the day, below the first nanosecond that fits has no count of nanoseconds itself.
    constexpr std::int64_t second_ns = 1'000'000'000;
    const std::int64_t fraction = (realtime_ns % second_ns + second_ns) % second_ns;
    const std::int64_t whole_seconds = realtime_ns / second_ns - (realtime_ns % second_ns < 0 ? 1 : 0);
    const std::chrono::sys_seconds time{std::chrono::seconds{whole_seconds}};
    const auto midnight = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{midnight};
    const std::chrono::hh_mm_ss clock{time - midnight};
    const std::string date_and_clock =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
    if (digits == TimeDigits::milliseconds)
        return fmt::format("{}.{:03}Z", date_and_clock, fraction / 1'000'000);
    return fmt::format("{}.{:09}Z", date_and_clock, fraction);
}

std::optional<std::int64_t> known_realtime_ns(const Incident &incident)
{
    if (incident.provenance.host.source == Source::absent || incident.realtime_ns == 0)
        return std::nullopt;
    return incident.realtime_ns;
}

} // namespace oomtrace
