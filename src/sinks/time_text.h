// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "oomtrace/incident.h"

namespace oomtrace
{

enum class TimeDigits : std::uint8_t { milliseconds, nanoseconds };

// RFC 3339 in UTC: "2026-03-01T03:12:45.123456789Z". The year may be before 1970. Digits that are cut off are not rounded, so
// that a time never reads as later than it was.
std::string rfc3339_utc(std::int64_t realtime_ns, TimeDigits digits);

// Wall clock time of the invocation; empty where the host record, which carries the clocks' offset, is missing.
std::optional<std::int64_t> known_realtime_ns(const Incident &incident);

} // namespace oomtrace
