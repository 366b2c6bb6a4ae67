// SPDX-License-Identifier: Apache-2.0
// monotonic_clock.h: CLOCK_MONOTONIC in nanoseconds, the time of every record: bpf_ktime_get_ns() reads the same clock.
#pragma once

#include <cstdint>
#include <ctime>

namespace oomtrace
{

inline std::uint64_t monotonic_now_ns()
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

} // namespace oomtrace
