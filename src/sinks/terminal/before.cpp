// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/before.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/table.h"
#include "sinks/terminal/units.h"

namespace oomtrace::terminal
{

namespace
{

std::string over_text(const std::optional<std::uint64_t> &duration_ns)
{
    return duration_ns ? fmt::format(" over {}", duration_text(*duration_ns)) : "";
}

std::string reclaim_text(const ReclaimRetries &reclaim)
{
    if (reclaim.rounds == 0)
        return "no further round of reclaim was considered";
    std::string text = counted(reclaim.rounds, "round", "rounds") + " of reclaim" + over_text(reclaim.duration_ns);
    const std::int32_t idle = reclaim.no_progress_loops.value_or(0);
    if (idle > 0 && static_cast<std::uint32_t>(idle) >= reclaim.rounds)
        text += reclaim.rounds == 1 ? ", which freed nothing" : ", none of which freed anything";
    else if (idle > 0)
        text += idle == 1 ? ", the last of which freed nothing" : fmt::format(", the last {} of which freed nothing", idle);
    return text;
}

std::string judgement(const RetriedZone &zone, std::int32_t order)
{
    if (zone.wmark_check)
        return "enough for another round";
    if (zone.available_bytes == zone.min_wmark_bytes)
        return "no more than that";
    if (zone.available_bytes < zone.min_wmark_bytes)
        return fmt::format("short by {}", bytes_text(zone.min_wmark_bytes - zone.available_bytes));
    return order > 0 ? "reserved, or no block so large" : "rest is reserved";
}

Table zone_table(const ReclaimRetries &reclaim)
{
    const bool several_nodes = std::any_of(reclaim.zones.begin(), reclaim.zones.end(),
                                           [&](const RetriedZone &zone) { return zone.node != reclaim.zones.front().node; });
    std::vector<Column> columns = {
        {"zone", Align::left}, {"can be reclaimed"}, {"with what is free"}, {"min to be left"}, {"", Align::left}};
    if (several_nodes)
        columns.insert(columns.begin(), {"node"});
    Table table(std::move(columns));
    for (const RetriedZone &zone : reclaim.zones) {
        std::vector<Cell> cells;
        if (several_nodes)
            cells.push_back({fmt::format("{}", zone.node)});
        cells.push_back({zone.name.empty() ? fmt::format("number {}", zone.index) : safe_text(zone.name)});
        for (const auto member :
             {&RetriedZone::reclaimable_bytes, &RetriedZone::available_bytes, &RetriedZone::min_wmark_bytes})
            cells.push_back({bytes_text(zone.*member)});
        cells.push_back({judgement(zone, reclaim.order.value_or(0)), zone.wmark_check ? Style::plain : Style::warning});
        table.add_row(std::move(cells));
    }
    return table;
}

std::string compaction_text(const CompactionRetries &compaction)
{
    if (compaction.checks == 0)
        return "none was considered again";
    std::string text = fmt::format("considered again {}{}, for order {}", counted(compaction.checks, "time", "times"),
                                   over_text(compaction.duration_ns), compaction.order.value_or(0));
    text += fmt::format("; the last ({}) ended as {}", compaction.priority ? name_of(*compaction.priority) : "unknown priority",
                        compaction.result ? name_of(*compaction.result) : "not known");
    text += fmt::format(", retry {} of {}, {}", compaction.retries.value_or(0), compaction.max_retries.value_or(0),
                        compaction.again.value_or(false) ? "to be tried again" : "not to be tried again");
    return text;
}

} // namespace

Lines before_lines(const Incident &incident, bool full, std::size_t width)
{
    const auto &[reclaim, compaction] = incident.before;
    const bool any = (reclaim && reclaim->rounds != 0) || (compaction && compaction->checks != 0);
    if ((!reclaim && !compaction) || (!any && !full && incident.scope != Scope::global))
        return {};
    Lines lines = section("BEFORE", reclaim ? reclaim_text(*reclaim) : "rounds of reclaim were not watched", width);
    if (reclaim && !reclaim->zones.empty()) {
        zone_table(*reclaim).add_to(lines, 2, width);
        if (reclaim->zones_left_out != 0)
            add_labelled(lines, "", fmt::format("and {} more zones", count_text(std::uint64_t{reclaim->zones_left_out})),
                         width);
    }
    if (compaction && (compaction->checks != 0 || full))
        add_labelled(lines, "compaction", compaction_text(*compaction), width);
    return lines;
}

} // namespace oomtrace::terminal
