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

void add_stats(JsonWriter &out, const NamedValues &stats, std::span<const std::string_view> names)
{
    std::size_t known = 0;
    out.add_object("stat_bytes", [&] {
        for (const std::string_view name : names) {
            const auto bytes = stats.find(name);
            out.add(name, bytes);
            known += bytes ? 1 : 0;
        }
    });
    std::vector<NamedValues::value_type> others;
    for (const auto &stat : stats) {
        if (others.size() + known < stats.size() && std::find(names.begin(), names.end(), stat.first) == names.end())
            others.push_back(stat);
    }
    out.add_objects("other_stats", others, [&](const NamedValues::value_type &stat) {
        out.add("name", json_text(stat.first));
        out.add("bytes", stat.second);
    });
}

void add_counter(JsonWriter &out, const LimitCounter &counter)
{
    out.add("usage_bytes", counter.usage_bytes);
    out.add("max_bytes", counter.max_bytes);
    out.add("max_unlimited", !counter.max_bytes.has_value());
    out.add("high_bytes", counter.high_bytes);
    out.add("high_unlimited", json_if(counter.high_known, !counter.high_bytes.has_value()));
    out.add("low_bytes", counter.low_bytes);
    out.add("min_bytes", counter.min_bytes);
    out.add("peak_bytes", counter.peak_bytes);
    out.add("failcnt", counter.failcnt);
}

std::optional<int> version_of(const MemcgLevel &level)
{
    if (level.v2)
        return 2;
    return json_if(level.settings_known || level.memory_and_swap, 1);
}

void add_level(JsonWriter &out, const MemcgLevel &level)
{
    out.add("id", json_nonzero_or_null(level.id));
    out.add("path", json_text_or_null(level.path));
    out.add("version", version_of(level));
    out.add("root", level.root);
    out.add("fired", level.fired);
    out.add("victim_lives_here", level.victim_lives_here);
    out.add("trigger_lives_here", level.trigger_lives_here);
    const bool counters = has_counters(level);
    out.add_object_or_null("memory", json_if(counters, level.memory), add_counter);
    out.add_object_or_null("swap", counters ? level.swap : std::nullopt, add_counter);
    out.add_object_or_null("memory_and_swap", level.memory_and_swap, add_counter);
    out.add_object_or_null("kmem", level.kmem, add_counter);
    out.add("oom_group", json_if(level.oom_group || level.settings_known, level.oom_group));
    out.add("oom_kill_disable", json_if(level.settings_known, level.oom_kill_disable));
    out.add("swappiness", level.swappiness);
    out.add_object_or_null("events", level.events, [](JsonWriter &events, const auto &counted) {
        events.add("max", counted.max);
        events.add("oom", counted.oom);
        events.add("oom_kill", counted.oom_kill);
    });
}

void add_zone(JsonWriter &out, const Zone &zone)
{
    out.add("index", zone.index);
    out.add("name", json_text(zone.name));
    out.add("free_bytes", zone.free_bytes);
    out.add("min_bytes", zone.min_bytes);
    out.add("low_bytes", zone.low_bytes);
    out.add("high_bytes", zone.high_bytes);
    out.add("boost_bytes", zone.boost_bytes);
    out.add("managed_bytes", zone.managed_bytes);
    out.add("present_bytes", zone.present_bytes);
    out.add("spanned_bytes", zone.spanned_bytes);
    out.add("reserved_highatomic_bytes", zone.reserved_highatomic_bytes);
    out.add("free_highatomic_bytes", zone.free_highatomic_bytes);
    out.add("cma_bytes", zone.cma_bytes);
    out.add("free_cma_bytes", zone.free_cma_bytes);
    out.add("free_pcp_bytes", zone.free_pcp_bytes);
    out.add("local_pcp_bytes", zone.local_pcp_bytes);
    out.add("all_unreclaimable", zone.all_unreclaimable);
    out.add("pages_scanned", zone.pages_scanned);
    add_array_or_null(out, "lowmem_reserve_bytes", zone.lowmem_reserve_bytes);
    add_stats(out, zone.stat_bytes, zone_stat_names);
    if (zone.free_blocks.empty()) {
        out.add("free_blocks", nullptr);
        return;
    }
    out.add_objects("free_blocks", zone.free_blocks, [&](const FreeBlockCount &free) {
        out.add("order", free.order);
        out.add("block_bytes", free.block_bytes);
        out.add("count", free.count);
        out.add("types", json_text(free.types));
    });
}

} // namespace

void add_memcg(JsonWriter &out, const MemcgLimit &memcg, const Provenance &provenance)
{
    out.add_object("memcg", [&] {
        out.add("path", json_optional_text(memcg.path));
        out.add("limit_bytes", memcg.limit_bytes);
        out.add("usage_bytes", memcg.usage_bytes);
        if (!memcg.levels.empty() || is_known(provenance))
            out.add_objects("levels", memcg.levels, [&](const MemcgLevel &level) { add_level(out, level); });
        else
            out.add("levels", nullptr);
        add_cgroup_identity(out, memcg.identity);
    });
}

void add_nodes(JsonWriter &out, const std::vector<Node> &nodes, const Provenance &provenance)
{
    if (nodes.empty() && !is_known(provenance)) {
        out.add("nodes", nullptr);
        return;
    }
    out.add_objects("nodes", nodes, [&](const Node &node) {
        out.add("node", node.node);
        out.add("present_bytes", node.present_bytes);
        out.add("spanned_bytes", node.spanned_bytes);
        out.add("kswapd_failures", node.kswapd_failures);
        out.add("all_unreclaimable", node.all_unreclaimable);
        add_stats(out, node.stat_bytes, node_stat_names);
        out.add_objects("zones", node.zones, [&](const Zone &zone) { add_zone(out, zone); });
    });
}

} // namespace oomtrace
