// SPDX-License-Identifier: Apache-2.0
//
// kill_list.h: every process that the OOM killed, one entry per process, with what became of it.
#pragma once

#include <vector>

#include "badness/badness.h"
#include "oomtrace/incident.h"
#include "reconstruct/episode.h"
#include "reconstruct/memcg_tree.h"
#include "reconstruct/page_units.h"

namespace oomtrace
{

std::vector<KilledProcess> build_kills(const Episode &episode, RssReading reading, const MemcgTree &memcgs,
                                       const PageUnits &units);

// Sums and durations. `fired_memcg` is the id of the cgroup whose limit fired; 0 or absent: none. `victim_tgid` is 0 where
// nobody was chosen.
Aftermath build_aftermath(const Episode &episode, const std::vector<KilledProcess> &kills, std::uint32_t victim_tgid,
                          std::optional<std::uint64_t> fired_memcg, std::uint64_t invocation_ns, const PageUnits &units);

} // namespace oomtrace
