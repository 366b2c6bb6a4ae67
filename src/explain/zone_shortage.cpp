// SPDX-License-Identifier: Apache-2.0
#include "explain/zone_shortage.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "explain/zone_watermark.h"
#include "reconstruct/saturating.h"

namespace oomtrace
{
namespace
{

bool holds(const std::optional<std::vector<std::uint32_t>> &nodes, std::uint32_t node)
{
    return !nodes || std::find(nodes->begin(), nodes->end(), node) != nodes->end();
}

std::vector<ZoneVerdict> judge_zones(const Incident &incident, const PageRequest &request)
{
    std::vector<ZoneVerdict> zones;
    for (const Node &node : incident.nodes) {
        const std::optional<bool> allowed = node_allowed(incident, node.node);
        for (const Zone &zone : node.zones) {
            zones.push_back(judge_zone(zone, node.node, allowed.value_or(true), request));
            ZoneVerdict &judged = zones.back();
            if (!allowed && judged.eligible())
                judged.reason = ZoneReason::unknown;
        }
    }
    return zones;
}

Shortage shortage_of(const std::vector<ZoneVerdict> &zones)
{
    bool any = false, enough = false, no_block = false;
    for (const ZoneVerdict &zone : zones) {
        if (zone.reason == ZoneReason::unknown)
            return Shortage::unknown;
        any |= zone.eligible();
        enough |= zone.reason == ZoneReason::enough;
        no_block |= zone.reason == ZoneReason::no_block;
    }
    return !any ? Shortage::unknown : enough ? Shortage::none_when_read : no_block ? Shortage::fragmentation : Shortage::zones;
}

// The gfp mask is not known: which zone types would it have to stop at, for every zone that it reaches to be short?
void deduce_highest_zone(const Incident &incident, PageRequest &request, WhyNow &now)
{
    std::set<std::pair<std::uint32_t, std::string>> types;
    for (const Node &node : incident.nodes) {
        for (const Zone &zone : node.zones) {
            if (zone_size(zone) != 0)
                types.emplace(zone.index, zone.name);
        }
    }
    std::size_t fitting = 0;
    PageRequest tried = request;
    for (const auto &[type, name] : types) {
        tried.highest_zone = type;
        const Shortage shortage = shortage_of(judge_zones(incident, tried));
        if (shortage != Shortage::zones && shortage != Shortage::fragmentation)
            continue;
        ++fitting;
        request.highest_zone = type;
        now.highest_zone = name;
    }
    if (fitting != 0)
        now.highest_zone_source = fitting == 1 && types.size() > 1 ? HighestZoneSource::deduced : HighestZoneSource::assumed;
}

} // namespace

std::optional<bool> node_allowed(const Incident &incident, std::uint32_t node)
{
    const Allocation &allocation = incident.allocation;
    if (!incident.constraint) {
        if (holds(allocation.nodemask, node) && holds(allocation.mems_allowed, node))
            return true;
        return std::nullopt;
    }
    switch (*incident.constraint) {
    case Constraint::memory_policy:
        return holds(allocation.nodemask, node) && holds(allocation.mems_allowed, node);
    case Constraint::cpuset:
        return holds(allocation.mems_allowed, node);
    case Constraint::none:
    case Constraint::memcg:
        break;
    }
    return true;
}

void explain_zones(const Incident &incident, WhyNow &now)
{
    if (incident.nodes.empty())
        return;
    PageRequest request = page_request(incident);
    if (request.highest_zone) {
        now.highest_zone = incident.allocation.highest_zone;
        now.highest_zone_source = HighestZoneSource::gfp_mask;
    } else {
        deduce_highest_zone(incident, request, now);
    }
    now.zones = judge_zones(incident, request);
    now.shortage = shortage_of(now.zones);
    if (now.shortage == Shortage::none_when_read && !incident.allocation.order)
        now.shortage = Shortage::unknown; // it may have wanted a bigger block
    for (const ZoneVerdict &zone : now.zones) {
        if (zone.reason == ZoneReason::node_not_allowed)
            now.free_on_other_nodes_bytes = saturating_add(now.free_on_other_nodes_bytes, zone.free_bytes);
        if (zone.reason == ZoneReason::above_highest_zone)
            now.free_in_higher_zones_bytes = saturating_add(now.free_in_higher_zones_bytes, zone.free_bytes);
    }
}

} // namespace oomtrace
