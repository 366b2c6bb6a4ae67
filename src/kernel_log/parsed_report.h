// SPDX-License-Identifier: Apache-2.0
//
// parsed_report.h: one OOM report as its lines have it, before anything is worked out. A value that no line had is an empty
// optional or an empty container. Units are those of the line: pages for the tables and the first block of Mem-Info, bytes
// where the line says kB.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel_log/line_prefix.h"
#include "oomtrace/incident.h"

namespace oomtrace::kernel_log
{

// A row of the task table.
struct TaskRow {
    std::uint32_t pid = 0, tgid = 0, uid = 0;
    std::uint64_t total_vm_pages = 0, rss_pages = 0;
    std::uint64_t rss_anon_pages = 0, rss_file_pages = 0, rss_shmem_pages = 0;
    std::uint64_t swap_entries = 0;
    std::uint64_t page_tables = 0; // bytes, or pages: TableShape tells
    std::int32_t oom_score_adj = 0, oom_adj = 0;
    std::string comm;
};

// Which columns the header named.
enum class Column : std::uint8_t {
    uid,
    tgid,
    total_vm,
    rss,
    rss_anon,
    rss_file,
    rss_shmem,
    pgtables_bytes,
    nr_ptes,
    nr_pmds,
    nr_puds,
    swapents,
    oom_score_adj,
    oom_adj,
    other, // "cpu", and what a distribution added
};

struct TableShape {
    std::vector<Column> columns; // without pid, which is in the brackets, and the name at the end; add() adds one
    [[nodiscard]] bool has(Column column) const { return (present_ >> static_cast<unsigned>(column) & 1) != 0; }
    void add(Column column)
    {
        columns.push_back(column);
        present_ |= 1U << static_cast<unsigned>(column);
    }

  private:
    std::uint32_t present_ = 0;
};

struct KillLine {
    std::string message; // "Out of memory"; empty: the line begins with "Killed process"
    std::uint32_t pid = 0;
    std::string comm;
    std::optional<std::uint64_t> total_vm_bytes, rss_anon_bytes, rss_file_bytes, rss_shmem_bytes, pgtables_bytes;
    std::optional<std::uint32_t> uid;
    std::optional<std::int32_t> oom_score_adj;
    bool shares_mm = false; // "Kill process N (x) sharing same memory"
    std::optional<std::uint64_t> monotonic_ns;
};

// "Out of memory: Kill process N (x) score S or sacrifice child": until 5.0.
struct ScoreLine {
    std::string message;
    std::uint32_t pid = 0;
    std::string comm;
    std::int64_t score = 0;
    bool classic = false; // "kill process ... or a child": until 2.6.35
};

struct NamedPid {
    std::uint32_t pid = 0;
    std::string comm;
};

// Killed by an earlier report of the same host.
struct EarlierVictim {
    std::uint32_t pid = 0;
    bool reaped = false; // its memory was taken by the reaper: the kernel passes it over
};

struct ReapedLine {
    std::uint32_t pid = 0;
    std::uint64_t left_bytes = 0; // rss of all kinds that the reaper left
    bool unable = false;
    std::optional<std::uint64_t> monotonic_ns;
};

struct SummaryLine {
    std::optional<Constraint> constraint;
    std::optional<std::vector<std::uint32_t>> nodemask; // absent: (null)
    std::string cpuset;
    std::vector<std::uint32_t> mems_allowed;
    std::optional<std::string> oom_memcg; // absent: global_oom
    std::string task_memcg, task;
    std::uint32_t pid = 0, uid = 0;
    std::optional<std::uint64_t> monotonic_ns;
};

struct ZoneLines {
    std::uint32_t node = 0;
    std::string name;
    NamedValues bytes; // the values with a unit, by the kernel's names
    std::optional<std::uint64_t> pages_scanned;
    std::optional<bool> all_unreclaimable;
    std::vector<std::uint64_t> lowmem_reserve_pages;
    std::vector<FreeBlockCount> free_blocks;
    bool watermarks = false; // its own line was seen, not only the one of its free blocks
};

struct NodeLine {
    NamedValues bytes;
    std::optional<bool> all_unreclaimable;
};

struct MemcgCounterLine {
    std::uint64_t usage_bytes = 0, limit_bytes = 0, failcnt = 0;
};

// In the order in which a report has them: a few are alive at a time, and their padding does not matter.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct ParsedReport {
    // Where it stands in the log.
    std::string host;
    std::string caller;
    std::string logged_at;
    std::optional<std::uint64_t> monotonic_ns; // of its first line
    std::optional<std::int64_t> realtime_ns;
    std::uint64_t text_hash = 0; // of all lines that were understood
    std::uint64_t lines = 0;
    std::uint64_t unread_lines = 0; // among its own, of no shape that is known

    // "x invoked oom-killer: ..."
    bool has_invocation = false;
    std::string trigger_comm;
    std::optional<std::uint32_t> gfp_mask;
    std::string gfp_names;
    std::optional<std::int32_t> order;
    std::optional<std::int32_t> trigger_oom_score_adj, trigger_oom_adj;
    bool has_nodemask = false; // 4.7 to 4.20 have it in the first line
    std::optional<std::vector<std::uint32_t>> nodemask;
    std::string cpuset; // "x cpuset=/ mems_allowed=0": until 4.20
    std::optional<std::vector<std::uint32_t>> mems_allowed;

    // "CPU: 1 PID: 2 Comm: x Not tainted 6.1.0 ..."
    std::optional<std::uint32_t> trigger_pid, trigger_uid;
    std::string kernel;
    std::vector<StackFrame> stack;
    bool x86_registers = false;
    bool sysrq = false;

    // Mem-Info
    bool mem_info = false;
    NamedValues totals_pages;
    std::map<std::uint32_t, NodeLine> nodes;
    std::vector<ZoneLines> zones;
    std::vector<LogFacts::Hugepages> hugepages;
    NamedValues page_counts;
    NamedValues swap_cache;
    std::optional<std::uint64_t> swap_free_bytes, swap_total_bytes;
    std::vector<LogFacts::Slab> slabs;

    // The cgroup.
    std::optional<std::string> task_memcg_v1, oom_memcg_v1; // "Task in A killed as a result of limit of B": until 4.20
    std::map<std::string, MemcgCounterLine> memcg;          // "memory", "swap", "memory+swap", "kmem"
    std::string memcg_stats_path;
    bool has_memcg_stats = false;
    NamedValues memcg_stats;
    std::optional<std::uint64_t> memcg_min_protection_bytes, memcg_low_protection_bytes;

    // The table.
    std::optional<TableShape> table;
    std::deque<TaskRow> rows;        // a vector that grows has them twice
    std::uint64_t rows_dropped = 0;  // beyond the most that are kept
    std::uint64_t rows_unplaced = 0; // whose header was cut off
    std::uint64_t rows_damaged = 0;

    // What it did.
    std::optional<SummaryLine> summary;
    std::optional<ScoreLine> score;
    std::vector<KillLine> kills;
    std::string group_path;
    std::vector<NamedPid> already_exiting;
    std::vector<std::string> mm_pinned_by;
    std::vector<ReapedLine> reaped;
    bool no_killable = false;
    std::string panic;

    // What the log says of this boot before the report.
    std::vector<EarlierVictim> earlier_victims;
    std::optional<std::uint64_t> boot_swap_total_bytes;
    std::string boot_kernel; // the release of which that was said

    std::uint64_t host_page_size = 0; // of the host whose log it is; 0: not known but from the report

    bool foreign_lines = false; // another report came in between
    bool cut_by_next = false;   // the next one began before this one had ended
    [[nodiscard]] bool is_before_choice() const { return !summary && kills.empty() && !no_killable && panic.empty(); }
    [[nodiscard]] bool is_over() const { return !kills.empty() || no_killable || !panic.empty() || !already_exiting.empty(); }
};

} // namespace oomtrace::kernel_log
