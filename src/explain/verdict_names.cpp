// SPDX-License-Identifier: Apache-2.0
#include "oomtrace/verdict.h"

namespace oomtrace
{

// Switches without a default: an enumerator without a name does not compile (-Wswitch is an error). What follows each switch
// is for a value that no enumerator has.

std::string_view name_of(Shortage shortage)
{
    switch (shortage) {
    case Shortage::unknown:
        return "unknown";
    case Shortage::by_hand:
        return "by_hand";
    case Shortage::memcg_limit:
        return "memcg_limit";
    case Shortage::memcg_limit_zero:
        return "memcg_limit_zero";
    case Shortage::memcg_above_limit:
        return "memcg_above_limit";
    case Shortage::memcg_limit_lowered:
        return "memcg_limit_lowered";
    case Shortage::zones:
        return "zones";
    case Shortage::fragmentation:
        return "fragmentation";
    case Shortage::none_when_read:
        return "none_when_read";
    }
    return "unknown";
}

std::string_view name_of(LimitKind kind)
{
    switch (kind) {
    case LimitKind::memory:
        return "memory";
    case LimitKind::memory_and_swap:
        return "memory_and_swap";
    }
    return "unknown";
}

std::string_view name_of(ZoneReason reason)
{
    switch (reason) {
    case ZoneReason::unknown:
        return "unknown";
    case ZoneReason::above_highest_zone:
        return "above_highest_zone";
    case ZoneReason::node_not_allowed:
        return "node_not_allowed";
    case ZoneReason::empty:
        return "empty";
    case ZoneReason::below_min:
        return "below_min";
    case ZoneReason::lowmem_reserve:
        return "lowmem_reserve";
    case ZoneReason::unusable_free:
        return "unusable_free";
    case ZoneReason::no_block:
        return "no_block";
    case ZoneReason::enough:
        return "enough";
    }
    return "unknown";
}

std::string_view name_of(HighestZoneSource source)
{
    switch (source) {
    case HighestZoneSource::unknown:
        return "unknown";
    case HighestZoneSource::gfp_mask:
        return "gfp_mask";
    case HighestZoneSource::deduced:
        return "deduced";
    case HighestZoneSource::assumed:
        return "assumed";
    }
    return "unknown";
}

std::string_view name_of(SwapState state)
{
    switch (state) {
    case SwapState::unknown:
        return "unknown";
    case SwapState::none:
        return "none";
    case SwapState::not_allowed:
        return "not_allowed";
    case SwapState::full:
        return "full";
    case SwapState::full_for_memcg:
        return "full_for_memcg";
    case SwapState::has_room:
        return "has_room";
    }
    return "unknown";
}

std::string_view name_of(Holder holder)
{
    switch (holder) {
    case Holder::anon:
        return "anon";
    case Holder::file_cache:
        return "file_cache";
    case Holder::shared_memory:
        return "shared_memory";
    case Holder::slab_unreclaimable:
        return "slab_unreclaimable";
    case Holder::slab_reclaimable:
        return "slab_reclaimable";
    case Holder::page_tables:
        return "page_tables";
    case Holder::kernel_stacks:
        return "kernel_stacks";
    case Holder::hugetlb:
        return "hugetlb";
    case Holder::kernel:
        return "kernel";
    case Holder::sockets:
        return "sockets";
    case Holder::other_kernel:
        return "other_kernel";
    case Holder::not_accounted:
        return "not_accounted";
    }
    return "unknown";
}

std::string_view name_of(FreedByKill freed)
{
    switch (freed) {
    case FreedByKill::yes:
        return "yes";
    case FreedByKill::with_last_user:
        return "with_last_user";
    case FreedByKill::no:
        return "no";
    case FreedByKill::reclaimable:
        return "reclaimable";
    }
    return "unknown";
}

std::string_view name_of(VictimReason reason)
{
    switch (reason) {
    case VictimReason::unknown:
        return "unknown";
    case VictimReason::already_dying:
        return "already_dying";
    case VictimReason::asked:
        return "asked";
    case VictimReason::asked_to_be_first:
        return "asked_to_be_first";
    case VictimReason::only_eligible:
        return "only_eligible";
    case VictimReason::highest_points:
        return "highest_points";
    case VictimReason::tie:
        return "tie";
    case VictimReason::own_adj_decided:
        return "own_adj_decided";
    case VictimReason::others_adj_decided:
        return "others_adj_decided";
    case VictimReason::child_of_chosen:
        return "child_of_chosen";
    case VictimReason::not_highest:
        return "not_highest";
    case VictimReason::group:
        return "group";
    case VictimReason::ranked_by_all_nodes:
        return "ranked_by_all_nodes";
    case VictimReason::partly_elsewhere:
        return "partly_elsewhere";
    case VictimReason::small_part:
        return "small_part";
    }
    return "unknown";
}

std::string_view name_of(CounterfactualKind kind)
{
    switch (kind) {
    case CounterfactualKind::victim_saved:
        return "victim_saved";
    case CounterfactualKind::victim_adj_zero:
        return "victim_adj_zero";
    case CounterfactualKind::victim_absent:
        return "victim_absent";
    case CounterfactualKind::all_adj_zero:
        return "all_adj_zero";
    }
    return "unknown";
}

std::string_view name_of(NoCounterfactuals reason)
{
    switch (reason) {
    case NoCounterfactuals::none:
        return "none";
    case NoCounterfactuals::nothing_weighed:
        return "nothing_weighed";
    case NoCounterfactuals::ledger_incomplete:
        return "ledger_incomplete";
    case NoCounterfactuals::points_not_known:
        return "points_not_known";
    case NoCounterfactuals::choice_does_not_follow:
        return "choice_does_not_follow";
    case NoCounterfactuals::formula_not_known:
        return "formula_not_known";
    }
    return "unknown";
}

std::string_view name_of(DisagreementKind kind)
{
    switch (kind) {
    case DisagreementKind::choice_not_highest:
        return "choice_not_highest";
    case DisagreementKind::scores_differ:
        return "scores_differ";
    }
    return "unknown";
}

} // namespace oomtrace
