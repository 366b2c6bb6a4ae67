// SPDX-License-Identifier: Apache-2.0
//
// compare_incidents.h: our own record of an OOM against the kernel's report of it, value by value.
//
// Compared exactly: victim, trigger, allocation, constraint, the cgroups' paths and limits, what does not move of every zone,
// and who was weighed. The tracer and the kernel read at two moments: sizes that a running process may change in between count
// as `moved` within may_move_bytes(), and as a mismatch beyond. What is all movement is not compared: free pages and blocks,
// usage and failcnt of a cgroup, the counters of nodes and zones.
#pragma once

#include <cstddef>
#include <cstdint>

#include "oomtrace/incident.h"

namespace oomtrace::kernel_log
{

// A huge page that is faulted in is 2 MiB; kernels until 6.1 let a thread keep 64 changes of its rss to itself, each of up to
// 16 pages.
inline constexpr std::uint64_t always_may_move_bytes = 4ULL << 20;
inline constexpr std::uint64_t may_move_percent = 2;

// How far the two readings of a size may be apart.
std::uint64_t may_move_bytes(std::uint64_t ours, std::uint64_t kernel);

// Tasks exit and fork between the scan and the table: so many of a table of this size may be on one side only. None in a small
// one.
std::size_t may_come_and_go(std::size_t rows);

inline constexpr std::size_t most_mismatches = 64; // kept; the note counts the others

// `kernel` was read from the report of the same OOM (log_reader.h). What either side does not have is not compared.
KernelLogCheck compare(const Incident &ours, const Incident &kernel);

} // namespace oomtrace::kernel_log
