// SPDX-License-Identifier: Apache-2.0
#include "sinks/memory_json.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string>

#include "sinks/known.h"

namespace oomtrace
{

namespace
{

// The fixed keys of stat_bytes. A kernel that lacks an item gives null; an item that is not listed goes to other_stats.
constexpr std::array<std::string_view, 23> node_stat_names = {
    "active_anon",   "inactive_anon", "active_file",     "inactive_file",    "unevictable",
    "isolated_anon", "isolated_file", "anon_mapped",     "mapped",           "file_pages",
    "dirty",         "writeback",     "shmem",           "slab_reclaimable", "slab_unreclaimable",
    "kernel_stack",  "page_tables",   "sec_page_tables", "swap_cached",      "kernel_misc_reclaimable",
    "anon_thp",      "shmem_thp",     "file_thp",
};
constexpr std::array<std::string_view, 9> zone_stat_names = {
    "active_anon",   "inactive_anon", "active_file", "inactive_file", "unevictable",
    "write_pending", "mlocked",       "bounce",      "zspages",
};

void add_stats(Json &object, const std::map<std::string, std::uint64_t> &stats, std::span<const std::string_view> names)
{
    Json fixed = Json::object();
    for (const std::string_view name : names) {
        const auto found = stats.find(std::string(name));
        fixed[name] = found == stats.end() ? Json(nullptr) : Json(found->second);
    }
    Json others = Json::array();
    for (const auto &[name, bytes] : stats) {
        if (std::find(names.begin(), names.end(), name) == names.end())
            others.push_back(Json{{"name", json_text(name)}, {"bytes", bytes}});
    }
    object["stat_bytes"] = fixed;
    object["other_stats"] = others;
}

Json counter_json(const LimitCounter &counter)
{
    return Json{
        {"usage_bytes", counter.usage_bytes},
        {"max_bytes", json_or_null(counter.max_bytes)},
        {"max_unlimited", !counter.max_bytes.has_value()},
        {"high_bytes", json_or_null(counter.high_bytes)},
        {"high_unlimited", counter.high_known ? Json(!counter.high_bytes.has_value()) : Json(nullptr)},
        {"low_bytes", json_or_null(counter.low_bytes)},
        {"min_bytes", json_or_null(counter.min_bytes)},
        {"peak_bytes", json_or_null(counter.peak_bytes)},
        {"failcnt", counter.failcnt},
    };
}

Json counter_json(const std::optional<LimitCounter> &counter)
{
    return counter ? counter_json(*counter) : Json(nullptr);
}

Json level_json(const MemcgLevel &level)
{
    Json events = nullptr;
    if (level.events)
        events = Json{{"max", level.events->max}, {"oom", level.events->oom}, {"oom_kill", level.events->oom_kill}};
    const bool counters = has_counters(level);
    return Json{
        {"id", json_nonzero_or_null(level.id)},
        {"path", json_text_or_null(level.path)},
        {"version", level.v2                                        ? Json(2)
                    : level.settings_known || level.memory_and_swap ? Json(1)
                                                                    : Json(nullptr)},
        {"root", level.root},
        {"fired", level.fired},
        {"victim_lives_here", level.victim_lives_here},
        {"trigger_lives_here", level.trigger_lives_here},
        {"memory", counters ? counter_json(level.memory) : Json(nullptr)},
        {"swap", counters ? counter_json(level.swap) : Json(nullptr)},
        {"memory_and_swap", counter_json(level.memory_and_swap)},
        {"kmem", counter_json(level.kmem)},
        {"oom_group", level.oom_group || level.settings_known ? Json(level.oom_group) : Json(nullptr)},
        {"oom_kill_disable", level.settings_known ? Json(level.oom_kill_disable) : Json(nullptr)},
        {"swappiness", json_or_null(level.swappiness)},
        {"events", std::move(events)},
    };
}

Json zone_json(const Zone &zone)
{
    Json blocks = nullptr;
    if (!zone.free_blocks.empty()) {
        blocks = Json::array();
        for (const FreeBlockCount &free : zone.free_blocks)
            blocks.push_back(Json{{"order", free.order},
                                  {"block_bytes", free.block_bytes},
                                  {"count", free.count},
                                  {"types", json_text(free.types)}});
    }
    Json object{
        {"index", zone.index},
        {"name", json_text(zone.name)},
        {"free_bytes", zone.free_bytes},
        {"min_bytes", zone.min_bytes},
        {"low_bytes", zone.low_bytes},
        {"high_bytes", zone.high_bytes},
        {"boost_bytes", json_or_null(zone.boost_bytes)},
        {"managed_bytes", json_or_null(zone.managed_bytes)},
        {"present_bytes", json_or_null(zone.present_bytes)},
        {"spanned_bytes", json_or_null(zone.spanned_bytes)},
        {"reserved_highatomic_bytes", json_or_null(zone.reserved_highatomic_bytes)},
        {"free_highatomic_bytes", json_or_null(zone.free_highatomic_bytes)},
        {"cma_bytes", json_or_null(zone.cma_bytes)},
        {"free_cma_bytes", json_or_null(zone.free_cma_bytes)},
        {"free_pcp_bytes", json_or_null(zone.free_pcp_bytes)},
        {"local_pcp_bytes", json_or_null(zone.local_pcp_bytes)},
        {"all_unreclaimable", json_or_null(zone.all_unreclaimable)},
        {"pages_scanned", json_or_null(zone.pages_scanned)},
        {"lowmem_reserve_bytes", json_array_or_null(zone.lowmem_reserve_bytes)},
    };
    add_stats(object, zone.stat_bytes, zone_stat_names);
    object["free_blocks"] = blocks;
    return object;
}

} // namespace

Json memcg_json(const MemcgLimit &memcg, const Provenance &provenance)
{
    Json levels = nullptr;
    if (!memcg.levels.empty() || is_known(provenance)) {
        levels = Json::array();
        for (const MemcgLevel &level : memcg.levels)
            levels.push_back(level_json(level));
    }
    Json object{
        {"path", json_optional_text(memcg.path)},
        {"limit_bytes", json_or_null(memcg.limit_bytes)},
        {"usage_bytes", json_or_null(memcg.usage_bytes)},
        {"levels", std::move(levels)},
    };
    add_cgroup_identity(object, memcg.identity);
    return object;
}

Json nodes_json(const std::vector<Node> &nodes, const Provenance &provenance)
{
    if (nodes.empty() && !is_known(provenance))
        return nullptr;
    Json array = Json::array();
    for (const Node &node : nodes) {
        Json object{
            {"node", node.node},
            {"present_bytes", json_or_null(node.present_bytes)},
            {"spanned_bytes", json_or_null(node.spanned_bytes)},
            {"kswapd_failures", json_or_null(node.kswapd_failures)},
            {"all_unreclaimable", json_or_null(node.all_unreclaimable)},
        };
        add_stats(object, node.stat_bytes, node_stat_names);
        Json zones = Json::array();
        for (const Zone &zone : node.zones)
            zones.push_back(zone_json(zone));
        object["zones"] = zones;
        array.push_back(object);
    }
    return array;
}

} // namespace oomtrace
