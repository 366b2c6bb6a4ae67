// SPDX-License-Identifier: Apache-2.0
#include "sinks/log_facts_json.h"

namespace oomtrace
{

namespace
{

Json counters_json(const std::map<std::string, std::uint64_t> &counters, const char *unit)
{
    Json array = Json::array();
    for (const auto &[name, value] : counters)
        array.push_back(Json{{"name", json_text(name)}, {unit, value}});
    return array;
}

} // namespace

Json log_facts_json(const LogFacts &facts)
{
    Json hugepages = Json::array();
    for (const LogFacts::Hugepages &pool : facts.hugepages)
        hugepages.push_back(Json{{"node", pool.node},
                                 {"page_size_bytes", pool.page_size_bytes},
                                 {"pages_total", pool.total},
                                 {"pages_free", pool.free},
                                 {"pages_surplus", pool.surplus}});
    Json slabs = Json::array();
    for (const LogFacts::Slab &slab : facts.unreclaimable_slabs)
        slabs.push_back(
            Json{{"name", json_text(slab.name)}, {"used_bytes", slab.used_bytes}, {"total_bytes", slab.total_bytes}});
    return Json{
        {"logged_at", json_text_or_null(facts.logged_at)},
        {"mem_info", counters_json(facts.mem_info_pages, "pages")},
        {"page_counts", counters_json(facts.page_counts, "pages")},
        {"swap_cache", counters_json(facts.swap_cache, "pages")},
        {"hugepages", std::move(hugepages)},
        {"unreclaimable_slabs", std::move(slabs)},
        {"memcg_stats_path", json_text_or_null(facts.memcg_stats_path)},
        {"memcg_stats", counters_json(facts.memcg_stats, "value")},
        {"memcg_min_protection_bytes", json_or_null(facts.memcg_min_protection_bytes)},
        {"memcg_low_protection_bytes", json_or_null(facts.memcg_low_protection_bytes)},
        {"group_path", json_text_or_null(facts.group_path)},
        {"mm_pinned_by", json_texts(facts.mm_pinned_by)},
        {"kernel_score", json_or_null(facts.kernel_score)},
        {"panic_reason", json_text_or_null(facts.panic_reason)},
    };
}

} // namespace oomtrace
