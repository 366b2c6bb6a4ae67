// SPDX-License-Identifier: Apache-2.0
#include "sinks/why_now_text.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sinks/concat.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/units.h"

namespace oomtrace
{

using terminal::bytes_text;
using terminal::exact_bytes_text;
using terminal::safe_text;

namespace
{

constexpr std::size_t zones_told = 3, holders_told = 3;
constexpr std::uint64_t worth_telling = 20; // a twentieth of the whole

std::string joined(const std::vector<std::string> &parts, std::string_view separator)
{
    std::string text;
    for (const std::string &part : parts) {
        if (!text.empty())
            text += separator;
        text += part;
    }
    return text;
}

void add_sentence(std::string &text, std::string_view clause)
{
    if (clause.empty())
        return;
    if (!text.empty())
        text += ' ';
    const std::size_t begin = text.size();
    text += clause;
    if (text[begin] >= 'a' && text[begin] <= 'z')
        text[begin] = static_cast<char>(text[begin] - 'a' + 'A');
    text += '.';
}

std::string group_name(const MemcgShortage &memcg, std::size_t path_width)
{
    return memcg.path ? fmt::format("cgroup {}", terminal::safe_path_tail(*memcg.path, path_width)) : "a cgroup";
}

std::string limit_text(const WhyNow &now, std::size_t path_width)
{
    const MemcgShortage &memcg = *now.memcg;
    const std::string group = group_name(memcg, path_width);
    const char *kind = memcg.kind == LimitKind::memory_and_swap ? "memory+swap limit" : "limit";
    const bool known = memcg.limit_bytes && memcg.usage_bytes;
    switch (now.shortage) {
    case Shortage::memcg_limit_zero:
        return fmt::format("{} has a {} of 0: it may hold nothing at all", group, kind);
    case Shortage::memcg_limit_lowered:
        if (!known)
            return fmt::format("the {} of {} was lowered below what it uses", kind, group);
        return fmt::format("the {} of {} was lowered to {} while it used {}", kind, group, exact_bytes_text(*memcg.limit_bytes),
                           bytes_text(*memcg.usage_bytes));
    case Shortage::memcg_above_limit:
        return fmt::format("{} uses {}, {} more than its {} {}: the limit was lowered, or the kernel had to charge past it",
                           group, bytes_text(*memcg.usage_bytes), bytes_text(*memcg.usage_bytes - *memcg.limit_bytes),
                           exact_bytes_text(*memcg.limit_bytes), kind);
    default:
        break;
    }
    if (!known)
        return fmt::format("{} is at its {}; how much that is, is not known", group, kind);
    std::string text = fmt::format("{} has used up its {} {}", group, exact_bytes_text(*memcg.limit_bytes), kind);
    if (memcg.ancestor_of_victim)
        text += ", which holds for all cgroups below it";
    return text;
}

std::string swap_text(const WhyNow &now)
{
    switch (now.swap) {
    case SwapState::unknown:
        return "";
    case SwapState::none:
        return "there is no swap";
    case SwapState::not_allowed:
        return "it may not swap";
    case SwapState::full:
        return fmt::format("swap is full ({} of {} free)", bytes_text(*now.swap_free_bytes), bytes_text(*now.swap_total_bytes));
    case SwapState::full_for_memcg:
        return now.swap_total_bytes ? fmt::format("its {} of swap are used up", bytes_text(*now.swap_total_bytes))
                                    : "swapping does not help: the limit counts swap too";
    case SwapState::has_room:
        return fmt::format("swap was not full ({} free), but too little could be moved there",
                           bytes_text(*now.swap_free_bytes));
    }
    return "";
}

std::string_view holder_name(Holder holder)
{
    switch (holder) {
    case Holder::anon:
        return "process memory (anon)";
    case Holder::file_cache:
        return "file cache";
    case Holder::shared_memory:
        return "shared memory and tmpfs files";
    case Holder::slab_unreclaimable:
        return "kernel objects (slab)";
    case Holder::slab_reclaimable:
        return "kernel caches (reclaimable slab)";
    case Holder::page_tables:
        return "page tables";
    case Holder::kernel_stacks:
        return "kernel stacks";
    case Holder::hugetlb:
        return "huge pages set aside";
    case Holder::kernel:
        return "kernel memory";
    case Holder::sockets:
        return "network buffers";
    case Holder::other_kernel:
        return "other kernel memory";
    case Holder::not_accounted:
        return "memory in no counter (drivers, a balloon)";
    }
    return "";
}

std::string holders_text(const WhyNow &now)
{
    if (!now.held_of_bytes)
        return "";
    std::vector<std::string> parts;
    for (const Held &held : now.held) {
        if (parts.size() < holders_told && held.bytes >= *now.held_of_bytes / worth_telling)
            parts.push_back(concat({bytes_text(held.bytes), " of ", holder_name(held.holder)}));
    }
    return joined(parts, ", ");
}

// "Normal", or where there are several nodes "Normal of node 1".
std::string zone_name(const ZoneVerdict &zone, bool several_nodes)
{
    return several_nodes ? fmt::format("{} of node {}", safe_text(zone.zone), zone.node) : safe_text(zone.zone);
}

std::string zone_text(const ZoneVerdict &zone, const WhyNow &now, bool several_nodes)
{
    const std::string name = zone_name(zone, several_nodes);
    switch (zone.reason) {
    case ZoneReason::below_min:
        if (*zone.short_by_bytes == 0)
            return concat({name, " is down to its min watermark (", bytes_text(zone.free_bytes), " free)"});
        if (zone.free_bytes > zone.min_bytes)
            return fmt::format("{} is below its min watermark without the {} that this request may not have ({} free)", name,
                               bytes_text(zone.unusable_bytes), bytes_text(zone.free_bytes));
        return concat({name, " is ", bytes_text(zone.min_bytes - zone.free_bytes), " below its min watermark (",
                       bytes_text(zone.free_bytes), " free)"});
    case ZoneReason::unusable_free:
        return fmt::format("{} has {} free, of which {} is set aside (CMA, highatomic)", name, bytes_text(zone.free_bytes),
                           bytes_text(zone.unusable_bytes));
    case ZoneReason::no_block: {
        const std::string wanted = now.requested_bytes ? exact_bytes_text(*now.requested_bytes) : "that size";
        return fmt::format("{} has {} free, but no block of {}", name, bytes_text(zone.free_bytes), wanted);
    }
    default:
        return "";
    }
}

// The zones that the request could have used, in the order in which the kernel tries them.
std::vector<const ZoneVerdict *> eligible_zones(const WhyNow &now)
{
    std::vector<const ZoneVerdict *> zones;
    for (const ZoneVerdict &zone : now.zones) {
        if (zone.eligible())
            zones.push_back(&zone);
    }
    std::reverse(zones.begin(), zones.end());
    return zones;
}

bool has_several_nodes(const WhyNow &now)
{
    return std::any_of(now.zones.begin(), now.zones.end(),
                       [&](const ZoneVerdict &zone) { return zone.node != now.zones.front().node; });
}

std::string request_name(const WhyNow &now)
{
    return now.requested_bytes ? concat({"the ", exact_bytes_text(*now.requested_bytes), " asked for"}) : "what was asked for";
}

// One part for all zones of which the rest is kept.
std::string reserve_text(const std::vector<const ZoneVerdict *> &zones, bool several_nodes)
{
    std::vector<std::string> parts;
    for (const ZoneVerdict *zone : zones) {
        if (zone->reason == ZoneReason::lowmem_reserve)
            parts.push_back(
                concat({bytes_text(zone->free_bytes), parts.empty() ? " left" : "", " in ", zone_name(*zone, several_nodes)}));
    }
    if (parts.empty())
        return "";
    return concat({"the ", joined(parts, parts.size() == 2 ? " and " : ", "), parts.size() == 1 ? " is" : " are",
                   " kept for requests that can use no higher zone (lowmem_reserve)"});
}

std::string zones_text(const WhyNow &now)
{
    const bool several_nodes = has_several_nodes(now);
    const std::vector<const ZoneVerdict *> zones = eligible_zones(now);
    std::vector<std::string> parts;
    std::size_t more = 0;
    for (const ZoneVerdict *zone : zones) {
        if (zone->reason == ZoneReason::lowmem_reserve)
            continue;
        if (parts.size() < zones_told)
            parts.push_back(zone_text(*zone, now, several_nodes));
        else
            ++more;
    }
    if (more != 0)
        parts.push_back(fmt::format("{} more zones are short too", more));
    if (std::string reserve = reserve_text(zones, several_nodes); !reserve.empty())
        parts.push_back(std::move(reserve));
    const char *what = now.shortage == Shortage::fragmentation ? " in one piece" : "";
    return concat({"no zone could give ", request_name(now), what, ": ", joined(parts, "; ")});
}

// "Normal" ... of the zones for which `reason` holds and something is free.
std::string zone_names(const WhyNow &now, ZoneReason reason)
{
    std::vector<std::string> names;
    for (const ZoneVerdict &zone : now.zones) {
        const std::string name = safe_text(zone.zone);
        if (zone.reason == reason && zone.free_bytes != 0 && std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(name);
    }
    return joined(names, ", ");
}

std::string node_numbers(const WhyNow &now)
{
    std::vector<std::uint32_t> nodes;
    for (const ZoneVerdict &zone : now.zones) {
        if (zone.reason == ZoneReason::node_not_allowed && (nodes.empty() || nodes.back() != zone.node))
            nodes.push_back(zone.node);
    }
    return fmt::format("{} {}", nodes.size() == 1 ? "node" : "nodes", terminal::number_list_text(nodes));
}

// Free memory that did not help.
std::string elsewhere_text(const Incident &incident, const WhyNow &now)
{
    std::vector<std::string> parts;
    if (now.free_in_higher_zones_bytes != 0) {
        const std::string names = zone_names(now, ZoneReason::above_highest_zone);
        const std::string free = bytes_text(now.free_in_higher_zones_bytes);
        if (now.highest_zone_source == HighestZoneSource::deduced)
            parts.push_back(fmt::format("{} is free in {}: the request must have been one that cannot use it, such as most of "
                                        "the kernel's own",
                                        free, names));
        else
            parts.push_back(fmt::format("{} is free in {}, which this request cannot use", free, names));
    }
    if (now.free_on_other_nodes_bytes != 0) {
        const bool policy = now.constraint == Constraint::memory_policy;
        const std::string cpuset =
            incident.trigger.cpuset ? fmt::format("cpuset {}", safe_text(*incident.trigger.cpuset)) : "its cpuset";
        parts.push_back(fmt::format("{} is free on {}, which {} does not allow", bytes_text(now.free_on_other_nodes_bytes),
                                    node_numbers(now), policy ? "its NUMA policy" : cpuset));
    }
    return joined(parts, "; ");
}

std::string_view nodes_name(const WhyNow &now)
{
    const bool limited = now.constraint == Constraint::cpuset || now.constraint == Constraint::memory_policy;
    return limited ? "of the nodes that were allowed are" : "of the host are";
}

std::string host_text(const WhyNow &now)
{
    switch (now.shortage) {
    case Shortage::zones:
    case Shortage::fragmentation:
        return zones_text(now);
    case Shortage::none_when_read:
        return fmt::format("when the zones were read there was room for {} again: what was short had come back by then",
                           request_name(now));
    case Shortage::by_hand:
        return "the OOM killer was started by hand (SysRq f): memory need not have been short";
    default:
        return now.zones.empty() ? "which memory was short is not known: no zones in the record"
                                 : "which zone was short cannot be told: what was asked for is not known well enough";
    }
}

} // namespace

std::string why_now_text(const Incident &incident, const WhyNow &now, std::size_t path_width)
{
    std::string text;
    const auto add = [&](std::string_view clause) { add_sentence(text, clause); };
    if (now.memcg) {
        const std::string limit = limit_text(now, path_width), swap = swap_text(now);
        add(limit + (swap.empty() || now.shortage == Shortage::memcg_limit_zero ? "" : ", and " + swap));
        if (const std::string holders = holders_text(now); !holders.empty())
            add("it is filled with " + holders);
        if (now.not_in_processes_bytes)
            add(fmt::format("at least {} of that is in no process (tmpfs files, page cache, kernel memory) and need not come "
                            "back with a kill",
                            bytes_text(*now.not_in_processes_bytes)));
        return text;
    }
    if (incident.scope == Scope::unknown)
        return "";
    add(host_text(now));
    if (now.shortage == Shortage::by_hand)
        return text;
    add(elsewhere_text(incident, now));
    add(swap_text(now));
    if (const std::string holders = holders_text(now); !holders.empty())
        add(concat({"the ", bytes_text(*now.held_of_bytes), " ", nodes_name(now), " filled with ", holders}));
    return text;
}

} // namespace oomtrace
