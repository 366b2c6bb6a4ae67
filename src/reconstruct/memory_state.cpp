// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/memory_state.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "oomtrace/wire_record.h"
#include "reconstruct/system_items.h"

namespace oomtrace
{
namespace
{

struct ItemName {
    std::uint32_t item;
    std::string_view name;
};

// The words of the kernel's own report, in one spelling. FOLL_PIN_* count pages over the uptime, not memory.
constexpr ItemName node_items[] = {
    {WIRE_NODE_ACTIVE_ANON, "active_anon"},
    {WIRE_NODE_INACTIVE_ANON, "inactive_anon"},
    {WIRE_NODE_ACTIVE_FILE, "active_file"},
    {WIRE_NODE_INACTIVE_FILE, "inactive_file"},
    {WIRE_NODE_UNEVICTABLE, "unevictable"},
    {WIRE_NODE_ISOLATED_ANON, "isolated_anon"},
    {WIRE_NODE_ISOLATED_FILE, "isolated_file"},
    {WIRE_NODE_ANON_MAPPED, "anon_mapped"},
    {WIRE_NODE_FILE_MAPPED, "mapped"},
    {WIRE_NODE_FILE_PAGES, "file_pages"},
    {WIRE_NODE_FILE_DIRTY, "dirty"},
    {WIRE_NODE_WRITEBACK, "writeback"},
    {WIRE_NODE_SHMEM, "shmem"},
    {WIRE_NODE_SLAB_RECLAIMABLE, "slab_reclaimable"},
    {WIRE_NODE_SLAB_UNRECLAIMABLE, "slab_unreclaimable"},
    {WIRE_NODE_PAGETABLE, "page_tables"},
    {WIRE_NODE_SECONDARY_PAGETABLE, "sec_page_tables"},
    {WIRE_NODE_KERNEL_MISC_RECLAIMABLE, "kernel_misc_reclaimable"},
    {WIRE_NODE_SWAPCACHE, "swap_cached"},
    {WIRE_NODE_ANON_THPS, "anon_thp"},
    {WIRE_NODE_SHMEM_THPS, "shmem_thp"},
    {WIRE_NODE_FILE_THPS, "file_thp"},
};

constexpr ItemName zone_items[] = {
    {WIRE_ZONE_INACTIVE_ANON, "inactive_anon"},
    {WIRE_ZONE_ACTIVE_ANON, "active_anon"},
    {WIRE_ZONE_INACTIVE_FILE, "inactive_file"},
    {WIRE_ZONE_ACTIVE_FILE, "active_file"},
    {WIRE_ZONE_UNEVICTABLE, "unevictable"},
    {WIRE_ZONE_WRITE_PENDING, "write_pending"},
    {WIRE_ZONE_MLOCK, "mlocked"},
    {WIRE_ZONE_BOUNCE, "bounce"},
    {WIRE_ZONE_ZSPAGES, "zspages"},
};

NamedValues named_stats(const std::map<std::uint32_t, std::int64_t> &stat, std::span<const ItemName> names,
                        const PageUnits &units)
{
    NamedValues named;
    for (const auto &[item, name] : names) {
        if (const auto found = stat.find(item); found != stat.end()) {
            named.emplace(name, units.bytes_clamped(found->second));
        }
    }
    return named;
}

std::optional<std::uint64_t> bytes_of(const std::optional<std::uint64_t> &pages, const PageUnits &units)
{
    return pages ? std::optional(units.bytes(*pages)) : std::nullopt;
}

std::string type_letters(std::uint8_t types)
{
    constexpr std::string_view letters = "UMEHCI"; // index: enum wire_migrate_type
    static_assert(letters.size() == WIRE_MIGRATE_TYPES);
    std::string result;
    for (std::size_t type = 0; type < letters.size(); type++) {
        if ((types >> type & 1) != 0) {
            result += letters[type];
        }
    }
    return result;
}

Zone zone_of(const ZoneState &state, const PageUnits &units)
{
    Zone zone;
    zone.index = state.index;
    zone.name = state.name;
    const auto stat = [&](std::uint32_t item) {
        const auto found = state.stat.find(item);
        return found == state.stat.end() ? std::nullopt : std::optional(units.bytes_clamped(found->second));
    };
    zone.free_bytes = stat(WIRE_ZONE_FREE).value_or(0);
    const auto watermark = [&](std::uint64_t pages) { return units.bytes(saturating_add(pages, state.watermark_boost)); };
    zone.min_bytes = watermark(state.watermark[0]);
    zone.low_bytes = watermark(state.watermark[1]);
    zone.high_bytes = watermark(state.watermark[2]);
    zone.boost_bytes = units.bytes(state.watermark_boost);
    zone.managed_bytes = units.bytes(state.managed_pages);
    zone.present_bytes = units.bytes(state.present_pages);
    zone.spanned_bytes = units.bytes(state.spanned_pages);
    zone.reserved_highatomic_bytes = units.bytes(state.reserved_highatomic);
    zone.free_highatomic_bytes = bytes_of(state.free_highatomic, units);
    zone.cma_bytes = bytes_of(state.cma_pages, units);
    zone.free_cma_bytes = stat(WIRE_ZONE_FREE_CMA);
    zone.free_pcp_bytes = bytes_of(state.free_pcp, units);
    for (const std::int64_t pages : state.lowmem_reserve) {
        zone.lowmem_reserve_bytes.push_back(units.bytes_clamped(pages));
    }
    zone.stat_bytes = named_stats(state.stat, zone_items, units);
    for (std::uint32_t order = 0; order < state.free_blocks.size(); order++) {
        const FreeBlocks &blocks = state.free_blocks[order];
        zone.free_blocks.push_back({order, units.bytes(std::uint64_t{1} << order), blocks.count, type_letters(blocks.types)});
    }
    return zone;
}

LimitCounter limit_of(const PageCounter &counter, const PageUnits &units)
{
    LimitCounter limit;
    limit.usage_bytes = units.bytes(counter.usage);
    limit.max_bytes = bytes_of(counter.max, units);
    limit.high_bytes = bytes_of(counter.high, units);
    // A protection of "max" protects all there can be.
    limit.low_bytes = units.bytes(counter.low.value_or(units.unlimited_pages()));
    limit.min_bytes = units.bytes(counter.min.value_or(units.unlimited_pages()));
    limit.peak_bytes = units.bytes(counter.watermark);
    limit.failcnt = counter.failcnt;
    return limit;
}

MemcgLevel level_of(const MemcgState &state, const MemcgPlaces &places, const MemcgTree &memcgs, const PageUnits &units)
{
    MemcgLevel level;
    level.id = state.id;
    level.path = memcgs.path(state.id).value_or("");
    level.v2 = state.v2;
    level.root = state.root;
    level.memory = limit_of(state.memory, units);
    (state.v2 ? level.swap : level.memory_and_swap) = limit_of(state.swap, units);
    if (state.kmem) {
        level.kmem = limit_of(*state.kmem, units);
    }
    level.oom_group = state.oom_group;
    level.oom_kill_disable = state.oom_kill_disable;
    level.swappiness = state.swappiness;
    level.events = state.events;
    level.fired = places.fired.value_or(0) != 0 && state.id == places.fired;
    level.victim_lives_here = places.victim != 0 && state.id == places.victim;
    level.trigger_lives_here = places.trigger != 0 && state.id == places.trigger;
    return level;
}

} // namespace

std::vector<Node> build_nodes(std::span<const NodeState> nodes, std::span<const ZoneState> zones, const PageUnits &units)
{
    std::map<std::uint32_t, Node> by_number;
    for (const NodeState &state : nodes) {
        const auto [entry, inserted] = by_number.try_emplace(state.node);
        if (!inserted) {
            continue;
        }
        Node &node = entry->second;
        node.node = state.node;
        node.present_bytes = units.bytes(state.present_pages);
        node.spanned_bytes = units.bytes(state.spanned_pages);
        node.kswapd_failures = state.kswapd_failures;
        node.stat_bytes = named_stats(state.stat, node_items, units);
        if (const auto stack = state.stat.find(WIRE_NODE_KERNEL_STACK_KB); stack != state.stat.end()) {
            node.stat_bytes.emplace("kernel_stack", PageUnits(1024).bytes_clamped(stack->second));
        }
    }
    for (const ZoneState &state : zones) {
        Node &node = by_number[state.node];
        node.node = state.node;
        if (std::ranges::none_of(node.zones, [&](const Zone &zone) { return zone.index == state.index; })) {
            node.zones.push_back(zone_of(state, units));
        }
    }
    std::vector<Node> result;
    for (auto &[number, node] : by_number) {
        std::ranges::sort(node.zones, {}, &Zone::index);
        result.push_back(std::move(node));
    }
    return result;
}

Swap build_swap(const std::optional<SwapCounts> &observed, const std::optional<SystemState> &system, const PageUnits &units)
{
    if (observed) {
        return {units.bytes_clamped(observed->total_pages), units.bytes_clamped(observed->free_pages)};
    }
    const auto bytes = [&](std::uint32_t item) {
        const std::optional<std::int64_t> value = system_item(system, item);
        return value && *value >= 0 ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
    };
    return {bytes(WIRE_SYS_TOTAL_SWAP_BYTES), bytes(WIRE_SYS_FREE_SWAP_BYTES)};
}

Hugetlb build_hugetlb(const std::optional<SystemState> &system)
{
    const auto count = [&](std::uint32_t item) {
        const std::optional<std::int64_t> value = system_item(system, item);
        return value && *value >= 0 ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
    };
    return {count(WIRE_SYS_HUGEPAGE_SIZE_BYTES), count(WIRE_SYS_HUGEPAGES_TOTAL), count(WIRE_SYS_HUGEPAGES_FREE)};
}

Sysctls build_sysctls(const std::optional<SystemState> &system)
{
    Sysctls sysctls;
    sysctls.panic_on_oom = system_item(system, WIRE_SYS_PANIC_ON_OOM);
    sysctls.oom_kill_allocating_task = system_item(system, WIRE_SYS_OOM_KILL_ALLOCATING_TASK);
    sysctls.oom_dump_tasks = system_item(system, WIRE_SYS_OOM_DUMP_TASKS);
    sysctls.overcommit_memory = system_item(system, WIRE_SYS_OVERCOMMIT_MEMORY);
    sysctls.overcommit_ratio = system_item(system, WIRE_SYS_OVERCOMMIT_RATIO);
    sysctls.overcommit_kbytes = system_item(system, WIRE_SYS_OVERCOMMIT_KBYTES);
    sysctls.min_free_kbytes = system_item(system, WIRE_SYS_MIN_FREE_KBYTES);
    sysctls.watermark_scale_factor = system_item(system, WIRE_SYS_WATERMARK_SCALE_FACTOR);
    sysctls.swappiness = system_item(system, WIRE_SYS_SWAPPINESS);
    if (system) {
        sysctls.lowmem_reserve_ratio = system->lowmem_reserve_ratio;
    }
    return sysctls;
}

MemcgLimit build_memcg_limit(const MemcgPlaces &places, const MemcgTree &memcgs, const PageUnits &units)
{
    MemcgLimit limit;
    for (const MemcgState *state : memcgs.chain(places.victim != 0 ? places.victim : places.trigger)) {
        limit.levels.push_back(level_of(*state, places, memcgs, units));
    }
    if (places.fired.value_or(0) == 0) {
        return limit;
    }
    limit.path = memcgs.path(*places.fired);
    if (const MemcgState *fired = memcgs.find(*places.fired)) {
        limit.limit_bytes = bytes_of(fired->memory.max, units);
        limit.usage_bytes = units.bytes(fired->memory.usage);
    }
    return limit;
}

} // namespace oomtrace
