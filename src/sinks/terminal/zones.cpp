// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/zones.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "explain/zone_watermark.h"
#include "sinks/concat.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/table.h"
#include "sinks/terminal/units.h"

namespace oomtrace::terminal
{

namespace
{

// Zone type of the highest zone that the allocation may use.
std::optional<std::uint32_t> highest_index(const Incident &incident)
{
    const auto &name = incident.allocation.highest_zone;
    return name ? zone_type(incident.nodes, *name) : std::nullopt;
}

std::optional<std::uint64_t> reserve_of(const Zone &zone, std::optional<std::uint32_t> highest)
{
    if (!highest || *highest >= zone.lowmem_reserve_bytes.size())
        return std::nullopt;
    return zone.lowmem_reserve_bytes[*highest];
}

const ZoneVerdict *verdict_of(const Zone &zone, std::uint32_t node, const WhyNow &now)
{
    const auto found = std::find_if(now.zones.begin(), now.zones.end(),
                                    [&](const ZoneVerdict &judged) { return judged.node == node && judged.zone == zone.name; });
    return found == now.zones.end() ? nullptr : &*found;
}

// Of those that the request may have, where the verdict says which.
std::optional<std::uint64_t> largest_free_block(const Zone &zone, const ZoneVerdict *verdict)
{
    if (verdict != nullptr && verdict->largest_block_bytes)
        return verdict->largest_block_bytes;
    if (zone.free_blocks.empty())
        return std::nullopt;
    std::uint64_t largest = 0;
    for (const FreeBlockCount &blocks : zone.free_blocks) {
        if (blocks.count != 0)
            largest = std::max(largest, blocks.block_bytes);
    }
    return largest;
}

struct Judgement {
    std::string text;
    Style style = Style::plain;
};

// The kernel lets an allocation have a page only while more than `min` and the zone's reserve stay free.
Judgement judge(const Zone &zone, const ZoneVerdict *verdict, bool node_allowed, std::optional<std::uint32_t> highest,
                std::uint64_t wanted_bytes)
{
    if (!node_allowed || (highest && zone.index > *highest))
        return {"not for this request", Style::dim};
    if (zone.free_bytes < zone.min_bytes)
        return {concat({"BELOW MIN by ", bytes_text(zone.min_bytes - zone.free_bytes)}), Style::alert};
    const std::uint64_t needed = zone.min_bytes + reserve_of(zone, highest).value_or(0);
    if (zone.free_bytes <= needed && needed == zone.min_bytes)
        return {"AT MIN", Style::alert};
    if (zone.free_bytes <= needed)
        return {"rest is reserved", Style::warning};
    if (verdict != nullptr && verdict->reason == ZoneReason::unusable_free)
        return {"rest is set aside", Style::warning};
    const auto largest = largest_free_block(zone, verdict);
    if (largest && *largest < wanted_bytes)
        return {fmt::format("no free {} block", exact_bytes_text(wanted_bytes)), Style::warning};
    if (zone.free_bytes < zone.low_bytes)
        return {"below low", Style::warning};
    return {"enough free", Style::plain};
}

// Only as far as the constraint says that nodes are what ran out: the kernel's own requests may go beyond a cpuset.
bool allows_node(const Incident &incident, std::uint32_t node)
{
    const auto holds = [&](const std::optional<std::vector<std::uint32_t>> &nodes) {
        return !nodes || std::find(nodes->begin(), nodes->end(), node) != nodes->end();
    };
    if (incident.constraint == Constraint::memory_policy)
        return holds(incident.allocation.nodemask);
    return incident.constraint != Constraint::cpuset || holds(incident.allocation.mems_allowed);
}

bool any_reserve(const Incident &incident)
{
    const auto highest = highest_index(incident);
    return std::any_of(incident.nodes.begin(), incident.nodes.end(), [&](const Node &node) {
        return std::any_of(node.zones.begin(), node.zones.end(),
                           [&](const Zone &zone) { return reserve_of(zone, highest).value_or(0) != 0; });
    });
}

std::uint64_t wanted_bytes(const Incident &incident)
{
    const std::int32_t order = incident.allocation.order.value_or(0);
    return order > 0 && order < 32 ? incident.host.page_size << order : incident.host.page_size;
}

Table zone_table(const Incident &incident, const WhyNow &now)
{
    constexpr std::size_t most_columns = 11;
    const auto highest = highest_index(incident);
    const bool boosted = std::any_of(incident.nodes.begin(), incident.nodes.end(), [](const Node &node) {
        return std::any_of(node.zones.begin(), node.zones.end(),
                           [](const Zone &zone) { return zone.boost_bytes.value_or(0) != 0; });
    });
    const bool several_nodes = incident.nodes.size() > 1;
    std::vector<Column> columns;
    columns.reserve(most_columns);
    if (several_nodes)
        columns.push_back({"node"});
    columns.push_back({"zone", Align::left});
    for (const char *title : {"size", "free", "min", "low", "high"})
        columns.push_back({title});
    if (boosted)
        columns.push_back({"boost"});
    columns.push_back({"reserved"});
    columns.push_back({"largest block"});
    columns.push_back({"", Align::left});
    Table table(std::move(columns));
    for (const Node &node : incident.nodes) {
        for (const Zone &zone : node.zones) {
            const auto reserve = reserve_of(zone, highest);
            const ZoneVerdict *verdict = verdict_of(zone, node.node, now);
            const auto largest = largest_free_block(zone, verdict);
            Judgement judgement = judge(zone, verdict, allows_node(incident, node.node), highest, wanted_bytes(incident));
            std::vector<Cell> cells;
            cells.reserve(most_columns);
            if (several_nodes)
                cells.push_back({fmt::format("{}", node.node)});
            cells.push_back({safe_text(zone.name)});
            cells.push_back({bytes_or_unknown(zone.managed_bytes ? zone.managed_bytes : zone.present_bytes)});
            for (const auto member : {&Zone::free_bytes, &Zone::min_bytes, &Zone::low_bytes, &Zone::high_bytes})
                cells.push_back({bytes_text(zone.*member)});
            if (boosted)
                cells.push_back({bytes_or_unknown(zone.boost_bytes)});
            cells.push_back({reserve ? bytes_text(*reserve) : "?"});
            cells.push_back({largest ? (*largest == 0 ? "none" : exact_bytes_text(*largest)) : "?"});
            cells.push_back({std::move(judgement.text), judgement.style});
            table.add_row(std::move(cells));
        }
    }
    return table;
}

// Absent: at least one node does not have the counter.
std::optional<std::uint64_t> total_of(const std::vector<Node> &nodes, const char *stat)
{
    std::uint64_t total = 0;
    for (const Node &node : nodes) {
        const auto bytes = node.stat_bytes.find(stat);
        if (!bytes)
            return std::nullopt;
        total += *bytes;
    }
    return total;
}

std::string used_text(const std::vector<Node> &nodes)
{
    std::string text;
    const auto add = [&](const char *what, std::optional<std::uint64_t> bytes) {
        if (bytes)
            text += concat({text.empty() ? "" : ", ", what, " ", bytes_text(*bytes)});
    };
    // The kernel counts shared memory and the swap cache among the file pages.
    auto cache = total_of(nodes, "file_pages");
    for (const char *part : {"shmem", "swap_cached"}) {
        const auto bytes = total_of(nodes, part);
        if (cache && bytes)
            cache = *cache - std::min(*cache, *bytes);
    }
    add("process memory", total_of(nodes, "anon_mapped"));
    add("shared memory", total_of(nodes, "shmem"));
    add("file cache", cache);
    add("kernel slab", total_of(nodes, "slab_unreclaimable"));
    add("reclaimable slab", total_of(nodes, "slab_reclaimable"));
    add("page tables", total_of(nodes, "page_tables"));
    add("kernel stacks", total_of(nodes, "kernel_stack"));
    return text;
}

std::string swap_text(const Swap &swap)
{
    if (!swap.total_bytes)
        return "not known";
    if (*swap.total_bytes == 0)
        return "none on this host";
    if (!swap.free_bytes)
        return fmt::format("{}, how much of it is free is not known", exact_bytes_text(*swap.total_bytes));
    return fmt::format("{} free of {}", bytes_text(*swap.free_bytes), bytes_text(*swap.total_bytes));
}

std::string stat_list(const NamedValues &stats)
{
    std::string text;
    for (const auto &[name, bytes] : stats)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", safe_text(name), bytes_text(bytes));
    return text;
}

// A row per zone, a column per order: "3,382 UME".
Table block_table(const std::vector<Node> &nodes)
{
    std::map<std::uint64_t, std::size_t> column_of; // by block size
    for (const Node &node : nodes) {
        for (const Zone &zone : node.zones) {
            for (const FreeBlockCount &blocks : zone.free_blocks)
                column_of[blocks.block_bytes] = 0;
        }
    }
    std::vector<Column> columns = {{"node"}, {"zone", Align::left}};
    for (auto &[block_bytes, column] : column_of) {
        column = columns.size();
        columns.push_back({exact_bytes_text(block_bytes)});
    }
    Table table(columns);
    for (const Node &node : nodes) {
        for (const Zone &zone : node.zones) {
            std::vector<Cell> cells(columns.size(), Cell{"-"});
            cells[0].text = fmt::format("{}", node.node);
            cells[1].text = safe_text(zone.name);
            for (const FreeBlockCount &blocks : zone.free_blocks)
                cells[column_of[blocks.block_bytes]].text =
                    count_text(blocks.count) + (blocks.types.empty() ? "" : " ") + safe_text(blocks.types);
            table.add_row(std::move(cells));
        }
    }
    return table;
}

std::string zone_fields(const Zone &zone)
{
    std::string text = fmt::format("present {}, spanned {}, boost {}, set aside for urgent requests {}",
                                   bytes_or_unknown(zone.present_bytes), bytes_or_unknown(zone.spanned_bytes),
                                   bytes_or_unknown(zone.boost_bytes), bytes_or_unknown(zone.reserved_highatomic_bytes));
    const auto add = [&](const char *what, const std::optional<std::uint64_t> &bytes) {
        if (bytes)
            text += fmt::format(", {} {}", what, bytes_text(*bytes));
    };
    add("free of that", zone.free_highatomic_bytes);
    add("CMA", zone.cma_bytes);
    add("free CMA", zone.free_cma_bytes);
    add("free on single CPUs", zone.free_pcp_bytes);
    return text;
}

std::string reserve_list(const Zone &zone)
{
    std::string text;
    for (const std::uint64_t bytes : zone.lowmem_reserve_bytes)
        text += (text.empty() ? "" : ", ") + bytes_text(bytes);
    return text.empty() ? "not known" : text;
}

} // namespace

Lines zone_lines(const Incident &incident, const WhyNow &now, std::size_t width)
{
    if (incident.nodes.empty())
        return {};
    Lines lines = section("MEMORY", "what the host had left, zone by zone", width);
    zone_table(incident, now).add_to(lines, 2, width);
    if (any_reserve(incident))
        add_labelled(lines, "reserved", "what this request must leave to those that can use no higher zone", width);
    if (const std::string used = used_text(incident.nodes); !used.empty())
        add_labelled(lines, "used by", used, width);
    const bool late = incident.provenance.swap.source == Source::procfs && incident.swap.free_bytes.value_or(0) != 0;
    add_labelled(lines, "swap", swap_text(incident.swap) + (late ? ", read after the kill" : ""), width);
    return lines;
}

Lines zone_detail_lines(const Incident &incident, std::size_t width)
{
    if (incident.nodes.empty())
        return {};
    Lines lines =
        section("FREE BLOCKS", "by size; U unmovable, M movable, E reclaimable, H high-order atomic, C CMA, I isolated", width);
    block_table(incident.nodes).add_to(lines, 2, width);
    for (const Node &node : incident.nodes) {
        add_section(lines, fmt::format("NODE {}", node.node),
                    fmt::format("present {}, spanned {}, reclaim runs in a row that freed nothing: {}",
                                bytes_or_unknown(node.present_bytes), bytes_or_unknown(node.spanned_bytes),
                                node.kswapd_failures ? fmt::format("{}", *node.kswapd_failures) : "?"),
                    width);
        add_labelled(lines, "counters", node.stat_bytes.empty() ? "not known" : stat_list(node.stat_bytes), width);
        for (const Zone &zone : node.zones) {
            add_labelled(lines, safe_text(zone.name), zone_fields(zone), width);
            add_labelled(lines, "", "reserved from requests for higher zones: " + reserve_list(zone), width);
            add_labelled(lines, "", "counters: " + (zone.stat_bytes.empty() ? "not known" : stat_list(zone.stat_bytes)), width);
        }
    }
    return lines;
}

} // namespace oomtrace::terminal
