// SPDX-License-Identifier: Apache-2.0
#include "decode/wire_bodies.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>

#include "decode/wire_text.h"

namespace oomtrace
{
namespace
{

template <typename Flags>
constexpr bool has(Flags flags, std::type_identity_t<Flags> bit)
{
    return (flags & bit) != 0;
}

template <std::size_t words>
std::vector<std::uint32_t> nodes_of(const wire_u64 (&mask)[words])
{
    std::vector<std::uint32_t> nodes;
    for (std::size_t word = 0; word < words; word++) {
        for (wire_u64 bits = mask[word]; bits != 0; bits &= bits - 1) {
            nodes.push_back(static_cast<std::uint32_t>(word * 64) + static_cast<std::uint32_t>(std::countr_zero(bits)));
        }
    }
    return nodes;
}

template <std::size_t items>
std::map<std::uint32_t, std::int64_t> valid_items(const wire_s64 (&values)[items], wire_u64 valid)
{
    std::map<std::uint32_t, std::int64_t> result;
    for (std::uint32_t item = 0; item < items; item++) {
        if (has(valid, 1ULL << item)) {
            result.emplace(item, values[item]);
        }
    }
    return result;
}

AttachMethod attach_method_of(wire_u32 wire)
{
    switch (wire) {
    case WIRE_ATTACH_FENTRY:
        return AttachMethod::fentry;
    case WIRE_ATTACH_KPROBE:
        return AttachMethod::kprobe;
    case WIRE_ATTACH_TRACEPOINT:
        return AttachMethod::tracepoint;
    default:
        return AttachMethod::unknown;
    }
}

// enum oom_constraint is the kernel's own numbering, the same in every version.
std::optional<Constraint> constraint_of(wire_u32 wire)
{
    constexpr std::array table = {Constraint::none, Constraint::cpuset, Constraint::memory_policy, Constraint::memcg};
    return wire < table.size() ? std::optional(table[wire]) : std::nullopt;
}

TaskSnapshot task_of(const wire_task &wire)
{
    TaskSnapshot task;
    task.pid = wire.pid;
    task.tgid = wire.tgid;
    task.ppid = wire.ppid;
    task.uid = wire.uid;
    task.start_boottime_ns = wire.start_boottime_ns;
    task.memcg_id = wire.memcg_id;
    task.oom_score_adj = wire.oom_score_adj;
    task.threads = wire.threads;
    task.comm = text_of(wire.comm);
    task.facts.kthread = has(wire.facts, WIRE_TASK_KTHREAD);
    task.facts.global_init = has(wire.facts, WIRE_TASK_GLOBAL_INIT);
    task.facts.oom_victim = has(wire.facts, WIRE_TASK_OOM_VICTIM);
    task.facts.oom_origin = has(wire.facts, WIRE_TASK_OOM_ORIGIN);
    task.facts.in_vfork = has(wire.facts, WIRE_TASK_IN_VFORK);
    task.facts.not_in_cgroup = has(wire.facts, WIRE_TASK_NOT_IN_CGROUP);
    task.facts.mmf_oom_skip = has(wire.facts, WIRE_TASK_MMF_OOM_SKIP);
    task.facts.exiting = has(wire.facts, WIRE_TASK_EXITING);
    if (has(wire.facts, WIRE_TASK_MEMS_READ)) {
        task.facts.mems_disjoint = has(wire.facts, WIRE_TASK_MEMS_DISJOINT);
    }
    if (has(wire.facts, WIRE_TASK_POLICY_READ)) {
        task.facts.policy_disjoint = has(wire.facts, WIRE_TASK_POLICY_DISJOINT);
    }
    task.facts.leader_has_no_mm = has(wire.facts, WIRE_TASK_LEADER_HAS_NO_MM);
    task.facts.look_bound_reached = has(wire.facts, WIRE_TASK_LOOK_BOUND);
    return task;
}

RssPages rss_of(const wire_s64 (&rss)[WIRE_RSS_COUNT])
{
    return {rss[WIRE_RSS_FILE], rss[WIRE_RSS_ANON], rss[WIRE_RSS_SWAP], rss[WIRE_RSS_SHMEM]};
}

MmSnapshot mm_of(const wire_mm &wire)
{
    MmSnapshot mm;
    mm.mm = wire.mm;
    mm.total_vm_pages = wire.total_vm;
    mm.approximate = rss_of(wire.rss);
    if (wire.rss_exact_valid != 0) {
        mm.exact = rss_of(wire.rss_exact);
    }
    mm.pgtables_bytes = wire.pgtables_bytes;
    mm.mm_users = wire.mm_users;
    return mm;
}

std::optional<MmSnapshot> mm_of(const wire_task &task, const wire_mm &mm)
{
    return has(task.facts, WIRE_TASK_HAS_MM) ? std::optional(mm_of(mm)) : std::nullopt;
}

PageCounter counter_of(const wire_page_counter &wire)
{
    const auto limit = [](wire_u64 pages) {
        return pages == WIRE_UNLIMITED ? std::nullopt : std::optional<std::uint64_t>(pages);
    };
    return {wire.usage, limit(wire.min), limit(wire.low), limit(wire.high), limit(wire.max), wire.failcnt, wire.watermark};
}

DropCounts drops_of(const wire_u64 (&dropped)[WIRE_DROP_REASONS])
{
    DropCounts counts{};
    static_assert(std::tuple_size_v<DropCounts> == WIRE_DROP_REASONS);
    std::copy(std::begin(dropped), std::end(dropped), counts.begin());
    return counts;
}

tl::unexpected<BadField> bad(const char *field)
{
    return tl::unexpected<BadField>(BadField{field});
}

} // namespace

BodyResult body_of(const wire_invocation_begin &wire)
{
    InvocationBegin begin;
    begin.attach_method = attach_method_of(wire.attach_method);
    begin.trigger = task_of(wire.trigger);
    if (has(wire.valid, WIRE_BEGIN_ENTERED)) {
        begin.entered_ns = wire.entered_ns;
    }
    begin.has_oom_control = has(wire.valid, WIRE_BEGIN_OOM_CONTROL);
    begin.oom_memcg_from_lock = !begin.has_oom_control && has(wire.valid, WIRE_BEGIN_MEMCG_LOCKED);
    begin.scope_from_stack = !begin.has_oom_control && has(wire.valid, WIRE_BEGIN_SCOPE_FROM_STACK);
    if (begin.has_oom_control) {
        begin.gfp_mask = wire.gfp_mask;
        begin.order = wire.order;
    }
    if (begin.has_oom_control || begin.oom_memcg_from_lock || begin.scope_from_stack) {
        begin.oom_memcg_id = wire.oom_memcg_id;
    }
    begin.policy_known = !begin.has_oom_control && has(wire.valid, WIRE_BEGIN_POLICY);
    if (has(wire.valid, WIRE_BEGIN_NODEMASK)) {
        (begin.policy_known ? begin.policy_nodes : begin.nodemask) = nodes_of(wire.nodemask);
    }
    begin.has_zonelist = has(wire.valid, WIRE_BEGIN_ZONELIST);
    if (has(wire.valid, WIRE_BEGIN_CONSTRAINT)) {
        begin.constraint = constraint_of(wire.constraint);
        if (!begin.constraint) {
            return bad("constraint");
        }
        begin.total_pages = wire.total_pages;
    }
    if (has(wire.valid, WIRE_BEGIN_MEMS_ALLOWED)) {
        begin.mems_allowed = nodes_of(wire.mems_allowed);
    }
    begin.badness_unsigned = has(wire.valid, WIRE_BEGIN_BADNESS_UNSIGNED);
    begin.cpuset = text_of(wire.cpuset);
    if (has(wire.valid, WIRE_BEGIN_STACK)) {
        if (wire.stack_depth > WIRE_MAX_STACK) {
            return bad("stack_depth");
        }
        begin.stack.assign(wire.stack, wire.stack + wire.stack_depth);
    }
    return begin;
}

BodyResult body_of(const wire_candidate &wire)
{
    Candidate candidate;
    candidate.task = task_of(wire.task);
    candidate.mm = mm_of(wire.task, wire.mm);
    if (has(wire.facts, WIRE_CANDIDATE_POINTS_OBSERVED)) {
        candidate.observed_points = wire.points;
    }
    candidate.evaluated = has(wire.facts, WIRE_CANDIDATE_EVALUATED);
    candidate.became_chosen = candidate.evaluated && has(wire.facts, WIRE_CANDIDATE_BECAME_CHOSEN);
    candidate.aborted_scan = candidate.evaluated && has(wire.facts, WIRE_CANDIDATE_ABORTED_SCAN);
    if (has(wire.facts, WIRE_CANDIDATE_CHOSEN_POINTS)) {
        candidate.chosen_points = wire.chosen_points;
    }
    return candidate;
}

BodyResult body_of(const wire_choice &wire)
{
    Choice choice;
    choice.task = task_of(wire.task);
    choice.has_oom_control = has(wire.valid, WIRE_CHOICE_OOM_CONTROL);
    if (choice.has_oom_control) {
        const std::optional<Constraint> constraint = constraint_of(wire.constraint);
        if (!constraint) {
            return bad("constraint");
        }
        choice.constraint = *constraint;
        choice.points = wire.points;
        choice.total_pages = wire.total_pages;
    }
    choice.message = text_of(wire.message);
    return choice;
}

BodyResult body_of(const wire_kill &wire)
{
    Kill kill;
    switch (wire.event) {
    case WIRE_KILL_SIGNAL:
        kill.event = KillEvent::signal;
        break;
    case WIRE_KILL_MARK:
        kill.event = KillEvent::mark;
        break;
    default:
        return bad("event");
    }
    switch (wire.why) {
    case WIRE_KILL_CHOSEN:
        kill.why = KillWhy::chosen;
        break;
    case WIRE_KILL_OOM_GROUP:
        kill.why = KillWhy::oom_group;
        break;
    case WIRE_KILL_SHARES_MM:
        kill.why = KillWhy::shares_mm;
        break;
    case WIRE_KILL_ALREADY_EXITING:
        kill.why = KillWhy::already_exiting;
        break;
    default:
        return bad("why");
    }
    kill.task = task_of(wire.task);
    kill.mm = mm_of(wire.task, wire.mm);
    kill.oom_group_id = wire.oom_group_id;
    return kill;
}

BodyResult body_of(const wire_node &wire)
{
    NodeState node;
    node.node = wire.node;
    node.nr_zones = wire.nr_zones;
    node.present_pages = wire.present_pages;
    node.spanned_pages = wire.spanned_pages;
    node.stat = valid_items(wire.stat, wire.stat_valid);
    node.kswapd_failures = wire.kswapd_failures;
    return node;
}

BodyResult body_of(const wire_zone &wire)
{
    if (wire.nr_orders > WIRE_MAX_ORDERS) {
        return bad("nr_orders");
    }
    if (wire.nr_zones > WIRE_MAX_ZONES) {
        return bad("nr_zones");
    }
    ZoneState zone;
    zone.node = wire.node;
    zone.index = wire.index;
    zone.name = text_of(wire.name);
    zone.managed_pages = wire.managed_pages;
    zone.present_pages = wire.present_pages;
    zone.spanned_pages = wire.spanned_pages;
    std::copy(std::begin(wire.watermark), std::end(wire.watermark), zone.watermark.begin());
    zone.watermark_boost = wire.watermark_boost;
    zone.reserved_highatomic = wire.reserved_highatomic;
    if (has(wire.valid, WIRE_ZONE_FREE_HIGHATOMIC)) {
        zone.free_highatomic = wire.free_highatomic;
    }
    if (has(wire.valid, WIRE_ZONE_CMA)) {
        zone.cma_pages = wire.cma_pages;
    }
    if (has(wire.valid, WIRE_ZONE_PCP)) {
        zone.free_pcp = wire.free_pcp;
    }
    zone.lowmem_reserve.assign(wire.lowmem_reserve, wire.lowmem_reserve + wire.nr_zones);
    zone.stat = valid_items(wire.stat, wire.stat_valid);
    for (std::uint32_t order = 0; order < wire.nr_orders; order++) {
        zone.free_blocks.push_back({wire.nr_free[order], wire.free_types[order]});
    }
    return zone;
}

BodyResult body_of(const wire_memcg &wire)
{
    MemcgState memcg;
    memcg.id = wire.id;
    memcg.parent_id = wire.parent_id;
    memcg.name = text_of(wire.name);
    memcg.root = has(wire.valid, WIRE_MEMCG_ROOT);
    memcg.v2 = has(wire.valid, WIRE_MEMCG_V2);
    memcg.oom_group = has(wire.valid, WIRE_MEMCG_OOM_GROUP);
    if (has(wire.valid, WIRE_MEMCG_HAS_OOM_LOCK)) {
        memcg.oom_locked = has(wire.valid, WIRE_MEMCG_OOM_LOCKED);
    }
    memcg.oom_kill_disable = has(wire.valid, WIRE_MEMCG_OOM_KILL_DISABLE);
    memcg.memory = counter_of(wire.memory);
    memcg.swap = counter_of(wire.swap);
    if (has(wire.valid, WIRE_MEMCG_KMEM)) {
        memcg.kmem = counter_of(wire.kmem);
    }
    if (has(wire.valid, WIRE_MEMCG_EVENTS)) {
        memcg.events = MemcgState::Events{wire.event_max, wire.event_oom, wire.event_oom_kill};
    }
    if (has(wire.valid, WIRE_MEMCG_SWAPPINESS)) {
        memcg.swappiness = wire.swappiness;
    }
    return memcg;
}

BodyResult body_of(const wire_invocation_end &wire)
{
    // An outcome that this version does not know is `unknown`, a walk's end that it does not know is not.
    constexpr std::array outcomes = {InvocationOutcome::unknown,       InvocationOutcome::killed,
                                     InvocationOutcome::already_dying, InvocationOutcome::aborted,
                                     InvocationOutcome::no_victim,     InvocationOutcome::notifier_freed,
                                     InvocationOutcome::panic};
    constexpr std::array stops = {WalkStop::none, WalkStop::complete, WalkStop::task_limit, WalkStop::time_limit};
    static_assert(outcomes[WIRE_OUTCOME_PANIC] == InvocationOutcome::panic);
    static_assert(stops[WIRE_WALK_TIME_LIMIT] == WalkStop::time_limit);
    if (wire.walk_stop >= stops.size()) {
        return bad("walk_stop");
    }
    InvocationEnd end;
    end.outcome = wire.outcome < outcomes.size() ? outcomes[wire.outcome] : InvocationOutcome::unknown;
    if (wire.returned_valid != 0) {
        end.returned = wire.returned != 0;
    }
    end.walk_stop = stops[wire.walk_stop];
    end.last_sequence = wire.last_sequence;
    end.dropped = drops_of(wire.dropped);
    end.tasks_seen = wire.tasks_seen;
    end.candidates_sent = wire.candidates_sent;
    end.walk_ns = wire.walk_ns;
    end.aborted_by_tgid = wire.aborted_by_tgid;
    return end;
}

BodyResult body_of(const wire_reaper &wire)
{
    ReaperEvent reaper;
    switch (wire.event) {
    case WIRE_REAPER_WAKE:
        reaper.step = ReaperStep::wake;
        break;
    case WIRE_REAPER_START:
        reaper.step = ReaperStep::start;
        break;
    case WIRE_REAPER_FINISH:
        reaper.step = ReaperStep::finish;
        break;
    case WIRE_REAPER_SKIP:
        reaper.step = ReaperStep::skip;
        break;
    default:
        return bad("event");
    }
    reaper.pid = wire.pid;
    reaper.tgid = wire.tgid;
    if (wire.mm_valid != 0) {
        reaper.mm = mm_of(wire.mm);
    }
    return reaper;
}

BodyResult body_of(const wire_exit &wire)
{
    return ExitEvent{wire.pid, wire.tgid, wire.exit_code, wire.threads_left};
}

BodyResult body_of(const wire_mm_released &wire)
{
    MmReleased released;
    released.tgid = wire.tgid;
    released.mm = wire.mm;
    released.rescans = wire.rescans;
    if (wire.last_rescan_ns != 0) {
        released.last_rescan_ns = wire.last_rescan_ns;
    }
    if (wire.memcg_id != 0) {
        released.memcg_id = wire.memcg_id;
    }
    released.memcg_usage_pages = wire.memcg_usage;
    return released;
}

BodyResult body_of(const wire_swap &wire)
{
    return SwapCounts{wire.total_pages, wire.free_pages};
}

BodyResult body_of(const wire_host &wire)
{
    // Every size in bytes is a product of it.
    if (!std::has_single_bit(wire.page_size) || wire.page_size > (1ULL << 30)) {
        return bad("page_size");
    }
    HostFacts host;
    host.page_size = wire.page_size;
    host.realtime_offset_ns = wire.realtime_offset_ns;
    host.boottime_offset_ns = wire.boottime_offset_ns;
    host.attach_method = attach_method_of(wire.attach_method);
    host.cgroup_version = wire.cgroup_version;
    host.hostname = text_of(wire.hostname);
    host.boot_id = text_of(wire.boot_id);
    host.kernel = text_of(wire.kernel);
    host.arch = text_of(wire.arch);
    host.tracer_version = text_of(wire.tracer_version);
    host.method_note = text_of(wire.method_note);
    return host;
}

BodyResult body_of(const wire_system_state &wire)
{
    if (wire.lowmem_reserve_ratio_count > WIRE_MAX_ZONES) {
        return bad("lowmem_reserve_ratio_count");
    }
    SystemState state;
    state.value = valid_items(wire.value, wire.valid);
    state.lowmem_reserve_ratio.assign(wire.lowmem_reserve_ratio, wire.lowmem_reserve_ratio + wire.lowmem_reserve_ratio_count);
    return state;
}

BodyResult body_of(const wire_symbol &wire)
{
    return Symbol{wire.address, wire.offset, text_of(wire.name)};
}

BodyResult body_of(const wire_clock &)
{
    return ClockTick{};
}

BodyResult body_of(const wire_loss &wire)
{
    return LossTotals{drops_of(wire.dropped), wire.recursion_misses, wire.decode_errors};
}

BodyResult body_of(const wire_stream_end &wire)
{
    return StreamEnd{wire.records, wire.reason == WIRE_END_COUNT_REACHED};
}

BodyResult body_of(const wire_kill_counts &wire)
{
    KillCounts counts;
    counts.memcg_id = wire.memcg_id;
    counts.oom_kill_before = wire.oom_kill_before;
    counts.oom_kill_after = wire.oom_kill_after;
    if (has(wire.valid, WIRE_KILL_COUNTS_GROUP)) {
        counts.group_kill = KillCounts::GroupKills{wire.group_kill_before, wire.group_kill_after};
    }
    counts.kills_seen = wire.kills_seen;
    return counts;
}

} // namespace oomtrace
