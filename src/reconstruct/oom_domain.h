// SPDX-License-Identifier: Apache-2.0
//
// oom_domain.h: what an OOM was about: the whole host or one cgroup, under which constraint, out of how many pages. Taken from
// the kernel's oom_control where it was seen, else worked out by the rules of constrained_alloc() and mem_cgroup_get_max().
#pragma once

#include <cstdint>
#include <optional>

#include "oomtrace/incident.h"
#include "reconstruct/episode.h"
#include "reconstruct/memcg_tree.h"
#include "reconstruct/page_units.h"

namespace oomtrace
{

struct OomDomain {
    Scope scope = Scope::unknown;
    std::optional<std::uint64_t> memcg_id; // of the cgroup whose limit fired; 0: none, a global OOM; absent: not known
    std::optional<Constraint> constraint;
    std::optional<std::uint64_t> total_pages;
    Provenance constraint_source; // also of scope and total_pages
    Provenance memcg_source;
};

OomDomain work_out_domain(const Episode &episode, const MemcgTree &memcgs, const PageUnits &units);

// mem_cgroup_get_max(): memory and swap that the cgroup's own limits allow. Absent: swap or swappiness of the host is not known
// and matters.
std::optional<std::uint64_t> memcg_total_pages(const MemcgState &memcg, const std::optional<SystemState> &system,
                                               const PageUnits &units);

} // namespace oomtrace
