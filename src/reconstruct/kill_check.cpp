// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/kill_check.h"

#include <algorithm>

#include "oomtrace/wire_record.h"
#include "reconstruct/system_items.h"

namespace oomtrace
{
namespace
{

// How much a counter grew; absent: it was not read both times, or is not the same counter.
std::optional<std::uint64_t> growth(const Episode &episode, std::uint32_t item)
{
    const auto before = system_item(episode.system_before, item), now = system_item(episode.system, item);
    if (!before || !now || *now < *before) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(*now) - static_cast<std::uint64_t>(*before);
}

void check_system(const Episode &episode, KillCheck &check)
{
    if (!episode.system) {
        check.system_note = "the collector's record did not come";
    } else if (!system_item(episode.system, WIRE_SYS_VMSTAT_OOM_KILL)) {
        check.system_note = "/proc/vmstat could not be read";
    } else if (!system_item(episode.system, WIRE_SYS_KILLS_SEEN)) {
        check.system_note = "the signals are not watched";
    } else if (!episode.system_before) {
        check.system_note = "there is no earlier reading to count from";
    } else {
        const auto counted = growth(episode, WIRE_SYS_VMSTAT_OOM_KILL), seen = growth(episode, WIRE_SYS_KILLS_SEEN);
        if (counted && seen) {
            check.system = KillCheck::System{*counted, *seen};
        } else {
            check.system_note = "the earlier reading is not of the same run";
        }
    }
}

void check_memcg(const Episode &episode, const MemcgTree &memcgs, KillCheck &check)
{
    if (!episode.kill_counts) {
        if (is_recomputed(episode)) {
            check.memcg_note = "no tracepoint tells when out_of_memory() returns";
        } else if (!episode.choice) {
            check.memcg_note = "nobody was chosen";
        } else {
            check.memcg_note = "no record of the counts came";
        }
        return;
    }
    const KillCounts &counts = *episode.kill_counts;
    if (counts.oom_kill_after < counts.oom_kill_before) {
        check.memcg_note = "the counts make no sense";
        return;
    }
    KillCheck::Memcg memcg;
    memcg.path = memcgs.path(counts.memcg_id).value_or("");
    memcg.counted = counts.oom_kill_after - counts.oom_kill_before;
    memcg.seen = counts.kills_seen;
    if (counts.group_kill && counts.group_kill->after >= counts.group_kill->before) {
        memcg.group_kills = counts.group_kill->after - counts.group_kill->before;
    }
    check.memcg = std::move(memcg);
}

} // namespace

KillCheck check_kills(const Episode &episode, const std::vector<KilledProcess> &kills, const MemcgTree &memcgs)
{
    KillCheck check;
    const auto counted = [](const KilledProcess &kill) {
        return kill.signalled && (kill.marked || kill.why != KillWhy::shares_mm);
    };
    check.listed = static_cast<std::uint64_t>(std::ranges::count_if(kills, counted));
    const auto of_group = [](const KilledProcess &kill) { return kill.why == KillWhy::oom_group; };
    check.twice_at_most = std::ranges::any_of(kills, of_group) ? 1 : 0;
    check_system(episode, check);
    check_memcg(episode, memcgs, check);
    return check;
}

} // namespace oomtrace
