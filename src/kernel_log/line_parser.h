// SPDX-License-Identifier: Apache-2.0
//
// line_parser.h: one line of the kernel's text into the report that it belongs to. A line is known by its shape, never by the
// kernel's version: distributions backport.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel_log/parsed_report.h"

namespace oomtrace::kernel_log
{

// What a line is, before anybody looks inside.
enum class LineKind : std::uint8_t {
    unknown,
    invocation,   // "x invoked oom-killer: ...": begins a report
    other_report, // "page allocation failure", "Show Memory": has a Mem-Info too, which is not ours
    cpu,          // "CPU: 1 PID: 2 Comm: x ..."
    cpuset,       // "x cpuset=/ mems_allowed=0"
    stack,        // the call trace and the registers
    mem_info,     // the head of Mem-Info
    totals,
    node,
    zone,
    lowmem_reserve,
    free_blocks,
    per_cpu, // "CPU    0: hi:  186, btch:  31 usd: 103"
    hugepages,
    page_count,
    swap,
    slab_header,
    slab,
    memcg_task, // "Task in A killed as a result of limit of B"
    memcg_counter,
    memcg_stats,
    memcg_stat,
    memcg_protection,
    table_title,
    table_header,
    table_row,
    summary,
    score,
    kill,
    already_exiting,
    group,
    mm_pinned,
    reaped,
    no_killable,
    panic,
    sysrq,
};

// Where in a report the parser is: some lines mean something only after others.
struct ParserState {
    bool in_memcg_stats = false;
    bool in_slabs = false;
    std::size_t zone = SIZE_MAX; // index into ParsedReport::zones of the last zone line
};

// By its first characters; cheap.
LineKind classify(std::string_view text, const ParserState &state);

// Takes the line into the report. False: on a closer look it is not of that kind, or it is damaged; nothing was taken.
bool parse_line(LineKind kind, std::string_view text, const LogLine &line, ParsedReport &report, ParserState &state);

// The groups of kinds, one file each.
bool parse_head_line(LineKind kind, std::string_view text, ParsedReport &report);
bool parse_memory_line(LineKind kind, std::string_view text, ParsedReport &report, ParserState &state);
bool parse_memcg_line(LineKind kind, std::string_view text, ParsedReport &report, ParserState &state);
bool parse_table_line(LineKind kind, std::string_view text, ParsedReport &report);
bool parse_choice_line(LineKind kind, std::string_view text, const LogLine &line, ParsedReport &report);

// "0,2-3" as [0, 2, 3]; nothing for "(null)", and for what is no such list.
std::optional<std::vector<std::uint32_t>> parse_node_list(std::string_view text);

// Rows of the task table that are kept of one report: as many as `oomtrace explain` has room for in 64 MiB.
inline constexpr std::size_t most_rows = 120'000;

} // namespace oomtrace::kernel_log
