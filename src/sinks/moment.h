// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace oomtrace
{

// A moment as a person writes it, in nanoseconds since 1970-01-01 UTC: RFC 3339 ("2026-03-01T03:12:45.5+01:00"), also with a
// space for the "T", without the seconds, the time or the zone (then UTC); or how long before `now_ns`: "90s", "15m", "2h",
// "3d", "1w", "2h ago"; or, as programs write it, seconds since the epoch, "1772334765.25", of nine digits at least, so that a
// year is none. Empty: none of these.
std::optional<std::int64_t> parse_moment(std::string_view text, std::int64_t now_ns);

} // namespace oomtrace
