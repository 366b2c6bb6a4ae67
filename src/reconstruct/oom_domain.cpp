// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/oom_domain.h"

#include <algorithm>

#include "oomtrace/wire_record.h"
#include "reconstruct/system_items.h"

namespace oomtrace
{
namespace
{

// try_charge() takes MEMCG_CHARGE_BATCH pages at a time and fails on the batch before it fails on the page, so that the level
// that fired stands up to one batch below its limit.
constexpr std::uint64_t charge_batch_pages = 64;

bool at_its_limit(const PageCounter &counter)
{
    return counter.max && saturating_add(counter.usage, charge_batch_pages) >= *counter.max;
}

void take_oom_control(const Episode &episode, OomDomain &domain)
{
    if (episode.begin && episode.begin->body.has_oom_control) {
        const InvocationBegin &begin = episode.begin->body;
        domain.memcg_id = begin.oom_memcg_id;
        domain.memcg_source = {Source::observed, ""};
        domain.scope = begin.order == -1 ? Scope::sysrq : begin.oom_memcg_id.value_or(0) != 0 ? Scope::memcg : Scope::global;
        domain.constraint = begin.constraint;
        domain.total_pages = begin.total_pages;
        if (begin.constraint) {
            domain.constraint_source = {Source::observed, ""};
        }
    }
    if (!domain.constraint && episode.choice && episode.choice->body.has_oom_control) {
        const Choice &choice = episode.choice->body;
        domain.constraint = choice.constraint;
        domain.total_pages = choice.total_pages;
        domain.constraint_source = {Source::observed, ""};
        if (domain.scope == Scope::unknown) {
            domain.scope = choice.constraint == Constraint::memcg ? Scope::memcg : Scope::global;
        }
    }
}

// The level that fired, by the state of the limits around the trigger. Absent: a level that could be it was not captured.
std::optional<std::uint64_t> infer_memcg(const InvocationBegin &begin, const MemcgTree &memcgs)
{
    for (const MemcgState *level : memcgs.chain(begin.trigger.memcg_id)) {
        if (!level->root && (at_its_limit(level->memory) || (!level->v2 && at_its_limit(level->swap)))) {
            return level->id;
        }
    }
    return memcgs.reaches_root(begin.trigger.memcg_id) ? std::optional<std::uint64_t>(0) : std::nullopt;
}

void infer_global(const Episode &episode, const PageUnits &units, OomDomain &domain)
{
    const InvocationBegin &begin = episode.begin->body;
    const std::optional<std::int64_t> ram = system_item(episode.system, WIRE_SYS_TOTAL_RAM_BYTES);
    const std::optional<std::int64_t> swap = system_item(episode.system, WIRE_SYS_TOTAL_SWAP_BYTES);
    const auto pages = [&](std::int64_t bytes) {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0)) / units.page_size();
    };
    if (!begin.mems_allowed || episode.nodes.empty()) {
        domain.constraint_source = {Source::absent,
                                    "the nodes that the trigger may use, or those of the host, were not captured"};
        return;
    }
    std::uint64_t allowed_present = 0;
    bool all_allowed = true;
    for (const NodeState &node : episode.nodes) {
        const bool allowed = std::ranges::find(*begin.mems_allowed, node.node) != begin.mems_allowed->end();
        all_allowed &= allowed || node.present_pages == 0;
        allowed_present += allowed ? node.present_pages : 0;
    }
    domain.constraint = all_allowed ? Constraint::none : Constraint::cpuset;
    domain.constraint_source = {Source::recomputed, "a memory policy's node mask is not visible to tracepoints"};
    if (swap && (ram || !all_allowed)) {
        domain.total_pages = (all_allowed ? pages(*ram) : allowed_present) + pages(*swap);
    }
}

} // namespace

OomDomain work_out_domain(const Episode &episode, const MemcgTree &memcgs, const PageUnits &units)
{
    OomDomain domain;
    if (!is_recomputed(episode)) {
        domain.constraint_source = {Source::absent, "the kernel had not worked it out when the tracer looked"};
        domain.memcg_source = {Source::absent, "the record of the invocation's begin was lost"};
        take_oom_control(episode, domain);
        return domain;
    }
    if (!episode.begin) {
        domain.constraint_source = domain.memcg_source = {Source::absent, "the record of the invocation's begin was lost"};
        return domain;
    }
    const InvocationBegin &begin = episode.begin->body;
    if (begin.oom_memcg_from_lock) {
        domain.memcg_id = begin.oom_memcg_id;
        domain.memcg_source = {Source::recomputed, "the topmost cgroup whose OOM lock the kernel held"};
    } else if (begin.scope_from_stack) {
        domain.memcg_id = begin.oom_memcg_id;
        domain.memcg_source = {Source::recomputed,
                               begin.oom_memcg_id == 0
                                   ? "no cgroup's limit: mem_cgroup_out_of_memory() is not on the trigger's stack"
                                   : "the innermost level within one charge batch of its limit"};
    } else {
        domain.memcg_id = infer_memcg(begin, memcgs);
        domain.memcg_source = domain.memcg_id
                                  ? Provenance{Source::recomputed, "the innermost level within one charge batch of its limit"}
                                  : Provenance{Source::absent, "cgroups above the trigger were not captured"};
    }
    if (!domain.memcg_id) {
        domain.constraint_source = {Source::absent, "whether a cgroup's limit fired is not known"};
        return domain;
    }
    if (*domain.memcg_id == 0) {
        domain.scope = Scope::global;
        infer_global(episode, units, domain);
        return domain;
    }
    domain.scope = Scope::memcg;
    domain.constraint = Constraint::memcg;
    domain.constraint_source = {Source::recomputed, ""};
    if (const MemcgState *fired = memcgs.find(*domain.memcg_id)) {
        domain.total_pages = memcg_total_pages(*fired, episode.system, units);
    }
    if (!domain.total_pages) {
        domain.constraint_source.note =
            "total_pages is not known: the limits of the cgroup, or the host's swap, were not captured";
    }
    return domain;
}

std::optional<std::uint64_t> memcg_total_pages(const MemcgState &memcg, const std::optional<SystemState> &system,
                                               const PageUnits &units)
{
    const std::uint64_t max = memcg.memory.max.value_or(units.unlimited_pages());
    const std::uint64_t swap_max = memcg.swap.max.value_or(units.unlimited_pages());
    // v1 keeps memory+swap in the same counter: what it allows beyond memory is for swap.
    const std::uint64_t allowed_swap = memcg.v2 ? swap_max : swap_max - std::min(swap_max, max);
    if (allowed_swap == 0) {
        return std::max<std::uint64_t>(max, 1);
    }
    const std::optional<std::int64_t> host_swap = system_item(system, WIRE_SYS_TOTAL_SWAP_BYTES);
    if (host_swap == 0) {
        return std::max<std::uint64_t>(max, 1);
    }
    // v2 has no swappiness of its own, and the root of v1 neither.
    std::optional<std::int64_t> swappiness = system_item(system, WIRE_SYS_SWAPPINESS);
    if (!memcg.v2 && !memcg.root && memcg.swappiness) {
        swappiness = memcg.swappiness;
    }
    if (swappiness == 0) {
        return std::max<std::uint64_t>(max, 1);
    }
    if (!host_swap || !swappiness) {
        return std::nullopt;
    }
    const std::uint64_t host_swap_pages = static_cast<std::uint64_t>(std::max<std::int64_t>(*host_swap, 0)) / units.page_size();
    return std::max<std::uint64_t>(saturating_add(max, std::min(allowed_swap, host_swap_pages)), 1);
}

} // namespace oomtrace
