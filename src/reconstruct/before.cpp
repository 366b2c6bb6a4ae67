// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/before.h"

namespace oomtrace
{
namespace
{

std::uint64_t until(std::uint64_t invocation_ns, std::uint64_t first_ns)
{
    return invocation_ns > first_ns ? invocation_ns - first_ns : 0;
}

ReclaimRetries reclaim_of(const Retries::Reclaim &seen, std::uint64_t invocation_ns, const PageUnits &units)
{
    ReclaimRetries reclaim;
    reclaim.rounds = seen.rounds;
    if (seen.rounds == 0) {
        return reclaim;
    }
    reclaim.duration_ns = until(invocation_ns, seen.first_ns);
    reclaim.order = seen.order;
    reclaim.no_progress_loops = seen.no_progress_loops;
    for (const Retries::Zone &zone : seen.zones) {
        reclaim.zones.push_back({zone.node, zone.index, zone.name, units.bytes(zone.reclaimable), units.bytes(zone.available),
                                 units.bytes(zone.min_wmark), zone.wmark_check});
    }
    reclaim.zones_left_out = seen.zones_beyond;
    return reclaim;
}

CompactionRetries compaction_of(const Retries::Compaction &seen, std::uint64_t invocation_ns)
{
    CompactionRetries compaction;
    compaction.checks = seen.checks;
    if (seen.checks == 0) {
        return compaction;
    }
    compaction.duration_ns = until(invocation_ns, seen.first_ns);
    compaction.order = seen.order;
    compaction.priority = seen.priority;
    compaction.result = seen.result;
    compaction.retries = seen.retries;
    compaction.max_retries = seen.max_retries;
    compaction.again = seen.again;
    return compaction;
}

} // namespace

Before build_before(const Episode &episode, std::uint64_t invocation_ns, const PageUnits &units)
{
    Before before;
    if (episode.retries && episode.retries->reclaim) {
        before.reclaim = reclaim_of(*episode.retries->reclaim, invocation_ns, units);
    }
    if (episode.retries && episode.retries->compaction) {
        before.compaction = compaction_of(*episode.retries->compaction, invocation_ns);
    }
    return before;
}

Provenance before_provenance(const Episode &episode)
{
    if (!episode.retries) {
        return {Source::absent, "no record of the retries came"};
    }
    const bool reclaim = episode.retries->reclaim.has_value(), compaction = episode.retries->compaction.has_value();
    if (!reclaim && !compaction) {
        return {Source::absent, "oom:reclaim_retry_zone and oom:compact_retry could not be watched"};
    }
    if (!reclaim) {
        return {Source::observed, "oom:reclaim_retry_zone could not be watched"};
    }
    if (!compaction) {
        return {Source::observed, "oom:compact_retry could not be watched"};
    }
    return {Source::observed, ""};
}

} // namespace oomtrace
