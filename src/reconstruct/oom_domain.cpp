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

// Memory that an allocation which may use the zone would have got at the kernel's last try: above the high watermark, and above
// what is kept back from allocations that could go elsewhere.
bool has_room(const ZoneState &zone)
{
    const auto item = [&](std::uint32_t key) {
        const auto found = zone.stat.find(key);
        return found == zone.stat.end() ? 0 : found->second;
    };
    std::int64_t kept = 0;
    for (const std::int64_t reserve : zone.lowmem_reserve) {
        kept = std::max(kept, reserve);
    }
    const std::uint64_t watermark = zone.watermark[2] + zone.watermark_boost + zone.reserved_highatomic;
    return item(WIRE_ZONE_FREE) - item(WIRE_ZONE_FREE_CMA) - kept > static_cast<std::int64_t>(watermark);
}

// The host's nodes that have memory, of which some may be left out by a mask.
class MemoryNodes
{
  public:
    explicit MemoryNodes(const Episode &episode) : episode_(episode) {}

    using Mask = std::vector<std::uint32_t>;

    [[nodiscard]] bool all_in(const Mask &mask) const
    {
        return std::ranges::all_of(episode_.nodes, [&](const NodeState &node) { return empty(node) || in(mask, node.node); });
    }
    [[nodiscard]] std::size_t count_in(const Mask &mask) const
    {
        return static_cast<std::size_t>(
            std::ranges::count_if(episode_.nodes, [&](const NodeState &node) { return !empty(node) && in(mask, node.node); }));
    }
    [[nodiscard]] std::uint64_t present_in(const Mask &mask) const
    {
        std::uint64_t pages = 0;
        for (const NodeState &node : episode_.nodes) {
            pages += in(mask, node.node) ? node.present_pages : 0;
        }
        return pages;
    }
    [[nodiscard]] bool room_inside(const Mask &mask) const { return room(mask, true); }
    [[nodiscard]] bool room_outside(const Mask &mask) const { return room(mask, false); }

  private:
    static bool empty(const NodeState &node) { return node.present_pages == 0; }
    static bool in(const Mask &mask, std::uint32_t node) { return std::ranges::find(mask, node) != mask.end(); }

    [[nodiscard]] bool room(const Mask &mask, bool inside) const
    {
        return std::ranges::any_of(episode_.zones,
                                   [&](const ZoneState &zone) { return in(mask, zone.node) == inside && has_room(zone); });
    }

    const Episode &episode_;
};

// What constrained_alloc() would say of the trigger's memory policy and cpuset. The allocation itself is not seen, so that what
// cannot follow from them is left open.
void infer_constraint(const InvocationBegin &begin, const MemoryNodes &nodes, OomDomain &domain)
{
    const bool bound = begin.policy_nodes && !nodes.all_in(*begin.policy_nodes);
    const MemoryNodes::Mask &allowed = bound ? *begin.policy_nodes : *begin.mems_allowed;
    if (nodes.count_in(allowed) > 1 && nodes.room_inside(allowed)) {
        domain.constraint_source = {Source::absent,
                                    "a node that the trigger may use had room: what confined the allocation, such "
                                    "as a memory policy of the range of memory (mbind), is not visible to "
                                    "tracepoints"};
        return;
    }
    if (bound) {
        domain.constraint = Constraint::memory_policy;
        domain.constraint_source = {Source::recomputed,
                                    "from the trigger's own memory policy; one of the range of memory (mbind) "
                                    "is not visible to tracepoints"};
        return;
    }
    if (nodes.all_in(allowed)) {
        domain.constraint = Constraint::none;
        domain.constraint_source = {Source::recomputed, ""};
        return;
    }
    if (!nodes.room_outside(allowed)) {
        // An allocation without __GFP_HARDWALL, such as of a page table, may leave the cpuset.
        domain.constraint_source = {Source::absent,
                                    "no node outside the trigger's cpuset had room: whether the cpuset confined the "
                                    "allocation depends on its gfp_mask, which no tracepoint carries"};
        return;
    }
    domain.constraint = Constraint::cpuset;
    domain.constraint_source = {Source::recomputed, "from the trigger's cpuset"};
}

void infer_global(const Episode &episode, const PageUnits &units, OomDomain &domain)
{
    const InvocationBegin &begin = episode.begin->body;
    if (domain.scope == Scope::sysrq) {
        // moom_callback() hands over no mask, and the kernel's own worker is in no cpuset but the root.
        domain.constraint = Constraint::none;
        domain.constraint_source = {Source::recomputed, ""};
    } else if (!begin.mems_allowed || episode.nodes.empty()) {
        domain.constraint_source = {Source::absent,
                                    "the nodes that the trigger may use, or those of the host, were not captured"};
    } else {
        infer_constraint(begin, MemoryNodes(episode), domain);
    }
    if (!domain.constraint) {
        return;
    }
    const std::optional<std::int64_t> swap = system_item(episode.system, WIRE_SYS_TOTAL_SWAP_BYTES);
    const std::optional<std::int64_t> ram = system_item(episode.system, WIRE_SYS_TOTAL_RAM_BYTES);
    const auto pages = [&](std::int64_t bytes) {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0)) / units.page_size();
    };
    std::optional<std::uint64_t> memory;
    if (domain.constraint == Constraint::none) {
        memory = ram ? std::optional(pages(*ram)) : std::nullopt;
    } else {
        memory = MemoryNodes(episode).present_in(domain.constraint == Constraint::cpuset ? *begin.mems_allowed
                                                                                         : *begin.policy_nodes);
    }
    if (memory && swap) {
        domain.total_pages = *memory + pages(*swap);
    }
}

// moom_callback() is what SysRq-f runs, in a kernel worker, and nothing else does.
bool asked_for_by_sysrq(const Episode &episode)
{
    const std::vector<std::uint64_t> &stack = episode.begin->body.stack;
    return std::ranges::any_of(episode.symbols, [&](const Symbol &symbol) {
        return symbol.name == "moom_callback" && std::ranges::find(stack, symbol.address) != stack.end();
    });
}

} // namespace

OomDomain work_out_domain(const Episode &episode, const MemcgTree &memcgs, const PageUnits &units)
{
    OomDomain domain;
    if (!is_recomputed(episode) || (episode.begin && episode.begin->body.has_oom_control)) {
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
    if (asked_for_by_sysrq(episode)) {
        domain.memcg_id = 0;
        domain.memcg_source = {Source::recomputed, "no cgroup's limit: moom_callback() is on the trigger's stack"};
        domain.scope = Scope::sysrq;
        infer_global(episode, units, domain);
        return domain;
    }
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
