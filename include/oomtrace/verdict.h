// SPDX-License-Identifier: Apache-2.0
//
// verdict.h: why an OOM happened and why it met this victim. Made by explain/ from an Incident alone, so that a live incident,
// a replayed one and one read from the kernel's log are explained alike; read by the sinks, which put it into words.
//
// Reasons are enumerators with their evidence: no prose here. Units as in incident.h: memory in bytes (`_bytes`), badness in
// pages (`points`). An empty optional means "not known" unless the field says otherwise. Nothing here is a guess: what cannot
// be worked out exactly from the incident is absent, and where a fact is deduced the field says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oomtrace/incident.h"

namespace oomtrace
{

// pid and comm as in the kernel's own report.
struct TaskRef {
    std::uint32_t pid = 0;
    std::uint32_t tgid = 0;
    std::string comm;
};

// ---- why now --------------------------------------------------------------------------------------------------------

enum class Shortage : std::uint8_t {
    unknown,
    by_hand,             // SysRq f: nothing was short
    memcg_limit,         // a cgroup is at its limit
    memcg_limit_zero,    // a cgroup whose limit is 0
    memcg_above_limit,   // it uses more than its limit: the limit was lowered, or charges were forced past it
    memcg_limit_lowered, // the same, and the asker was writing the limit
    zones,               // every zone that the request may use is short
    fragmentation,       // enough is free, but no block of the order that was asked for
    none_when_read,      // the zones were read a moment later, and then at least one of them could give
};

// The counter of the cgroup that could not take the charge. Version 1 has two limits: the one with less room left is it.
enum class LimitKind : std::uint8_t { memory, memory_and_swap };

struct MemcgShortage {
    std::optional<std::string> path;
    LimitKind kind = LimitKind::memory;
    std::optional<std::uint64_t> limit_bytes; // absent: no limit, or not known
    std::optional<std::uint64_t> usage_bytes;
    bool ancestor_of_victim = false; // the victim lives in a cgroup below it
};

// What __zone_watermark_ok() (mm/page_alloc.c) makes of one zone for this request, against the min watermark: the one that
// the slow path must meet before it resorts to the OOM killer.
enum class ZoneReason : std::uint8_t {
    unknown,            // free pages, or the zones that the request may use, are not known
    above_highest_zone, // the gfp mask does not reach it
    node_not_allowed,   // outside the nodemask or the cpuset
    empty,              // has no pages at all
    below_min,          // usable free pages do not exceed the min watermark
    lowmem_reserve,     // they do, but the rest is kept for requests that can use no higher zone
    unusable_free,      // they would, were they not CMA or highatomic pages, which this request may not have
    no_block,           // enough pages, but no free block of the order
    enough,
};

struct ZoneVerdict {
    std::uint32_t node = 0;
    std::string zone;
    ZoneReason reason = ZoneReason::unknown;
    std::uint64_t free_bytes = 0;
    std::uint64_t unusable_bytes = 0;       // of that: highatomic and CMA pages, and 2^order - 1 pages
    std::uint64_t min_bytes = 0;            // boost included; halved for __GFP_HIGH
    std::uint64_t lowmem_reserve_bytes = 0; // lowmem_reserve[highest zone]
    // min + reserve - (free - unusable): how far it is below what it must keep. 0: exactly there, which is not enough either.
    // Absent where the zone is not short.
    std::optional<std::uint64_t> short_by_bytes;
    std::optional<std::uint64_t> largest_block_bytes; // of those that the request may have; 0: none

    // Whether the request may use it at all.
    [[nodiscard]] bool eligible() const { return reason >= ZoneReason::below_min; }
};

enum class HighestZoneSource : std::uint8_t {
    unknown,
    gfp_mask,
    deduced, // the only zone type with which every zone that may be used is short
    assumed, // several would fit: the highest of them
};

enum class SwapState : std::uint8_t {
    unknown,
    none,           // no swap on this host
    not_allowed,    // the cgroup's limit of swap is 0
    full,           // the host's is used up
    full_for_memcg, // the cgroup's limit of swap is reached
    has_room,
};

// Who holds the memory that is short.
enum class Holder : std::uint8_t {
    anon,          // process memory
    file_cache,    // without shared memory and the swap cache
    shared_memory, // tmpfs, SysV, memfd, shared anonymous
    slab_unreclaimable,
    slab_reclaimable,
    page_tables,
    kernel_stacks,
    hugetlb,
    kernel,        // of a cgroup: all its kernel memory, where that is all that is known
    sockets,       // of a cgroup: network buffers
    other_kernel,  // percpu, vmalloc and the like, of a cgroup
    not_accounted, // neither free nor in any counter of the zones: drivers, balloons, the kernel's own pages
};

// Whether the memory comes back when processes are killed.
enum class FreedByKill : std::uint8_t {
    yes,
    with_last_user, // shared memory: only what no file system keeps
    no,
    reclaimable, // the kernel can take it without a kill
};

struct Held {
    Holder holder = Holder::anon;
    std::uint64_t bytes = 0;
    FreedByKill freed_by_kill = FreedByKill::yes;
};

struct WhyNow {
    Shortage shortage = Shortage::unknown;
    std::optional<std::uint64_t> requested_bytes; // one block; absent: order not known, or sysrq
    std::optional<MemcgShortage> memcg;           // memcg OOM only
    std::vector<ZoneVerdict> zones;               // global and sysrq: every zone of every node
    std::optional<std::string> highest_zone;
    HighestZoneSource highest_zone_source = HighestZoneSource::unknown;
    std::optional<Constraint> constraint;
    // Free where this request could not go: on nodes that were not allowed, and in zones above the highest.
    std::uint64_t free_on_other_nodes_bytes = 0;
    std::uint64_t free_in_higher_zones_bytes = 0;
    SwapState swap = SwapState::unknown;
    std::optional<std::uint64_t> swap_total_bytes, swap_free_bytes; // of the cgroup's share where that is what is full
    // What fills the cgroup, or the nodes that were allowed, the biggest first. Empty: not known.
    std::vector<Held> held;
    std::optional<std::uint64_t> held_of_bytes; // the whole: usage of the cgroup, managed memory of the nodes
    // The least that no process of those weighed has mapped: the cgroup's usage minus all that they hold, where every one of
    // them was seen. A kill does not free it. Absent: not known, or nothing certain.
    std::optional<std::uint64_t> not_in_processes_bytes;
};

// ---- why this victim ------------------------------------------------------------------------------------------------

// In the order in which they are told.
enum class VictimReason : std::uint8_t {
    unknown,
    already_dying,     // task_will_free_mem(): nothing was weighed
    asked,             // vm.oom_kill_allocating_task: whoever asks is killed
    asked_to_be_first, // oom_flag_origin: swapoff or KSM
    only_eligible,     // no other task could have been killed
    highest_points,
    tie,                 // another has the same points, and of equals the kernel takes the later
    own_adj_decided,     // with oom_score_adj 0 another would have been chosen
    others_adj_decided,  // another would have been chosen, had its oom_score_adj been 0
    child_of_chosen,     // kernels until 5.0 kill a child of the one that they chose, where it has memory of its own
    not_highest,         // the choice does not follow from the points: see disagreements
    group,               // all of its memory.oom.group died with it
    ranked_by_all_nodes, // the nodes are limited, and points count memory on all of them
    partly_elsewhere,    // the same, and at least `elsewhere_bytes` of it lie on other nodes
    small_part,          // what it held is a small part of what is short
};

// What points are made of.
struct PointsParts {
    std::int64_t rss_pages = 0, swap_pages = 0, pgtables_pages = 0;
    std::int64_t adj_points = 0; // oom_score_adj * (total_pages / 1000)
};

// A task that held more than the victim and was not chosen.
struct LargerTask {
    TaskRef task;
    std::uint64_t held_bytes = 0; // rss, swap and page tables
    std::int32_t oom_score_adj = 0;
    SkipReason skip_reason = SkipReason::none; // none: eligible, with fewer points for its oom_score_adj
};

struct RankedTask {
    TaskRef task;
    std::size_t candidate = 0; // index in Incident::candidates
    std::int64_t points = 0;
};

struct WhyVictim {
    std::vector<VictimReason> reasons; // empty: there is no victim
    std::optional<TaskRef> victim;
    std::uint64_t weighed = 0;  // tasks
    std::uint64_t eligible = 0; // of those
    bool all_known = false;     // every task that was weighed is in the record
    std::optional<std::int64_t> points;
    PointsSource points_source = PointsSource::absent;
    std::optional<PointsParts> parts;
    // Every task with points, the kernel's choice first. By select_bad_process(): most points; of equals the later.
    std::vector<RankedTask> ranking;
    std::optional<std::int64_t> margin_points; // to the best of the others; negative: it is behind
    std::optional<LargerTask> larger;          // the largest of them
    std::optional<std::uint64_t> held_bytes;   // rss of the victim: what comes back when it is gone, at the most
    std::optional<std::int32_t> oom_score_adj; // of the victim
    std::optional<std::uint64_t> elsewhere_bytes;
    std::optional<std::string> group_path;
    std::uint64_t killed = 0; // processes, all in all
};

// ---- what would have changed it -------------------------------------------------------------------------------------

enum class CounterfactualKind : std::uint8_t {
    victim_saved,    // the highest oom_score_adj of the victim, below its own, with which it is not chosen
    victim_adj_zero, // the victim's oom_score_adj is 0
    victim_absent,   // the victim is not there, or protected: who is next
    all_adj_zero,    // everyone's is 0, but for those protected by -1000
};

struct Counterfactual {
    CounterfactualKind kind = CounterfactualKind::victim_saved;
    std::optional<std::int32_t> adj_before, adj_after; // of the victim; absent where the kind is not about it
    // Who is chosen then: may be the victim itself. Absent: nobody could have been killed.
    std::optional<TaskRef> chosen;
    std::optional<std::int64_t> chosen_points;
};

// Why there are no counterfactuals.
enum class NoCounterfactuals : std::uint8_t {
    none, // there are some
    nothing_weighed,
    ledger_incomplete,      // not every task that was weighed is in the record
    points_not_known,       // of at least one eligible task, or total_pages
    choice_does_not_follow, // the ranking gives another: no formula that explains the choice
    formula_not_known,      // kernels before 4.17
};

// ---- where the facts contradict -------------------------------------------------------------------------------------

enum class DisagreementKind : std::uint8_t {
    choice_not_highest, // the ranking gives `highest`
    scores_differ,      // `count` scores differ from what the sizes make
};

struct Disagreement {
    DisagreementKind kind = DisagreementKind::scores_differ;
    std::optional<TaskRef> highest;
    std::int64_t highest_points = 0, chosen_points = 0;
    std::uint64_t count = 0;
};

// ---- the whole ------------------------------------------------------------------------------------------------------

struct Verdict {
    WhyNow now;
    WhyVictim victim;
    std::vector<Counterfactual> counterfactuals;
    NoCounterfactuals no_counterfactuals = NoCounterfactuals::nothing_weighed;
    std::vector<Disagreement> disagreements;
};

// Names used in JSON; one table each, in src/explain/verdict_names.cpp.
std::string_view name_of(Shortage shortage);
std::string_view name_of(LimitKind kind);
std::string_view name_of(ZoneReason reason);
std::string_view name_of(HighestZoneSource source);
std::string_view name_of(SwapState state);
std::string_view name_of(Holder holder);
std::string_view name_of(FreedByKill freed);
std::string_view name_of(VictimReason reason);
std::string_view name_of(CounterfactualKind kind);
std::string_view name_of(NoCounterfactuals reason);
std::string_view name_of(DisagreementKind kind);

} // namespace oomtrace
