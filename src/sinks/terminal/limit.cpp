// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/limit.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sinks/known.h"
#include "sinks/terminal/names.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/table.h"
#include "sinks/terminal/units.h"

namespace oomtrace::terminal
{

namespace
{

constexpr std::size_t path_width = 32;
constexpr const char *no_limit = "no limit";

std::string level_name(const MemcgLevel &level)
{
    return level.path.empty() ? "(path not known)" : safe_path_tail(level.path, path_width);
}

std::string max_text(const std::optional<std::uint64_t> &max)
{
    return max ? exact_bytes_text(*max) : no_limit;
}

std::string used_share(const LimitCounter &counter)
{
    if (!counter.max_bytes || *counter.max_bytes == 0)
        return "";
    return percent_text(static_cast<double>(counter.usage_bytes) / static_cast<double>(*counter.max_bytes));
}

std::string role_text(const MemcgLevel &level)
{
    std::string text;
    const auto add = [&](bool applies, const char *what) {
        if (applies)
            text += fmt::format("{}{}", text.empty() ? "" : ", ", what);
    };
    add(level.victim_lives_here, "victim");
    add(level.trigger_lives_here, "asker");
    return text;
}

bool is_v1(const MemcgLimit &memcg)
{
    return std::any_of(memcg.levels.begin(), memcg.levels.end(),
                       [](const MemcgLevel &level) { return level.memory_and_swap.has_value(); });
}

Table level_table(const MemcgLimit &memcg)
{
    const bool v1 = is_v1(memcg);
    const bool has_events =
        std::any_of(memcg.levels.begin(), memcg.levels.end(), [](const MemcgLevel &level) { return level.events.has_value(); });
    std::vector<Column> columns = {{"  cgroup", Align::left}, {"memory"},  {"max"}, {"used"}, {v1 ? "mem+swap" : "swap"},
                                   {v1 ? "max" : "swap max"}, {"max hits"}};
    if (has_events) {
        columns.push_back({"OOMs"});
        columns.push_back({"kills"});
    }
    columns.push_back({"home of", Align::left});
    Table table(std::move(columns));
    for (const MemcgLevel &level : memcg.levels) {
        const bool counted_here = has_counters(level);
        const std::optional<LimitCounter> &second = v1 ? level.memory_and_swap : level.swap;
        const bool shows_second = counted_here && second.has_value();
        std::vector<Cell> cells = {
            {(level.fired ? "> " : "  ") + level_name(level)},
            {counted_here ? bytes_text(level.memory.usage_bytes) : "-"},
            {counted_here ? max_text(level.memory.max_bytes) : "-"},
            {counted_here ? used_share(level.memory) : ""},
            {shows_second ? bytes_text(second->usage_bytes) : "-"},
            {shows_second ? max_text(second->max_bytes) : "-"},
            {counted_here ? count_text(level.memory.failcnt + (v1 && second ? second->failcnt : 0)) : "-"},
        };
        if (has_events) {
            cells.push_back({level.events ? count_text(level.events->oom) : "-"});
            cells.push_back({level.events ? count_text(level.events->oom_kill) : "-"});
        }
        cells.push_back({role_text(level)});
        table.add_row(std::move(cells), level.fired ? Style::alert : Style::plain);
    }
    return table;
}

// Exact, because a rounded usage reads as if the limit had been passed or not been reached.
std::string limit_text(const MemcgLimit &memcg)
{
    const FiredLimit limit = fired_limit(memcg);
    if (!limit.max_bytes || !limit.usage_bytes)
        return "which one fired is not known";
    const std::string text =
        fmt::format("{}{}", exact_bytes_text(*limit.max_bytes), limit.kind.empty() ? "" : " of memory+swap");
    if (*limit.usage_bytes == *limit.max_bytes)
        return text + ", all of it used";
    if (*limit.usage_bytes > *limit.max_bytes)
        return fmt::format("{}, passed by {}", text, bytes_text(*limit.usage_bytes - *limit.max_bytes));
    return fmt::format("{}, {} of it left", text, bytes_text(*limit.max_bytes - *limit.usage_bytes));
}

} // namespace

Lines limit_lines(const Incident &incident, std::size_t width)
{
    const MemcgLimit &memcg = incident.memcg;
    if (memcg.levels.empty() && !memcg.path)
        return {};
    Lines lines = incident.scope == Scope::memcg ? section("LIMIT", limit_text(memcg), width)
                                                 : section("CGROUPS", "of the victim; none of their limits fired", width);
    if (memcg.path && display_width(safe_text(*memcg.path)) > path_width)
        add_labelled(lines, "cgroup", safe_text(*memcg.path), width);
    if (!memcg.levels.empty())
        level_table(memcg).add_to(lines, 2, width);
    if (const MemcgLevel *group = group_level(memcg))
        add_labelled(lines, "group", fmt::format("{} has memory.oom.group set: it is killed as a whole", level_name(*group)),
                     width);
    return lines;
}

Lines limit_detail_lines(const Incident &incident, std::size_t width)
{
    const MemcgLimit &memcg = incident.memcg;
    if (memcg.levels.empty())
        return {};
    Table table({{"cgroup", Align::left},
                 {"id"},
                 {"version"},
                 {"high"},
                 {"low"},
                 {"min"},
                 {"peak"},
                 {"kernel memory"},
                 {"swappiness"},
                 {"at limit"},
                 {"", Align::left}});
    for (const MemcgLevel &level : memcg.levels) {
        const bool counted_here = has_counters(level);
        const LimitCounter &memory = level.memory;
        table.add_row({{level_name(level)},
                       {level.id == 0 ? "-" : fmt::format("{}", level.id)},
                       {level.v2 ? "v2" : "v1"},
                       {counted_here ? memory.high_known ? max_text(memory.high_bytes) : "?" : "-"},
                       {counted_here ? bytes_or_unknown(memory.low_bytes) : "-"},
                       {counted_here ? bytes_or_unknown(memory.min_bytes) : "-"},
                       {counted_here ? bytes_or_unknown(memory.peak_bytes) : "-"},
                       {level.kmem ? bytes_text(level.kmem->usage_bytes) : "-"},
                       {level.swappiness ? fmt::format("{}", *level.swappiness) : "-"},
                       {level.events ? count_text(level.events->max) : "-"},
                       {level.oom_kill_disable ? "OOM killer disabled" : ""}});
    }
    Lines lines = section("CGROUPS", "protection, throttling and settings; innermost first", width);
    table.add_to(lines, 2, width);
    return lines;
}

} // namespace oomtrace::terminal
