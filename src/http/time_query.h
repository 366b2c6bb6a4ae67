// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace oomtrace::http
{

// A time as people and programs write it, in nanoseconds since the Unix epoch; nothing where it is none of these:
//   2026-03-01T03:12:45.5Z, 2026-03-01T04:12:45+01:00    RFC 3339
//   2026-03-01                                           its first moment, UTC
//   1772334765, 1772334765.5                             seconds since the Unix epoch
//   90s, 15m, 24h, 7d, 2w                                so long before `now_ns`
std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_ns);

} // namespace oomtrace::http
