// SPDX-License-Identifier: Apache-2.0
//
// zone_watermark.h: could this zone have given this request a page? Mirrors __zone_watermark_ok() and
// __zone_watermark_unusable_free() (mm/page_alloc.c) against the min watermark, which an allocation has to miss before
// __alloc_pages_slowpath() resorts to the OOM killer. (__alloc_pages_may_oom() then looks once more, against the high
// watermark, but only to notice that someone else has freed memory.)
//
// Kernels before 4.4 asked for a falling number of free pages at each order instead of for one block; their reports do not name
// the migrate types of free blocks, and are judged that way.
//
// What is left out, because a report does not tell: ALLOC_HARDER of real-time tasks up to 6.3 (min - min/4) and the reserves of
// tasks that are OOM victims themselves.
#pragma once

#include <cstdint>
#include <optional>

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

struct PageRequest {
    std::uint32_t order = 0;
    std::optional<std::uint32_t> highest_zone; // zone type; absent: not known
    bool high_priority = false;                // __GFP_HIGH: may use half of what min keeps, and the highatomic pages
    std::optional<bool> may_use_cma;           // __GFP_MOVABLE; absent: the gfp mask is not known
    bool counted_per_order = false;            // the check of kernels before 4.4
    std::uint64_t page_size = 0;               // bytes
};

// `incident`'s request, as far as it is known.
PageRequest page_request(const Incident &incident);

// Zone type of the zone that `name` stands for among those of `nodes`: a type that this kernel does not have is the one that
// the gfp mask falls back on. Absent: cannot be told.
std::optional<std::uint32_t> zone_type(const std::vector<Node> &nodes, std::string_view name);

// What the zone has to give away: its managed memory, or what is present where a report does not tell the one.
std::uint64_t zone_size(const Zone &zone);

// `node_allowed`: whether the request may go to the zone's node.
ZoneVerdict judge_zone(const Zone &zone, std::uint32_t node, bool node_allowed, const PageRequest &request);

} // namespace oomtrace
