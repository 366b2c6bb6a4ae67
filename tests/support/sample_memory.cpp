// SPDX-License-Identifier: Apache-2.0
#include "support/sample_memory.h"

#include <array>
#include <cstddef>
#include <utility>

#include "support/sample_incident.h"

namespace oomtrace::sample
{

namespace
{

LimitCounter counter(std::uint64_t usage, std::optional<std::uint64_t> max, std::uint64_t failcnt = 0)
{
    LimitCounter result;
    result.usage_bytes = usage;
    result.max_bytes = max;
    result.peak_bytes = max && usage > *max ? *max : usage;
    result.failcnt = failcnt;
    result.low_bytes = result.min_bytes = 0;
    return result;
}

MemcgLevel level(std::uint64_t id, std::string path, LimitCounter memory)
{
    MemcgLevel result;
    result.id = id;
    result.path = std::move(path);
    result.v2 = true;
    result.memory = memory;
    result.swap = counter(0, std::nullopt);
    result.swappiness = 60;
    result.events = MemcgState::Events{};
    return result;
}

MemcgLevel root_level()
{
    MemcgLevel result = level(1, "/", {});
    result.root = true;
    result.swap.reset();
    result.events.reset();
    return result;
}

MemcgLimit limit_of(std::vector<MemcgLevel> levels)
{
    MemcgLimit limit;
    for (const MemcgLevel &one : levels) {
        if (one.fired) {
            limit.path = one.path;
            limit.limit_bytes = one.memory.max_bytes;
            limit.usage_bytes = one.memory.usage_bytes;
        }
    }
    limit.levels = std::move(levels);
    return limit;
}

struct ZoneSizes {
    std::uint64_t managed, present, free, min, low, high; // bytes
};

Zone zone(std::uint32_t index, std::string name, ZoneSizes sizes, std::vector<std::uint64_t> reserve)
{
    Zone result;
    result.index = index;
    result.name = std::move(name);
    result.managed_bytes = sizes.managed;
    result.present_bytes = result.spanned_bytes = sizes.present;
    result.free_bytes = sizes.free;
    result.min_bytes = sizes.min;
    result.low_bytes = sizes.low;
    result.high_bytes = sizes.high;
    result.boost_bytes = result.reserved_highatomic_bytes = result.free_highatomic_bytes = 0;
    result.free_pcp_bytes = 24 * kib;
    result.lowmem_reserve_bytes = std::move(reserve);
    result.stat_bytes = {{"active_anon", sizes.managed / 2},
                         {"inactive_anon", sizes.managed / 4},
                         {"active_file", 64 * kib},
                         {"inactive_file", 96 * kib},
                         {"unevictable", 0},
                         {"write_pending", 8 * kib},
                         {"mlocked", 0},
                         {"bounce", 0},
                         {"zspages", 0}};
    return result;
}

// Hands `free_bytes` out to the orders below `orders`, the biggest blocks first; what is left lies in single pages.
void add_free_blocks(Zone &zone, std::uint32_t orders)
{
    constexpr std::uint64_t page = 4 * kib;
    std::uint64_t left = zone.free_bytes;
    for (std::uint32_t order = 0; order < 11; ++order)
        zone.free_blocks.push_back({order, page << order, 0, ""});
    for (std::uint32_t order = orders; order-- > 0;) {
        FreeBlockCount &blocks = zone.free_blocks[order];
        blocks.count = order == 0 ? left / blocks.block_bytes : left / 2 / blocks.block_bytes;
        blocks.types = blocks.count == 0 ? "" : order == 0 ? "UME" : "UM";
        left -= blocks.count * blocks.block_bytes;
    }
}

Node host_node(std::array<Zone, 3> zones, std::array<std::uint32_t, 3> orders)
{
    Node node;
    for (std::size_t i = 0; i < zones.size(); ++i) {
        add_free_blocks(zones[i], orders[i]);
        node.present_bytes = node.present_bytes.value_or(0) + zones[i].present_bytes.value_or(0);
        node.spanned_bytes = node.spanned_bytes.value_or(0) + zones[i].spanned_bytes.value_or(0);
        node.zones.push_back(std::move(zones[i]));
    }
    return node;
}

} // namespace

MemcgLimit container_levels(const std::string &group)
{
    MemcgLevel own = level(5120, group, counter(2 * gib, 2 * gib, 1532));
    own.fired = own.victim_lives_here = own.trigger_lives_here = true;
    own.swap = counter(0, 0);
    own.events = MemcgState::Events{1532, 1, 0};
    MemcgLevel pod = level(5000, "/kube/pod7", counter(2 * gib + 61 * mib, 4 * gib));
    pod.events = MemcgState::Events{1532, 1, 0};
    MemcgLevel kube = level(900, "/kube", counter(9 * gib + 420 * mib, std::nullopt));
    kube.events = MemcgState::Events{20'411, 18, 17};
    return limit_of({own, pod, kube, root_level()});
}

MemcgLimit service_levels(const std::string &parent, const std::string &group)
{
    MemcgLevel own = level(3300, group, counter(12'950 * mib, std::nullopt));
    own.victim_lives_here = true;
    own.swap = counter(1760 * mib, std::nullopt);
    MemcgLevel slice = level(2000, parent, counter(14'400 * mib, std::nullopt));
    slice.swap = counter(1975 * mib, std::nullopt);
    return limit_of({own, slice, root_level()});
}

MemcgLimit v1_levels(const std::string &group)
{
    MemcgLevel own = level(77, group, counter(508 * mib, 512 * mib, 90));
    own.memory_and_swap = counter(768 * mib, 768 * mib, 12);
    own.fired = own.victim_lives_here = own.trigger_lives_here = true;
    MemcgLevel parent = level(60, "/docker", counter(1900 * mib, std::nullopt));
    parent.memory_and_swap = counter(2300 * mib, std::nullopt);
    MemcgLevel root = root_level();
    for (MemcgLevel *one : {&own, &parent, &root}) {
        one->v2 = false;
        one->swap.reset();
        one->events.reset();
        one->kmem = counter(6 * mib, std::nullopt);
    }
    root.memory = counter(3 * gib, std::nullopt);
    root.memory_and_swap = counter(3 * gib + 400 * mib, std::nullopt);
    return limit_of({own, parent, root});
}

MemcgLimit group_levels(const std::string &group)
{
    MemcgLevel own = level(8800, group, counter(1536 * mib, 1536 * mib, 412));
    own.fired = own.victim_lives_here = own.trigger_lives_here = own.oom_group = true;
    own.memory.high_bytes = 1400 * mib;
    own.events = MemcgState::Events{412, 1, 0};
    MemcgLevel parent = level(8000, "/batch", counter(1600 * mib, 32 * gib));
    return limit_of({own, parent, root_level()});
}

MemcgLimit agent_levels(const std::string &group)
{
    MemcgLevel own = level(410, group, counter(64 * mib, 64 * mib, 8812));
    own.fired = own.trigger_lives_here = true;
    own.events = MemcgState::Events{8812, 31, 0};
    return limit_of({own, level(400, "/system.slice", counter(900 * mib, std::nullopt)), root_level()});
}

std::vector<Node> exhausted_nodes()
{
    Zone dma = zone(0, "DMA", {15'360 * kib, 15'996 * kib, 11'264 * kib, 64 * kib, 80 * kib, 96 * kib},
                    {0, 11 * mib, 62 * mib, 62 * mib, 62 * mib});
    Zone dma32 = zone(1, "DMA32", {2870 * mib, 3 * gib, 57'640 * kib, 12'064 * kib, 15'080 * kib, 18'096 * kib},
                      {0, 0, 51 * mib, 51 * mib, 51 * mib});
    Zone normal = zone(2, "Normal", {13'200 * mib, 13'312 * mib, 54'112 * kib, 55'456 * kib, 69'320 * kib, 83'184 * kib},
                       {0, 0, 0, 0, 0});
    Node node = host_node({dma, dma32, normal}, {10, 8, 3});
    node.kswapd_failures = 16;
    node.stat_bytes = {
        {"active_anon", 9 * gib},
        {"inactive_anon", 5 * gib + 40 * mib},
        {"active_file", 2 * mib},
        {"inactive_file", 3 * mib},
        {"unevictable", 0},
        {"isolated_anon", 0},
        {"isolated_file", 0},
        {"anon_mapped", 14 * gib + 20 * mib},
        {"mapped", 4 * mib},
        {"file_pages", 21 * mib},
        {"dirty", 0},
        {"writeback", 128 * kib},
        {"shmem", 12 * mib},
        {"slab_reclaimable", 60 * mib},
        {"slab_unreclaimable", 490 * mib},
        {"kernel_stack", 9 * mib},
        {"page_tables", 41 * mib},
        {"sec_page_tables", 0},
        {"kernel_misc_reclaimable", 0},
        {"swap_cached", 4 * mib},
        {"anon_thp", 6 * gib},
        {"shmem_thp", 0},
        {"file_thp", 0},
    };
    return {node};
}

std::vector<Node> roomy_nodes()
{
    std::vector<Node> nodes = exhausted_nodes();
    Node &node = nodes.front();
    node.kswapd_failures = 0;
    for (Zone &one : node.zones) {
        one.free_blocks.clear();
        one.free_bytes = one.managed_bytes.value_or(0) / 2;
        add_free_blocks(one, 11);
    }
    node.stat_bytes["anon_mapped"] = 6 * gib;
    node.stat_bytes["active_anon"] = 4 * gib;
    node.stat_bytes["inactive_anon"] = 2 * gib;
    return nodes;
}

} // namespace oomtrace::sample
