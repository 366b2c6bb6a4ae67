// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/line_parser.h"

#include <algorithm>
#include <array>

#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

bool has(std::string_view text, std::string_view part)
{
    return find_part(text, part) != std::string_view::npos;
}

bool is_zone_name(std::string_view word)
{
    constexpr std::array<std::string_view, 6> names = {"DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"};
    for (const std::string_view name : names) {
        if (equal_but_case(word, name))
            return true;
    }
    return false;
}

// "Node 0 DMA free:", "DMA free:", "Node 0 DMA: 1*4kB", "DMA: empty", "Node 0 active_anon:", "Node 0 hugepages_total=".
LineKind classify_zone(std::string_view text)
{
    TextCursor cursor{text};
    const bool with_node = cursor.take("Node ");
    if (with_node) {
        if (!cursor.take_number<std::uint32_t>())
            return LineKind::unknown;
        cursor.skip_spaces();
        if (begins(cursor.rest, "hugepages_total="))
            return LineKind::hugepages;
        if (begins(cursor.rest, "active_anon:"))
            return LineKind::node;
    }
    const std::size_t end = cursor.rest.find_first_of(": ");
    if (end == std::string_view::npos || end == 0)
        return LineKind::unknown;
    const std::string_view name = cursor.rest.substr(0, end);
    // With a node any name may stand there; without, only the kernel's own: other lines begin with a word as well.
    if (!with_node && !is_zone_name(name))
        return LineKind::unknown;
    const bool colon = cursor.rest[end] == ':';
    const std::string_view rest = without_leading_spaces(cursor.rest.substr(end + 1));
    if (!colon && begins(rest, "free:"))
        return LineKind::zone;
    if (!colon && begins(rest, "per-cpu:"))
        return LineKind::per_cpu;
    if (colon && (begins(rest, "empty") || (!rest.empty() && is_digit(rest.front()) && has(rest.substr(0, 24), "*"))))
        return LineKind::free_blocks;
    return LineKind::unknown;
}

LineKind classify_counts(std::string_view text)
{
    const std::size_t digits = text.find_first_not_of("0123456789");
    if (digits == std::string_view::npos)
        return LineKind::unknown;
    const std::string_view rest = text.substr(digits);
    constexpr std::array<std::string_view, 4> tails = {" pages ", " total pagecache pages", " pagecache pages",
                                                       " reserved pages"};
    for (const std::string_view tail : tails) {
        if (begins_with(rest, tail))
            return LineKind::page_count;
    }
    return LineKind::unknown;
}

LineKind classify_totals(std::string_view text)
{
    const std::string_view trimmed = without_leading_spaces(text);
    const std::size_t colon = trimmed.substr(0, 32).find(':');
    if (colon == std::string_view::npos || colon + 1 >= trimmed.size() || !is_digit(trimmed[colon + 1]))
        return LineKind::unknown;
    constexpr std::array<std::string_view, 11> names = {
        "Active:",           "active_anon:", "active_file:", "unevictable:",    "dirty:",
        "slab_reclaimable:", "mapped:",      "free:",        "sec_pagetables:", "kernel_misc_reclaimable:",
        "inactive:"};
    for (const std::string_view name : names) {
        if (begins_with(trimmed, name) && trimmed.size() > name.size() && is_digit(trimmed[name.size()]))
            return LineKind::totals;
    }
    return LineKind::unknown;
}

// " ? dump_stack+0x6b/0x83"
bool is_stack_frame(std::string_view text)
{
    const std::size_t plus = find_part(text, "+0x");
    return plus < 100 && has(text.substr(plus), "/0x");
}

// "RSP: 002b:00007ffc523aed90 EFLAGS: 00000206", "x29: ffff...", "EAX: ..."
bool is_register(std::string_view text)
{
    return text.size() > 4 && (text[3] == ':' || (text[3] == ' ' && text[4] == ':')) &&
           (text[0] == 'R' || text[0] == 'E' || text[0] == 'x') && (is_letter(text[1]) || is_digit(text[1]));
}

bool is_stack_line(std::string_view text)
{
    const std::string_view trimmed = without_leading_spaces(text);
    constexpr std::array<std::string_view, 16> heads = {
        "Call Trace:", "<TASK>", "</TASK>", "Hardware name:", "Workqueue:", "RIP: ",   "Code: ", "[<",
        "Call trace:", "EIP: ",  "pc : ",   "lr : ",          "sp : ",      "Stack: ", "<IRQ>",  "Trace:"};
    for (const std::string_view head : heads) {
        if (begins_with(trimmed, head))
            return true;
    }
    return is_register(trimmed) || is_stack_frame(text);
}

// Registers and code, told without the searches for what other lines have in them. A line that begins with the name of a task
// is none: names have 15 bytes at most, and what follows them has other letters than these.
bool is_dump(std::string_view text)
{
    constexpr std::size_t head = 5, looked_at = 16;
    return (is_register(text) || begins(text, "Code:")) && text.size() >= head + looked_at &&
           std::all_of(text.begin() + head, text.begin() + head + looked_at,
                       [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == ' '; });
}

LineKind classify_kill(std::string_view text)
{
    if (has(text, " is already exiting. Skip killing the task"))
        return LineKind::already_exiting;
    const std::size_t at = find_part(text, "illed process ");
    if (at != std::string_view::npos && at > 0 && (at == 1 || text.substr(0, at - 1).ends_with(": "))) {
        const std::string_view rest = text.substr(at + 14);
        if (!rest.empty() && is_digit(rest.front()))
            return LineKind::kill;
    }
    const std::size_t kill = find_part(text, "ill process ");
    if (kill != std::string_view::npos && kill > 0 && (kill == 1 || text.substr(0, kill - 1).ends_with(": "))) {
        const std::string_view rest = text.substr(kill + 12);
        if (!rest.empty() && is_digit(rest.front())) {
            if (has(rest, " score "))
                return LineKind::score;
            if (has(rest, " sharing same memory"))
                return LineKind::kill;
        }
    }
    if (begins(text, "Out of memory and no killable processes"))
        return LineKind::no_killable;
    return LineKind::unknown;
}

LineKind classify_by_first(std::string_view text, const ParserState &state)
{
    switch (text.front()) {
    case '[':
        if (const std::string_view inside = without_leading_spaces(text.substr(1));
            begins(inside, "pid ") || begins(inside, "pid]"))
            return LineKind::table_header;
        else if (!inside.empty() && is_digit(inside.front()) && has(inside.substr(0, 24), "]"))
            return LineKind::table_row;
        break;
    case 'N':
        if (begins(text, "Node "))
            return classify_zone(text);
        if (begins(text, "Normal"))
            return classify_zone(text);
        break;
    case 'n':
    case 'D':
    case 'd':
    case 'H':
    case 'h':
        if (const LineKind kind = classify_zone(text); kind != LineKind::unknown)
            return kind;
        break;
    case 'C':
        if (begins(text, "CPU ") && has(text, ": hi:"))
            return LineKind::per_cpu;
        if (begins(text, "CPU: ") && has(text, " PID: ") && has(text, " Comm: "))
            return LineKind::cpu;
        break;
    case 'P':
        if (begins(text, "Pid: ") && has(text, ", comm: "))
            return LineKind::cpu;
        break;
    case 'M':
    case 'm':
        if (begins(text, "Mem-Info:") || begins(text, "Mem-info:"))
            return LineKind::mem_info;
        if (begins(text, "Memory cgroup stats for ") || begins(text, "Memory cgroup stats"))
            return LineKind::memcg_stats;
        if (begins(text, "Memory cgroup min protection "))
            return LineKind::memcg_protection;
        if (begins(text, "memory: usage ") || begins(text, "memory+swap: usage "))
            return LineKind::memcg_counter;
        if (begins(text, "Movable") || begins(text, "movable"))
            return classify_zone(text);
        break;
    case 's':
    case 'S':
        if (begins(text, "swap: usage "))
            return LineKind::memcg_counter;
        if (begins(text, "Swap cache"))
            return LineKind::swap;
        if ((begins(text, "sysrq: ") || begins(text, "SysRq : ")) && has(text, "anual OOM execution"))
            return LineKind::sysrq;
        if ((begins(text, "sysrq: ") || begins(text, "SysRq : ")) && has(text, "Show Memory"))
            return LineKind::other_report;
        break;
    case 'k':
        if (begins(text, "kmem: usage "))
            return LineKind::memcg_counter;
        break;
    case 'F':
    case 'T':
        if (begins(text, "Free swap") || begins(text, "Total swap"))
            return LineKind::swap;
        if (begins(text, "Tasks state (memory values in pages):"))
            return LineKind::table_title;
        if (begins(text, "Tasks in ") && has(text, " are going to be killed due to memory.oom.group set"))
            return LineKind::group;
        if (begins(text, "Task in ") && has(text, " killed"))
            return LineKind::memcg_task;
        break;
    case 'l':
    case 'p':
        if (begins(text, "lowmem_reserve") || begins(text, "protections[]"))
            return LineKind::lowmem_reserve;
        break;
    case 'U':
        if (begins(text, "Unreclaimable slab info:"))
            return LineKind::slab_header;
        break;
    case 'o':
        if (begins(text, "oom-kill:constraint="))
            return LineKind::summary;
        if (begins(text, "oom_reaper: "))
            return LineKind::reaped;
        if (begins(text, "oom killer ") && has(text, " has mm pinned by "))
            return LineKind::mm_pinned;
        break;
    case 'O':
        if (begins(text, "OOM killer: ") || begins(text, "OOM request ignored"))
            return LineKind::no_killable;
        break;
    case 'K':
        if (begins(text, "Kernel panic") &&
            (has(text, "panic_on_oom") || has(text, "deadlocked on memory") || has(text, "no killable processes")))
            return LineKind::panic;
        break;
    default:
        break;
    }
    if (is_digit(text.front()))
        return classify_counts(text);
    if (state.in_memcg_stats && is_letter(text.front())) {
        const std::size_t space = text.find(' ');
        if (space != std::string_view::npos && space + 1 < text.size() &&
            text.find_first_not_of("0123456789", space + 1) == std::string_view::npos)
            return LineKind::memcg_stat;
    }
    return LineKind::unknown;
}

} // namespace

LineKind classify(std::string_view text, const ParserState &state)
{
    if (text.empty())
        return LineKind::unknown;
    const LineKind first = classify_by_first(text, state);
    if (first != LineKind::unknown)
        return first;
    // Most lines of a report that come this far are of the call trace, or of the first block of Mem-Info.
    if (text.front() == ' ') {
        if (is_stack_frame(text))
            return LineKind::stack;
        if (const LineKind kind = classify_totals(text); kind != LineKind::unknown)
            return kind;
        if (is_stack_line(text))
            return LineKind::stack;
    }
    if (is_dump(text))
        return LineKind::stack;
    if (has(text, "oom-killer: gfp_mask="))
        return LineKind::invocation;
    if (const LineKind kind = classify_kill(text); kind != LineKind::unknown)
        return kind;
    if (const LineKind kind = classify_totals(text); kind != LineKind::unknown)
        return kind;
    if (has(text, ": page allocation failure") || has(text, ": page allocation stalls for "))
        return LineKind::other_report;
    if (has(text, " cpuset=") && has(text, " mems_allowed="))
        return LineKind::cpuset;
    if (is_stack_line(text))
        return LineKind::stack;
    if (state.in_slabs)
        return LineKind::slab;
    return LineKind::unknown;
}

bool parse_line(LineKind kind, std::string_view text, const LogLine &line, ParsedReport &report, ParserState &state)
{
    const bool memcg_stat = kind == LineKind::memcg_stat || kind == LineKind::memcg_stats;
    if (!memcg_stat)
        state.in_memcg_stats = false;
    if (kind != LineKind::slab)
        state.in_slabs = kind == LineKind::slab_header;
    switch (kind) {
    case LineKind::unknown:
    case LineKind::other_report:
        return false;
    case LineKind::per_cpu: // the lists of each processor; nothing in an incident comes from them
    case LineKind::table_title:
    case LineKind::slab_header:
        return true;
    case LineKind::mem_info:
        report.mem_info = true;
        return true;
    case LineKind::sysrq:
        report.sysrq = true;
        return true;
    case LineKind::invocation:
    case LineKind::cpu:
    case LineKind::cpuset:
    case LineKind::stack:
        return parse_head_line(kind, text, report);
    case LineKind::totals:
    case LineKind::node:
    case LineKind::zone:
    case LineKind::lowmem_reserve:
    case LineKind::free_blocks:
    case LineKind::hugepages:
    case LineKind::page_count:
    case LineKind::swap:
    case LineKind::slab:
        return parse_memory_line(kind, text, report, state);
    case LineKind::memcg_task:
    case LineKind::memcg_counter:
    case LineKind::memcg_stats:
    case LineKind::memcg_stat:
    case LineKind::memcg_protection:
        return parse_memcg_line(kind, text, report, state);
    case LineKind::table_header:
    case LineKind::table_row:
        return parse_table_line(kind, text, report);
    case LineKind::summary:
    case LineKind::score:
    case LineKind::kill:
    case LineKind::already_exiting:
    case LineKind::group:
    case LineKind::mm_pinned:
    case LineKind::reaped:
    case LineKind::no_killable:
    case LineKind::panic:
        return parse_choice_line(kind, text, line, report);
    }
    return false;
}

std::optional<std::vector<std::uint32_t>> parse_node_list(std::string_view text)
{
    constexpr std::uint32_t most_nodes = 1024; // MAX_NUMNODES of every configuration
    std::vector<std::uint32_t> nodes;
    TextCursor cursor{text};
    while (!cursor.at_end()) {
        const auto first = cursor.take_number<std::uint32_t>();
        if (!first || *first >= most_nodes)
            return std::nullopt;
        std::uint32_t last = *first;
        if (cursor.take("-")) {
            const auto end = cursor.take_number<std::uint32_t>();
            if (!end || *end < *first || *end >= most_nodes)
                return std::nullopt;
            last = *end;
        }
        for (std::uint32_t node = *first; node <= last && nodes.size() < most_nodes; ++node)
            nodes.push_back(node);
        if (!cursor.at_end() && !cursor.take(","))
            return std::nullopt;
    }
    if (nodes.empty())
        return std::nullopt;
    return nodes;
}

} // namespace oomtrace::kernel_log
