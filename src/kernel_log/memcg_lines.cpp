// SPDX-License-Identifier: Apache-2.0
//
// What a report says of the cgroup whose limit fired.
#include "kernel_log/line_parser.h"
#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

constexpr std::size_t most_stats = 1024;

// memory: usage 65536kB, limit 65536kB, failcnt 132
bool parse_counter(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text};
    const auto name = cursor.take_until(": usage ");
    const auto usage = cursor.take_number<std::uint64_t>();
    if (!name || !usage || !cursor.take("kB, limit "))
        return false;
    const auto limit = cursor.take_number<std::uint64_t>();
    if (!limit || !cursor.take("kB, failcnt "))
        return false;
    const auto failcnt = cursor.take_number<std::uint64_t>();
    if (!failcnt || *usage > UINT64_MAX / 1024 || *limit > UINT64_MAX / 1024)
        return false;
    return report.memcg.emplace(*name, MemcgCounterLine{*usage * 1024, *limit * 1024, *failcnt}).second;
}

// Memory cgroup stats for /limited:     and, before 5.x, on the same line: cache:0KB rss:1000KB ...     or anon 1 (next lines)
bool parse_stats(std::string_view text, ParsedReport &report, ParserState &state)
{
    constexpr std::string_view head = "Memory cgroup stats";
    TextCursor cursor{text.substr(head.size())};
    std::string_view path;
    if (cursor.take(" for ")) {
        // A path may hold colons; the counters that may follow it have none before their first value.
        const std::size_t end = cursor.rest.ends_with(':') ? cursor.rest.size() - 1 : cursor.rest.find(": ");
        if (end == std::string_view::npos)
            return false;
        path = cursor.rest.substr(0, end);
        cursor.rest.remove_prefix(end + 1);
    } else {
        cursor.take(":");
    }
    const bool first = !report.has_memcg_stats;
    if (first) {
        report.has_memcg_stats = true;
        report.memcg_stats_path = path;
    }
    state.in_memcg_stats = first;
    cursor.skip_spaces();
    while (!cursor.at_end()) { // of the children, until 4.x: named by their path
        const auto name = cursor.take_until(":");
        const auto value = name ? cursor.take_number<std::uint64_t>() : std::nullopt;
        if (!value)
            break;
        const bool kilobytes = cursor.take("KB") || cursor.take("kB");
        if ((kilobytes && *value > UINT64_MAX / 1024) || report.memcg_stats.size() >= most_stats)
            break;
        std::string key(*name);
        if (!first)
            key.insert(0, std::string(path).append(":"));
        report.memcg_stats.emplace(std::move(key), kilobytes ? *value * 1024 : *value);
        cursor.skip_spaces();
    }
    return true;
}

// anon 64868352
bool parse_stat(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text};
    const auto name = cursor.take_until(" ");
    const auto value = cursor.take_number<std::uint64_t>();
    if (!name || !value || report.memcg_stats.size() >= most_stats)
        return false;
    report.memcg_stats.emplace(*name, *value);
    return true;
}

// Task in /a/b killed as a result of limit of /a
bool parse_task(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text.substr(8)};
    const auto task = cursor.take_until(" killed");
    if (!task)
        return false;
    report.task_memcg_v1 = *task;
    if (cursor.take_until("as a result of limit of "))
        report.oom_memcg_v1 = without_trailing_spaces(cursor.rest);
    return true;
}

// Memory cgroup min protection 0kB -- low protection 0kB
bool parse_protection(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text};
    if (!cursor.take("Memory cgroup min protection "))
        return false;
    const auto min = cursor.take_number<std::uint64_t>();
    if (!min || !cursor.take("kB -- low protection "))
        return false;
    const auto low = cursor.take_number<std::uint64_t>();
    if (!low || *min > UINT64_MAX / 1024 || *low > UINT64_MAX / 1024)
        return false;
    report.memcg_min_protection_bytes = *min * 1024;
    report.memcg_low_protection_bytes = *low * 1024;
    return true;
}

} // namespace

bool parse_memcg_line(LineKind kind, std::string_view text, ParsedReport &report, ParserState &state)
{
    switch (kind) {
    case LineKind::memcg_counter:
        return parse_counter(text, report);
    case LineKind::memcg_stats:
        return parse_stats(text, report, state);
    case LineKind::memcg_stat:
        return parse_stat(text, report);
    case LineKind::memcg_task:
        return parse_task(text, report);
    default:
        return parse_protection(text, report);
    }
}

} // namespace oomtrace::kernel_log
