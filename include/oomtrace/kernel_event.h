// SPDX-License-Identifier: Apache-2.0
//
// kernel_event.h: one decoded wire record. Made by decode/, read by reconstruct/.
//
// The same facts as wire_record.h, but owned, bounds-checked and typed: strings are std::string (raw bytes as the kernel keeps
// them, up to the first NUL, never assumed to be UTF-8), and a value that the kernel side could not read is an empty optional,
// never 0. Memory is in pages of the traced kernel unless a name says _bytes; times are CLOCK_MONOTONIC nanoseconds.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace oomtrace
{

// From wire_header; the same for every kind.
struct EventHeader {
    std::uint64_t time_ns = 0;
    std::uint64_t episode = 0;  // 0: belongs to no episode
    std::uint32_t sequence = 0; // 0: after the closing record, or made by the collector
    std::uint16_t cpu = 0;
};

struct TaskFacts {
    bool kthread = false;
    bool global_init = false;
    bool oom_victim = false; // signal->oom_mm is set
    bool oom_origin = false; // signal->oom_flag_origin
    bool in_vfork = false;
    bool not_in_cgroup = false; // exiting, and no longer among the tasks that a memcg's scan goes through
    bool mmf_oom_skip = false;
    bool exiting = false;
    std::optional<bool> mems_disjoint;   // absent where not compared (memcg OOM)
    std::optional<bool> policy_disjoint; // absent where not compared (no memory policy confines the trigger)
    bool leader_has_no_mm = false;       // the mm belongs to another thread of the group
    bool look_bound_reached = false;     // more threads than were looked at, none of those with an mm
};

struct TaskSnapshot {
    std::uint32_t pid = 0;
    std::uint32_t tgid = 0;
    std::uint32_t ppid = 0;
    std::uint32_t uid = 0;
    std::uint64_t start_boottime_ns = 0;
    std::uint64_t memcg_id = 0; // 0: none read
    std::int32_t oom_score_adj = 0;
    std::uint32_t threads = 0;
    std::string comm;
    TaskFacts facts;
};

struct RssPages {
    std::int64_t file = 0;
    std::int64_t anon = 0;
    std::int64_t swap = 0;
    std::int64_t shmem = 0;
};

struct MmSnapshot {
    std::uint64_t mm = 0; // address; equal for processes that share it
    std::uint64_t total_vm_pages = 0;
    RssPages approximate;          // may be negative: not clamped
    std::optional<RssPages> exact; // per-cpu deltas included
    std::uint64_t pgtables_bytes = 0;
    std::uint32_t mm_users = 0;
};

enum class AttachMethod : std::uint8_t {
    unknown,
    fentry,
    kprobe,
    tracepoint,
    kernel_log, // nothing was attached: read from the kernel's own report
};
enum class Constraint : std::uint8_t { none, cpuset, memory_policy, memcg };

struct InvocationBegin {
    AttachMethod attach_method = AttachMethod::unknown;
    TaskSnapshot trigger;
    std::optional<std::uint64_t> entered_ns;
    bool has_oom_control = false; // the four below are the kernel's own oom_control
    std::optional<std::uint32_t> gfp_mask;
    std::optional<std::int32_t> order;                      // -1: sysrq
    std::optional<std::vector<std::uint32_t>> nodemask;     // absent: NULL (if has_oom_control) or unknown
    bool policy_known = false;                              // no oom_control: the trigger's own memory policy was read instead
    std::optional<std::vector<std::uint32_t>> policy_nodes; // of its MPOL_BIND; absent: another policy (if policy_known)
    std::optional<std::uint64_t> oom_memcg_id;              // 0: a global OOM; absent: unknown
    bool oom_memcg_from_lock = false;                       // oom_memcg_id: the level whose memcg->oom_lock was held
    bool scope_from_stack = false; // memcg or global was told by the trigger's stack, the level by its counters
    bool has_zonelist = false;
    std::optional<Constraint> constraint;
    std::optional<std::uint64_t> total_pages;
    std::optional<std::vector<std::uint32_t>> mems_allowed; // node numbers, ascending
    bool badness_unsigned = false;                          // kernel 5.8 or older
    std::string cpuset;                                     // empty: not read
    std::vector<std::uint64_t> stack;                       // return addresses, innermost first
};

struct Candidate {
    TaskSnapshot task;
    std::optional<MmSnapshot> mm;
    std::optional<std::int64_t> observed_points; // oom_badness()'s return value, raw
    bool evaluated = false;                      // the four below are meaningful
    bool became_chosen = false;
    bool aborted_scan = false;
    std::optional<std::int64_t> chosen_points;
};

struct Choice {
    TaskSnapshot task;
    bool has_oom_control = false;
    std::int64_t points = 0;
    std::uint64_t total_pages = 0;
    Constraint constraint = Constraint::none;
    std::string message;
};

enum class KillEvent : std::uint8_t { signal, mark };
enum class KillWhy : std::uint8_t { chosen, oom_group, shares_mm, already_exiting };

struct Kill {
    KillEvent event = KillEvent::signal;
    KillWhy why = KillWhy::chosen;
    TaskSnapshot task;
    std::optional<MmSnapshot> mm;
    std::uint64_t oom_group_id = 0; // 0: no group with memory.oom.group
};

// Keys of NodeState::stat are enum wire_node_item, of ZoneState::stat enum wire_zone_item (wire_record.h has the list);
// an item that this kernel does not have is not in the map.
struct NodeState {
    std::uint32_t node = 0;
    std::uint32_t nr_zones = 0;
    std::uint64_t present_pages = 0;
    std::uint64_t spanned_pages = 0;
    std::map<std::uint32_t, std::int64_t> stat;
    std::int32_t kswapd_failures = 0;
};

struct FreeBlocks {
    std::uint64_t count = 0;
    std::uint8_t types = 0; // bit per enum wire_migrate_type
};

struct ZoneState {
    std::uint32_t node = 0;
    std::uint32_t index = 0;
    std::string name;
    std::uint64_t managed_pages = 0;
    std::uint64_t present_pages = 0;
    std::uint64_t spanned_pages = 0;
    std::array<std::uint64_t, 3> watermark{}; // min, low, high, without the boost
    std::uint64_t watermark_boost = 0;
    std::uint64_t reserved_highatomic = 0;
    std::optional<std::uint64_t> free_highatomic;
    std::optional<std::uint64_t> cma_pages;
    std::optional<std::uint64_t> free_pcp;
    std::vector<std::int64_t> lowmem_reserve;
    std::map<std::uint32_t, std::int64_t> stat;
    std::vector<FreeBlocks> free_blocks; // index: order
};

struct PageCounter {
    std::uint64_t usage = 0;
    std::optional<std::uint64_t> min, low, high, max; // absent: "max" for high and max
    std::uint64_t failcnt = 0;
    std::uint64_t watermark = 0;
};

struct MemcgState {
    std::uint64_t id = 0;
    std::uint64_t parent_id = 0; // 0: this is the root
    std::string name;
    bool root = false;
    bool v2 = false;
    bool oom_group = false;
    std::optional<bool> oom_locked; // memcg->oom_lock, where the kernel keeps it
    bool oom_kill_disable = false;
    PageCounter memory;
    PageCounter swap; // v1: memory+swap
    std::optional<PageCounter> kmem;
    struct Events {
        std::uint64_t max = 0, oom = 0, oom_kill = 0;
    };
    std::optional<Events> events;
    std::optional<std::int32_t> swappiness;
};

enum class InvocationOutcome : std::uint8_t { unknown, killed, already_dying, aborted, no_victim, notifier_freed, panic };
enum class WalkStop : std::uint8_t { none, complete, task_limit, time_limit };

// Index: enum wire_drop_reason.
using DropCounts = std::array<std::uint64_t, 4>;

struct InvocationEnd {
    InvocationOutcome outcome = InvocationOutcome::unknown;
    std::optional<bool> returned;
    WalkStop walk_stop = WalkStop::none;
    std::uint64_t last_sequence = 0;
    DropCounts dropped{};
    std::uint64_t tasks_seen = 0;
    std::uint64_t candidates_sent = 0;
    std::uint64_t walk_ns = 0;
    std::uint64_t aborted_by_tgid = 0;
};

enum class ReaperStep : std::uint8_t { wake, start, finish, skip };

struct ReaperEvent {
    ReaperStep step = ReaperStep::wake;
    std::uint32_t pid = 0;
    std::uint32_t tgid = 0;
    std::optional<MmSnapshot> mm;
};

struct ExitEvent {
    std::uint32_t pid = 0;
    std::uint32_t tgid = 0;
    std::uint32_t exit_code = 0;
    std::uint32_t threads_left = 0;
};

struct MmReleased {
    std::uint32_t tgid = 0;
    std::uint64_t mm = 0;
    std::uint64_t rescans = 0;
    std::optional<std::uint64_t> last_rescan_ns;
    std::optional<std::uint64_t> memcg_id;
    std::uint64_t memcg_usage_pages = 0;
};

struct SwapCounts {
    std::int64_t total_pages = 0;
    std::int64_t free_pages = 0; // below 0 for a moment while a swapoff begins
};

struct HostFacts {
    std::uint64_t page_size = 0;
    std::int64_t realtime_offset_ns = 0;
    std::int64_t boottime_offset_ns = 0;
    AttachMethod attach_method = AttachMethod::unknown;
    std::uint32_t cgroup_version = 0;
    std::string hostname, boot_id, kernel, arch, tracer_version, method_note;
};

// Keys are enum wire_system_item.
struct SystemState {
    std::map<std::uint32_t, std::int64_t> value;
    std::vector<std::uint32_t> lowmem_reserve_ratio;
};

struct Symbol {
    std::uint64_t address = 0;
    std::uint64_t offset = 0;
    std::string name;
};

struct ClockTick {
};

struct LossTotals {
    DropCounts dropped{};
    std::uint64_t recursion_misses = 0;
    std::uint64_t decode_errors = 0;
};

struct StreamEnd {
    std::uint64_t records = 0;
    bool count_reached = false; // episodes still open were left unreported on purpose
};

enum class CompactPriority : std::uint8_t { sync_full, sync_light, async };
enum class CompactResult : std::uint8_t {
    not_suitable_zone,
    skipped,
    deferred,
    no_suitable_page,
    to_continue,
    complete,
    partial_skipped,
    contended,
    success,
};

// What the page allocator tried for the invoking task before. A group is absent where its tracepoint was not watched; then 0
// rounds is not what it says.
struct Retries {
    struct Zone {
        std::uint32_t node = 0;
        std::uint32_t index = 0;
        std::string name;
        std::uint64_t reclaimable = 0, available = 0, min_wmark = 0;
        bool wmark_check = false;
    };
    struct Reclaim {
        std::uint32_t rounds = 0;
        std::uint64_t first_ns = 0, last_ns = 0; // as all below: with rounds
        std::int32_t order = 0;
        std::int32_t no_progress_loops = 0;
        std::vector<Zone> zones; // of the last round
        std::uint32_t zones_beyond = 0;
    };
    struct Compaction {
        std::uint32_t checks = 0;
        std::uint64_t first_ns = 0, last_ns = 0; // as all below: with checks
        std::int32_t order = 0;
        std::optional<CompactPriority> priority; // absent: one that this version does not know
        std::optional<CompactResult> result;
        std::int32_t retries = 0, max_retries = 0;
        bool again = false;
    };
    std::optional<Reclaim> reclaim;
    std::optional<Compaction> compaction;
};

// The kernel's own counts of one cgroup, at the choice and at the return of out_of_memory().
struct KillCounts {
    std::uint64_t memcg_id = 0;
    std::uint64_t oom_kill_before = 0, oom_kill_after = 0;
    struct GroupKills {
        std::uint64_t before = 0, after = 0;
    };
    std::optional<GroupKills> group_kill; // absent: this kernel does not count them
    std::uint32_t kills_seen = 0;         // by the hooks, in between
};

enum class ArgumentsState : std::uint8_t {
    whole,         // or the first alone, where that was asked for or is a title that the process has written over them
    cut,           // there is more
    none,          // it has none
    not_in_memory, // a page of them was swapped out, or never read in
    withheld,      // on request
};

// What a task of the episode executes.
struct ProcessIdentityRead {
    std::uint32_t pid = 0;
    std::uint64_t start_boottime_ns = 0;
    std::optional<std::string> exe; // as /proc/PID/exe; "..." stands for directories near the root that had no room
    ArgumentsState arguments = ArgumentsState::none;
    std::string cmdline; // whole or cut: a blank between two
};

// What files on the host call the owner of a memory cgroup.
struct CgroupNames {
    std::uint64_t memcg_id = 0;
    std::optional<std::string> container_runtime, container_name, pod_name, pod_namespace;
    std::string note;
};

enum class LogEvent : std::uint8_t {
    text,        // a line, or a piece of one
    listening,   // the log is read from here on
    unreadable,  // it is not; text says why
    overwritten, // lines were lost before they could be read
    backlog_end, // what was remembered when the tracer started ends here
};

// Of the kernel's own log.
struct KernelLogLine {
    LogEvent event = LogEvent::text;
    std::uint64_t log_sequence = 0; // the kernel's number of the line; 0 in a dump
    std::string text;               // as /dev/kmsg or the dump has it
    bool more = false;              // the line goes on in the next
    bool before_start = false;      // of what the kernel remembered when the tracer started
    bool earlier_boot = false;      // of a dump in pstore
};

using EventBody = std::variant<InvocationBegin, Candidate, Choice, Kill, NodeState, ZoneState, MemcgState, InvocationEnd,
                               ReaperEvent, ExitEvent, MmReleased, HostFacts, SystemState, Symbol, ClockTick, LossTotals,
                               StreamEnd, Retries, KillCounts, SwapCounts, ProcessIdentityRead, CgroupNames, KernelLogLine>;

struct KernelEvent {
    EventHeader header;
    EventBody body;
};

// "fentry", "kprobe", "tracepoint", "kernel_log", "unknown".
std::string_view name_of(AttachMethod method);

} // namespace oomtrace
