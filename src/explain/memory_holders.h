// SPDX-License-Identifier: Apache-2.0
//
// memory_holders.h: what fills the memory that is short, the biggest part first.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

struct Holders {
    std::vector<Held> held;
    std::optional<std::uint64_t> of_bytes; // the whole
};

// Of the nodes that the request could go to, by the counters that the kernel keeps of them.
Holders holders_of_nodes(const Incident &incident);

// A cgroup's memory.stat, by the kernel's names.
using StatBytes = NamedValues;

// Of the cgroup whose limit fired: by `stat_bytes` where that is not empty, else only what its counters tell apart.
Holders holders_of_memcg(const MemcgLimit &memcg, const StatBytes &stat_bytes);

// `usage_bytes` of the cgroup minus everything that the processes in it have mapped, each address space once. Counters of rss
// may lag on each CPU, and what processes share after a fork counts for each of them, so that this is rather too little.
// Absent: not every process was seen, or nothing worth speaking of is left.
std::optional<std::uint64_t> not_in_processes(const Incident &incident, std::uint64_t usage_bytes);

// Bytes of `name` over the nodes that the request could go to; absent: at least one of them does not have the counter.
std::optional<std::uint64_t> node_total(const Incident &incident, const char *name);

} // namespace oomtrace
