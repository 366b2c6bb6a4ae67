// SPDX-License-Identifier: Apache-2.0
//
// wall_clock.h: the dates that logs begin their lines with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace oomtrace::kernel_log
{

struct WallClock {
    std::size_t length = 0;                  // of the date at the start of the text
    std::optional<std::int64_t> realtime_ns; // where it has a year and a zone
    bool iso_comma = false;                  // dmesg --time-format iso: "2026-11-25T02:22:36,123456+00:00"
};

// "Nov 25 02:22:36", "Nov  5 02:22:36.123456", "2026-11-25T02:22:36+0000", "2026-11-25 02:22:36 UTC", "Wed 2026-11-25 02:22:36
// UTC", "1764037356.123456".
std::optional<WallClock> take_wall_clock(std::string_view text);

// What stands in the brackets of dmesg -T ("Wed Nov 25 02:22:36 2026") or -e ("Nov25 02:22").
bool is_bracketed_date(std::string_view text);

} // namespace oomtrace::kernel_log
