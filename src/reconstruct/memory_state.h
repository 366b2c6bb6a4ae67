// SPDX-License-Identifier: Apache-2.0
//
// memory_state.h: the memory of the host at the moment of the OOM: nodes, zones and what user space read of swap and sysctls;
// and the cgroups above a task, with their limits.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "oomtrace/incident.h"
#include "reconstruct/memcg_tree.h"
#include "reconstruct/page_units.h"

namespace oomtrace
{

// A zone whose node's record was lost stands under a node of which nothing else is known.
std::vector<Node> build_nodes(std::span<const NodeState> nodes, std::span<const ZoneState> zones, const PageUnits &units);

// What the hooks read at the OOM; else what user space read after it, when the victim may have given its swap back.
Swap build_swap(const std::optional<SwapCounts> &observed, const std::optional<SystemState> &system, const PageUnits &units);
Hugetlb build_hugetlb(const std::optional<SystemState> &system);
Sysctls build_sysctls(const std::optional<SystemState> &system);

struct MemcgPlaces {
    std::optional<std::uint64_t> fired; // 0 or absent: none
    std::uint64_t victim = 0;           // 0: nobody was chosen
    std::uint64_t trigger = 0;
};

MemcgLimit build_memcg_limit(const MemcgPlaces &places, const MemcgTree &memcgs, const PageUnits &units);

} // namespace oomtrace
