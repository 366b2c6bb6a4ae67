// SPDX-License-Identifier: Apache-2.0
//
// incident.h: one whole OOM. Made by reconstruct/ (live or replayed) and by kernel_log/, read by explain/ and the sinks.
//
// Units: memory in bytes (`_bytes`), badness in pages (`points`, `total_pages`: the kernel's own unit), times in
// CLOCK_MONOTONIC nanoseconds (`_ns`). Strings are raw bytes as the kernel keeps them; only a sink escapes them. An empty
// optional means "not known", never "none" and never 0; the group's Provenance says where a value came from, or why there is
// none. An Incident owns all it holds; it has no invariants beyond those named here.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oomtrace/kernel_event.h"
#include "oomtrace/named_values.h"

namespace oomtrace
{

// ---- provenance -----------------------------------------------------------------------------------------------------

enum class Source : std::uint8_t {
    absent,     // not known; `note` says why
    observed,   // a hook saw the kernel's value
    recomputed, // worked out from what hooks read
    kernel_log, // the kernel's own report
    procfs,     // read by user space after the fact
};

struct Provenance {
    Source source = Source::absent;
    std::string note; // why absent, or what is inexact about it; may be empty otherwise
};

// One entry per group of facts; the names are the JSON keys of `provenance`.
struct ProvenanceTable {
    Provenance outcome, trigger, allocation, constraint, memcg, nodes, swap, sysctls, candidates, points, victim, kills, after,
        host, before, identity;
};

// ---- the parts ------------------------------------------------------------------------------------------------------

enum class Outcome : std::uint8_t {
    killed,               // one process (and those that share its mm)
    group_kill,           // a memory.oom.group was killed as a whole
    victim_already_dying, // task_will_free_mem(): nothing was weighed, nothing signalled
    aborted,              // an earlier victim, which this run of the tracer did not see killed, is still exiting
    no_killable_task,
    notifier_freed, // an OOM notifier gave memory back
    panic,
    unknown, // the closing record was lost
};

enum class Scope : std::uint8_t { global, memcg, sysrq, unknown };

// A process as the hooks saw it. `pid` is the thread the kernel looked at (as in the kernel's own report), `tgid` the process.
struct Process {
    std::uint32_t pid = 0;  // 0: not known, here and in tgid: no process that an OOM deals with has that number
    std::uint32_t tgid = 0; // not known for a thread of which a log has only the pid
    std::optional<std::uint32_t> ppid;
    std::optional<std::uint32_t> uid;
    std::uint64_t start_boottime_ns = 0; // with tgid: the identity that pid reuse cannot fake; 0: not known
    std::string comm;
    std::int32_t oom_score_adj = 0;      // says nothing where it is not known, see below
    std::uint32_t threads = 0;           // 0: not known
    std::optional<std::string> cgroup;   // path of its memory cgroup as the kernel prints it, "/" at the root
    bool oom_score_adj_known = true;     // false: a log of a kernel that does not print it
    std::optional<std::int32_t> oom_adj; // its predecessor, -17 .. 15, where a log has it (until 2.6.39)
};

// What an address space holds. The rss figures as the kernel's badness reads them. A live record has them all; which of them
// a log lacks is in `unknown`, and such a figure is 0 here.
struct ProcessMemory {
    std::uint64_t total_vm_bytes = 0;
    std::uint64_t rss_anon_bytes = 0;
    std::uint64_t rss_file_bytes = 0;
    std::uint64_t rss_shmem_bytes = 0;
    std::uint64_t swap_bytes = 0;
    std::uint64_t pgtables_bytes = 0;
    std::uint64_t mm = 0;                       // address of the mm_struct; equal for processes that share memory; 0: not known
    std::optional<std::uint64_t> rss_sum_bytes; // where only the sum is printed (tables before 6.8): then rss_parts is unknown
    struct Unknown {
        bool total_vm = false;
        bool rss_parts = false; // anon, file and shmem
        bool rss_shmem = false; // a kernel before 4.5 counts it with file
        bool swap = false;
        bool pgtables = false;
        bool operator==(const Unknown &) const = default;
    } unknown;

    [[nodiscard]] std::uint64_t rss_bytes() const
    {
        return rss_sum_bytes.value_or(rss_anon_bytes + rss_file_bytes + rss_shmem_bytes);
    }
};

// Whose a cgroup is, as its path says, and what files on the host call it. Never guessed: a field is empty where the path does
// not say it and where the host's files have no name for it.
struct CgroupIdentity {
    std::optional<std::string> container_runtime; // "docker", "containerd", "cri-o", "podman", "nomad", "lxc", "systemd-nspawn"
    std::optional<std::string> container_id, container_name;
    std::optional<std::string> pod_uid, pod_name, pod_namespace;
    std::optional<std::string> pod_qos_class; // "Guaranteed", "Burstable", "BestEffort"
    std::optional<std::string> machine;       // of LXC and systemd-nspawn
    std::optional<std::string> systemd_slice; // the innermost
    std::optional<std::string> systemd_unit; // of the system's manager: "nginx.service", "session-3.scope", "user@1000.service"
    std::optional<std::string> systemd_user_unit;   // of a user's manager
    std::optional<std::string> systemd_session;     // "3"
    std::optional<std::uint32_t> systemd_owner_uid; // whose slice it is in
    bool operator==(const CgroupIdentity &) const = default;
};

// What /proc said of a process, read while its start time proved that it still was the same one.
struct ProcessIdentity {
    std::optional<std::string> cmdline; // arguments with a space between; the first alone where no more may be told
    std::optional<std::string> exe;
    std::string note; // why one of them is absent
    bool operator==(const ProcessIdentity &) const = default;
};

struct StackFrame {
    std::uint64_t address = 0;         // 0: not known (a log prints only the symbol)
    std::optional<std::string> symbol; // "out_of_memory+0x1c"
};

struct Trigger {
    Process process;
    std::optional<std::string> cpuset;
    std::vector<StackFrame> stack; // innermost first
    ProcessIdentity identity;
    CgroupIdentity cgroup_identity; // of its own memory cgroup
};

struct Allocation {
    std::optional<std::uint32_t> gfp_mask;
    std::vector<std::string> gfp_flags; // names, as the kernel composes them: GFP_KERNEL, __GFP_ZERO, ...; unknown bits in hex
    std::optional<std::int32_t> order;  // -1: sysrq
    std::optional<std::vector<std::uint32_t>> nodemask; // empty optional: no mask, or unknown: see nodemask_known
    bool nodemask_known = false;
    std::optional<std::vector<std::uint32_t>> mems_allowed;
    std::optional<std::string> highest_zone; // highest zone the mask allows: "Normal", "Movable", ...
};

// A page_counter in bytes. max/high absent: no limit.
struct LimitCounter {
    std::uint64_t usage_bytes = 0;
    std::optional<std::uint64_t> max_bytes, high_bytes;
    std::optional<std::uint64_t> low_bytes, min_bytes;
    std::optional<std::uint64_t> peak_bytes;
    bool high_known = true; // false: an empty high_bytes says nothing (a log does not print it)
    std::uint64_t failcnt = 0;
};

struct MemcgLevel {
    std::uint64_t id = 0;
    std::string path;
    bool v2 = false;
    bool root = false;
    bool counters_known = true; // false: a log names the level and no more
    bool settings_known = true; // false: oom_group, oom_kill_disable and v2 say nothing when false
    LimitCounter memory;
    std::optional<LimitCounter> swap;            // v2
    std::optional<LimitCounter> memory_and_swap; // v1
    std::optional<LimitCounter> kmem;            // v1
    bool oom_group = false;
    bool oom_kill_disable = false; // v1
    std::optional<std::int32_t> swappiness;
    std::optional<MemcgState::Events> events;
    bool fired = false;             // its limit is the one that could not be met (the kernel's oom_memcg)
    bool victim_lives_here = false; // the victim's own cgroup (the kernel's task_memcg)
    bool trigger_lives_here = false;
};

// The cgroups above the victim (or, without a victim, above the trigger), from the innermost to the root; and the level that
// fired.
struct MemcgLimit {
    std::optional<std::string> path;          // of the level that fired; absent in a global OOM
    std::optional<std::uint64_t> limit_bytes; // absent: no limit (or no level fired)
    std::optional<std::uint64_t> usage_bytes;
    std::vector<MemcgLevel> levels;
    CgroupIdentity identity; // of the level that fired

    [[nodiscard]] const MemcgLevel *fired_level() const // null: none
    {
        const auto found = std::find_if(levels.begin(), levels.end(), [](const MemcgLevel &level) { return level.fired; });
        return found == levels.end() ? nullptr : &*found;
    }
};

struct FreeBlockCount {
    std::uint32_t order = 0;
    std::uint64_t block_bytes = 0;
    std::uint64_t count = 0;
    std::string types; // the kernel's letters U M E H C I of the migrate types present
};

struct Zone {
    std::uint32_t index = 0;
    std::string name;
    std::uint64_t free_bytes = 0;
    std::uint64_t min_bytes = 0, low_bytes = 0, high_bytes = 0; // as the kernel prints them: boost included
    std::optional<std::uint64_t> boost_bytes;
    std::optional<std::uint64_t> managed_bytes, present_bytes, spanned_bytes;
    std::optional<std::uint64_t> reserved_highatomic_bytes;
    std::optional<std::uint64_t> free_highatomic_bytes;
    std::optional<std::uint64_t> cma_bytes, free_cma_bytes, free_pcp_bytes;
    std::vector<std::uint64_t> lowmem_reserve_bytes; // index: zone type
    NamedValues stat_bytes;                          // active_anon, inactive_anon, active_file, ..., mlocked, bounce
    std::vector<FreeBlockCount> free_blocks;         // every order, ascending, also those with count 0
    std::optional<bool> all_unreclaimable;           // what a log says of it; kernels since 4.8 say it of the node
    std::optional<std::uint64_t> pages_scanned;      // since something was last freed: logs until 4.x, in pages
    std::optional<std::uint64_t> local_pcp_bytes;    // free in the list of the CPU that printed the log
};

struct Node {
    std::uint32_t node = 0;
    std::optional<std::uint64_t> present_bytes;
    std::optional<std::uint64_t> spanned_bytes;
    std::optional<std::int32_t> kswapd_failures;
    std::optional<bool> all_unreclaimable; // what a log says: kswapd has given the node up
    NamedValues stat_bytes;                // active_anon, slab_reclaimable, kernel_stack, page_tables, shmem, dirty, ...
    std::vector<Zone> zones;               // ascending index
};

struct Swap {
    std::optional<std::uint64_t> total_bytes, free_bytes;
};

struct Hugetlb {
    std::optional<std::uint64_t> page_size_bytes, total, free; // pages of the default size
};

// Read from /proc/sys/vm when the episode closed. Absent: could not be read.
struct Sysctls {
    std::optional<std::int64_t> panic_on_oom, oom_kill_allocating_task, oom_dump_tasks, overcommit_memory, overcommit_ratio,
        overcommit_kbytes, min_free_kbytes, watermark_scale_factor, swappiness;
    std::vector<std::uint32_t> lowmem_reserve_ratio;
};

enum class SkipReason : std::uint8_t {
    none, // eligible
    kernel_thread,
    init,                // global init is never killed
    cpuset_or_mempolicy, // holds no memory on the nodes in question, by its mask
    oom_score_adj_min,   // -1000
    mmf_oom_skip,        // nothing left to reap
    in_vfork,
    already_victim, // killed by an earlier OOM and still exiting: stops the scan
    no_mm,          // no thread of it has an address space
    unknown,        // the kernel found it not eligible, and nothing that was captured says why
};

enum class PointsSource : std::uint8_t { observed, recomputed, absent };

struct CandidateTask {
    Process process;
    std::optional<ProcessMemory> memory; // absent: no mm
    std::optional<std::int64_t> points;  // pages; absent: not eligible, or not known (points_source says which)
    PointsSource points_source = PointsSource::absent;
    // What our own formula makes of the captured sizes, beside an observed value; absent where it could not be worked out.
    std::optional<std::int64_t> recomputed_points;
    bool eligible = false;
    SkipReason skip_reason = SkipReason::none; // none exactly when eligible
    bool chosen = false;
};

struct Victim {
    Process process;
    ProcessMemory memory;               // at mark_oom_victim(): the sizes of the kernel's "Killed process" line
    std::optional<std::int64_t> points; // oc->chosen_points, or the recomputed ones; absent: nothing was weighed
    PointsSource points_source = PointsSource::absent;
    std::optional<double> share_of_total; // points / total_pages, 0..1 and beyond
    // The best of the others: absent where there was no other eligible task.
    struct RunnerUp {
        std::uint32_t pid = 0, tgid = 0;
        std::string comm;
        std::int64_t points = 0;
        std::int64_t margin_points = 0; // victim's points - runner-up's
    };
    std::optional<RunnerUp> runner_up;
    ProcessIdentity identity;
    CgroupIdentity cgroup_identity; // of its own memory cgroup
};

struct KilledProcess {
    Process process;
    std::optional<ProcessMemory> memory;
    KillWhy why = KillWhy::chosen;
    bool signalled = false; // SIGKILL was seen being sent
    bool marked = false;    // mark_oom_victim() was seen
    std::optional<std::uint64_t> signalled_ns, marked_ns, exited_ns, released_ns;
    // The OOM reaper, as far as it came: it is woken two seconds after the mark, if the process has not gone by then.
    struct Reaper {
        std::optional<std::uint64_t> woken_ns, started_ns, finished_ns;
        std::optional<std::uint64_t> skipped_ns; // the memory was gone already, or its lock was held
    };
    Reaper reaper;
    std::optional<std::uint64_t> reaped_bytes;   // rss at the mark minus rss when the reaper had finished
    std::optional<std::uint64_t> returned_bytes; // rss that came back when its mm was released
};

enum class TimelineEvent : std::uint8_t {
    invoked,
    scan_began,
    chosen,
    signalled,
    marked,
    capture_closed,
    reaper_woken,
    reaper_started,
    reaper_finished,
    reaper_skipped,
    exited,
    memory_released,
    tracer_stopped,
    deadline,
};

struct TimelineEntry {
    TimelineEvent event = TimelineEvent::invoked;
    std::uint64_t monotonic_ns = 0;
    std::int64_t since_invocation_ns = 0;
    std::optional<std::uint32_t> tgid;
    std::string comm; // of tgid; may be empty
};

struct Aftermath {
    std::optional<std::uint64_t> returned_bytes;          // sum over the kills whose mm was seen released
    std::optional<std::uint64_t> memcg_usage_after_bytes; // of the level that fired, when the last mm was released
    std::uint64_t rescans = 0; // scans of other tasks that the kernel aborted because the victim was still exiting
    // Durations from invocation; absent: not seen.
    std::optional<std::uint64_t> to_choice_ns, to_kill_ns, to_reap_ns, to_exit_ns, to_release_ns;
};

// One zone as the page allocator judged it in its last round: would the request fit if all that can be reclaimed were?
struct RetriedZone {
    std::uint32_t node = 0;
    std::uint32_t index = 0;
    std::string name;
    std::uint64_t reclaimable_bytes = 0;
    std::uint64_t available_bytes = 0; // reclaimable and free
    std::uint64_t min_wmark_bytes = 0; // boost included; what the zone reserves for lower requests comes on top
    bool wmark_check = false;          // true: worth another round
};

struct ReclaimRetries {
    std::uint32_t rounds = 0;                 // 0: none were seen, and the rest says nothing
    std::optional<std::uint64_t> duration_ns; // from the first round to the invocation
    std::optional<std::int32_t> order;
    std::optional<std::int32_t> no_progress_loops; // rounds in a row, up to the last one, in which reclaim freed nothing
    std::vector<RetriedZone> zones;                // of the last round, in the order in which they were tried
    std::uint32_t zones_left_out = 0;
};

struct CompactionRetries {
    std::uint32_t checks = 0; // how often another compaction was considered; 0: never, and the rest says nothing
    std::optional<std::uint64_t> duration_ns; // from the first to the invocation
    std::optional<std::int32_t> order;
    std::optional<CompactPriority> priority; // of the last, as are those below; absent: one that this version does not know
    std::optional<CompactResult> result;
    std::optional<std::int32_t> retries, max_retries;
    std::optional<bool> again; // it was tried again
};

// What the page allocator tried for this request before it invoked the OOM killer. Absent: not watched, as provenance says.
// The charge to a cgroup retries by itself, unseen: an OOM of a cgroup has 0 here, unless the page allocator had its own
// trouble.
struct Before {
    std::optional<ReclaimRetries> reclaim;
    std::optional<CompactionRetries> compaction;
};

struct Host {
    std::string hostname, boot_id, kernel, arch, tracer_version;
    std::uint64_t page_size = 0;
    AttachMethod attach_method = AttachMethod::unknown;
    std::string method_note;
    std::uint32_t cgroup_version = 0;
};

// Our own arithmetic against the kernel's: every candidate whose points were observed and whose components were captured.
struct ScoreCheck {
    std::uint64_t matched = 0;
    std::uint64_t mismatched = 0;
    std::uint64_t not_comparable = 0; // observed, but without the components; or recomputed only
    struct Mismatch {
        std::uint32_t pid = 0;
        std::int64_t observed = 0, recomputed = 0;
    };
    std::vector<Mismatch> mismatches; // the first 16
    // Whether the kernel's choice is the one with the highest score. Absent: not looked at, or it can not be told, for
    // `choice_note` why.
    std::optional<bool> choice_follows;
    std::string choice_note;
    bool exact_counters = false; // the exact (7.0) reading of rss is the one that matched
};

// What the kernel's report says beyond the groups above; names as the kernel prints them.
struct LogFacts {
    std::string logged_at;      // as printed: "Jun 10 13:33:11"; empty: no wall clock in the log
    NamedValues mem_info_pages; // the first block of Mem-Info: active_anon, free, slab, ...
    NamedValues page_counts;    // "RAM", "HighMem/MovableOnly", "reserved", "total pagecache", ...
    NamedValues swap_cache;     // pages added, deleted, looked up: "add", "delete", "find_success", ...
    struct Hugepages {
        std::uint32_t node = 0;
        std::uint64_t page_size_bytes = 0, total = 0, free = 0, surplus = 0;
    };
    std::vector<Hugepages> hugepages;
    struct Slab {
        std::string name;
        std::uint64_t used_bytes = 0, total_bytes = 0;
    };
    std::vector<Slab> unreclaimable_slabs;
    std::string memcg_stats_path;
    NamedValues memcg_stats; // memory.stat of the group: bytes or counts, by the kernel's names
    std::optional<std::uint64_t> memcg_min_protection_bytes, memcg_low_protection_bytes; // of the whole tree, since 6.19
    std::string group_path;                                                              // of memory.oom.group
    std::vector<std::string> mm_pinned_by;    // "oom killer ... has mm pinned by ..." lines
    std::optional<std::int64_t> kernel_score; // of the chosen task, as lines until 5.0 print it: 0 .. 1000, classic: unbounded
    std::string panic_reason;
};

// The kernel's counts of its kills against those that were seen and are listed. A kill is counted once for each process that is
// sent SIGKILL and marked; processes that only share a victim's memory are not counted, and the first victim of a
// memory.oom.group is counted a second time with the rest, unless it has gone by then. The hooks count by the same rule.
struct KillCheck {
    // On the whole host since the reading before: kills of an OOM that overlaps with this one are on both sides.
    struct System {
        std::uint64_t counted = 0; // by /proc/vmstat oom_kill
        std::uint64_t seen = 0;    // by the hooks
    };
    // In this incident alone: read while the kernel held oom_lock.
    struct Memcg {
        std::string path;          // whose memory.events were read; may be empty: not known
        std::uint64_t counted = 0; // oom_kill
        std::uint64_t seen = 0;
        std::optional<std::uint64_t> group_kills; // oom_group_kill; absent: this kernel does not count them
    };
    std::optional<System> system;
    std::optional<Memcg> memcg;
    std::uint64_t listed = 0;            // processes in `kills` that the kernel counts
    std::uint64_t twice_at_most = 0;     // of these
    std::string system_note, memcg_note; // why absent

    // Absent: nothing was compared.
    [[nodiscard]] std::optional<bool> agree() const
    {
        if (!system && !memcg)
            return std::nullopt;
        if (system && system->counted != system->seen)
            return false;
        return !memcg || (memcg->counted == memcg->seen && listed <= memcg->seen && memcg->seen <= listed + twice_at_most);
    }
};

// The kernel's own report of the same OOM, field by field against this incident.
struct KernelLogCheck {
    struct Mismatch {
        std::string field; // as in the JSON: "victim.rss_anon_bytes", "candidates[1234].points"
        std::string ours, kernel;
    };
    std::uint64_t compared = 0; // values that both have
    std::uint64_t moved = 0;    // of these: sizes of running processes that changed between the two readings, within bounds
    std::vector<Mismatch> mismatches;
    std::string note; // why nothing was compared, or what of it could not be; may be empty otherwise
};

struct Completeness {
    bool complete = true;
    std::vector<std::string> missing; // each a sentence fragment: "12 records dropped: ring full"
    std::uint64_t records_lost = 0;
    // The walk of the tracepoint method: how far it got.
    WalkStop walk_stop = WalkStop::none;
    std::uint64_t tasks_seen = 0;
    std::uint64_t walk_ns = 0;
    bool every_candidate = false; // every task that was weighed is among the candidates
};

// ---- the whole ------------------------------------------------------------------------------------------------------

struct Incident {
    // "<first 8 of boot id>-<episode>-<hex of invocation time>": unique on this host. Of a log: "log-<16 hex digits>", made
    // from the report's own text alone, so that the same report has the same id whatever carried it.
    std::string id;
    std::uint64_t episode = 0;      // of a log: the number of the report, from 1
    std::uint64_t monotonic_ns = 0; // invocation; 0: not known (a log without time stamps)
    std::int64_t realtime_ns = 0;   // the same, since the Unix epoch; 0: not known
    Outcome outcome = Outcome::unknown;
    Scope scope = Scope::unknown;
    std::optional<Constraint> constraint;
    std::string kernel_message; // "Memory cgroup out of memory"; may be empty
    std::optional<std::uint64_t> total_pages;

    Trigger trigger;
    Allocation allocation;
    MemcgLimit memcg;
    std::vector<Node> nodes; // ascending
    Swap swap;
    Hugetlb hugetlb;
    Sysctls sysctls;
    std::vector<CandidateTask> candidates; // in the order in which they were weighed
    std::optional<Victim> victim;
    std::vector<KilledProcess> kills;    // in the order in which they were killed
    std::vector<TimelineEntry> timeline; // ascending time
    Aftermath after;
    Before before;
    Host host;

    ScoreCheck scores;
    KillCheck kill_check;
    KernelLogCheck kernel_log_check;
    bool before_start = false;         // from before the tracer ran: taken from what the kernel remembered
    std::optional<LogFacts> log_facts; // of a report that was read from a log
    Completeness completeness;
    ProvenanceTable provenance;
};

// Names used in JSON and on the terminal; one table each, in src/reconstruct/incident_names.cpp.
std::string_view name_of(Source source);
std::string_view name_of(Outcome outcome);
std::string_view name_of(Scope scope);
std::string_view name_of(Constraint constraint);
std::string_view name_of(SkipReason reason);
std::string_view name_of(PointsSource source);
std::string_view name_of(KillWhy why);
std::string_view name_of(TimelineEvent event);
std::string_view name_of(WalkStop stop);
std::string_view name_of(CompactPriority priority);
std::string_view name_of(CompactResult result);

} // namespace oomtrace
