// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "decode/wire_bodies.h"
#include "decode/wire_text.h"

namespace oomtrace
{
namespace
{

std::optional<CompactPriority> priority_of(wire_u32 wire)
{
    switch (wire) {
    case WIRE_COMPACT_PRIO_SYNC_FULL:
        return CompactPriority::sync_full;
    case WIRE_COMPACT_PRIO_SYNC_LIGHT:
        return CompactPriority::sync_light;
    case WIRE_COMPACT_PRIO_ASYNC:
        return CompactPriority::async;
    default:
        return std::nullopt;
    }
}

std::optional<CompactResult> result_of(wire_u32 wire)
{
    // Index: enum wire_compact_result less 1.
    constexpr std::array results = {
        CompactResult::not_suitable_zone, CompactResult::skipped,     CompactResult::deferred,
        CompactResult::no_suitable_page,  CompactResult::to_continue, CompactResult::complete,
        CompactResult::partial_skipped,   CompactResult::contended,   CompactResult::success,
    };
    static_assert(results[WIRE_COMPACT_SUCCESS - 1] == CompactResult::success);
    return wire != WIRE_COMPACT_UNKNOWN && wire <= results.size() ? std::optional(results[wire - 1]) : std::nullopt;
}

Retries::Zone zone_of(const wire_retried_zone &wire)
{
    Retries::Zone zone;
    zone.node = wire.node;
    zone.index = wire.index;
    zone.name = text_of(wire.name);
    zone.reclaimable = wire.reclaimable;
    zone.available = wire.available;
    zone.min_wmark = wire.min_wmark;
    zone.wmark_check = wire.wmark_check != 0;
    return zone;
}

Retries::Reclaim reclaim_of(const wire_retries &wire)
{
    Retries::Reclaim reclaim;
    reclaim.rounds = wire.reclaim_rounds;
    reclaim.first_ns = wire.reclaim_first_ns;
    reclaim.last_ns = wire.reclaim_last_ns;
    reclaim.order = wire.reclaim_order;
    reclaim.no_progress_loops = wire.no_progress_loops;
    std::transform(wire.zone, wire.zone + wire.nr_zones, std::back_inserter(reclaim.zones), zone_of);
    reclaim.zones_beyond = wire.zones_beyond;
    return reclaim;
}

Retries::Compaction compaction_of(const wire_retries &wire)
{
    Retries::Compaction compaction;
    compaction.checks = wire.compact_checks;
    compaction.first_ns = wire.compact_first_ns;
    compaction.last_ns = wire.compact_last_ns;
    compaction.order = wire.compact_order;
    compaction.priority = priority_of(wire.compact_priority);
    compaction.result = result_of(wire.compact_result);
    compaction.retries = wire.compact_retries;
    compaction.max_retries = wire.compact_max_retries;
    compaction.again = wire.compact_again != 0;
    return compaction;
}

} // namespace

BodyResult body_of(const wire_retries &wire)
{
    if (wire.nr_zones > WIRE_MAX_RETRIED_ZONES) {
        return tl::unexpected<BadField>(BadField{"nr_zones"});
    }
    Retries retries;
    if ((wire.watched & WIRE_RETRIES_RECLAIM) != 0) {
        retries.reclaim = reclaim_of(wire);
    }
    if ((wire.watched & WIRE_RETRIES_COMPACTION) != 0) {
        retries.compaction = compaction_of(wire);
    }
    return retries;
}

} // namespace oomtrace
