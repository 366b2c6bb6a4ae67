// SPDX-License-Identifier: Apache-2.0
#include "explain/why_now.h"

#include <algorithm>
#include <string_view>

#include "explain/memory_holders.h"
#include "explain/zone_shortage.h"
#include "reconstruct/saturating.h"

namespace oomtrace
{
namespace
{

// try_charge() takes MEMCG_CHARGE_BATCH pages at a time, and a few charges may be forced: less than this above the limit says
// nothing.
constexpr std::uint64_t charge_batch_pages = 64;
// Swap with less than this part of it free is full: the rest is in clusters on CPUs, or goes and comes.
constexpr std::uint64_t swap_full_part = 100;

using Bytes = std::optional<std::uint64_t>;

// Absent: no limit.
Bytes room_left(const LimitCounter &counter)
{
    if (!counter.max_bytes)
        return std::nullopt;
    return *counter.max_bytes - std::min(counter.usage_bytes, *counter.max_bytes);
}

MemcgShortage memcg_shortage(const MemcgLimit &memcg)
{
    MemcgShortage shortage;
    shortage.path = memcg.path;
    shortage.limit_bytes = memcg.limit_bytes;
    shortage.usage_bytes = memcg.usage_bytes;
    const MemcgLevel *fired = memcg.fired_level();
    if (fired == nullptr)
        return shortage;
    const bool victim_below = std::any_of(memcg.levels.begin(), memcg.levels.end(), [&](const MemcgLevel &level) {
        return level.victim_lives_here && &level != fired; // no ids in a log
    });
    shortage.ancestor_of_victim = victim_below && !fired->victim_lives_here;
    const LimitCounter *counter = &fired->memory;
    if (fired->memory_and_swap) {
        const Bytes memory_room = room_left(fired->memory), both_room = room_left(*fired->memory_and_swap);
        if (both_room && (!memory_room || *both_room < *memory_room)) {
            shortage.kind = LimitKind::memory_and_swap;
            counter = &*fired->memory_and_swap;
        }
    }
    shortage.limit_bytes = counter->max_bytes;
    shortage.usage_bytes = counter->usage_bytes;
    return shortage;
}

// memory_max_write() invokes the OOM killer itself, until usage is below what was written.
bool writes_the_limit(const Trigger &trigger)
{
    return std::any_of(trigger.stack.begin(), trigger.stack.end(), [](const StackFrame &frame) {
        return frame.symbol && std::string_view(*frame.symbol).starts_with("memory_max_write");
    });
}

Shortage shortage_of(const MemcgShortage &memcg, const Incident &incident)
{
    if (writes_the_limit(incident.trigger))
        return Shortage::memcg_limit_lowered;
    if (!memcg.limit_bytes || !memcg.usage_bytes)
        return Shortage::memcg_limit;
    if (*memcg.limit_bytes == 0)
        return Shortage::memcg_limit_zero;
    const std::uint64_t batch = charge_batch_pages * incident.host.page_size;
    return *memcg.usage_bytes > *memcg.limit_bytes && *memcg.usage_bytes - *memcg.limit_bytes > batch
               ? Shortage::memcg_above_limit
               : Shortage::memcg_limit;
}

bool is_full(std::uint64_t total, std::uint64_t free)
{
    return free < total / swap_full_part || free == 0;
}

// What those that were killed may have given back of the swap when /proc was read.
std::uint64_t given_back(const Incident &incident)
{
    std::uint64_t bytes = 0;
    if (incident.provenance.swap.source == Source::procfs) {
        for (const KilledProcess &kill : incident.kills)
            bytes = saturating_add(bytes, kill.memory ? kill.memory->swap_bytes : 0);
    }
    return bytes;
}

void explain_host_swap(const Incident &incident, WhyNow &now)
{
    const Swap &swap = incident.swap;
    now.swap_total_bytes = swap.total_bytes;
    now.swap_free_bytes = swap.free_bytes;
    if (swap.total_bytes == std::uint64_t{0}) {
        now.swap = SwapState::none;
    } else if (swap.total_bytes && swap.free_bytes) {
        const std::uint64_t at_least = *swap.free_bytes - std::min(*swap.free_bytes, given_back(incident));
        if (is_full(*swap.total_bytes, *swap.free_bytes)) {
            now.swap = SwapState::full;
        } else if (is_full(*swap.total_bytes, at_least)) {
            now.swap_free_bytes = std::nullopt;
        } else {
            now.swap = SwapState::has_room;
        }
    }
}

// What the level that fired and those above it let it have of the host's.
void explain_memcg_swap(const Incident &incident, WhyNow &now)
{
    explain_host_swap(incident, now);
    if (now.swap == SwapState::none || now.swap == SwapState::full)
        return;
    if (now.memcg->kind == LimitKind::memory_and_swap) {
        // Swapping moves pages within this limit.
        now.swap = SwapState::full_for_memcg;
        now.swap_total_bytes = now.swap_free_bytes = std::nullopt;
        return;
    }
    bool at_or_above = false;
    for (const MemcgLevel &level : incident.memcg.levels) {
        at_or_above |= level.fired;
        if (!at_or_above || !level.swap || !level.swap->max_bytes)
            continue;
        const std::uint64_t max = *level.swap->max_bytes, used = std::min(level.swap->usage_bytes, max);
        if (max != 0 && !is_full(max, max - used))
            continue;
        now.swap = max == 0 ? SwapState::not_allowed : SwapState::full_for_memcg;
        now.swap_total_bytes = max;
        now.swap_free_bytes = max - used;
        return;
    }
}

Bytes requested_bytes(const Incident &incident)
{
    const std::optional<std::int32_t> order = incident.allocation.order;
    if (!order || *order < 0 || *order >= 32 || incident.host.page_size == 0)
        return std::nullopt;
    return incident.host.page_size << *order;
}

void take(Holders holders, WhyNow &now)
{
    now.held = std::move(holders.held);
    now.held_of_bytes = holders.of_bytes;
}

} // namespace

WhyNow explain_shortage(const Incident &incident)
{
    WhyNow now;
    now.constraint = incident.constraint;
    now.requested_bytes = requested_bytes(incident);
    switch (incident.scope) {
    case Scope::memcg:
        now.memcg = memcg_shortage(incident.memcg);
        now.shortage = shortage_of(*now.memcg, incident);
        explain_memcg_swap(incident, now);
        take(holders_of_memcg(incident.memcg, incident.log_facts ? incident.log_facts->memcg_stats : StatBytes{}), now);
        if (incident.memcg.usage_bytes)
            now.not_in_processes_bytes = not_in_processes(incident, *incident.memcg.usage_bytes);
        break;
    case Scope::sysrq:
    case Scope::global:
        explain_zones(incident, now);
        explain_host_swap(incident, now);
        take(holders_of_nodes(incident), now);
        if (incident.scope == Scope::sysrq)
            now.shortage = Shortage::by_hand;
        break;
    case Scope::unknown:
        break;
    }
    return now;
}

} // namespace oomtrace
