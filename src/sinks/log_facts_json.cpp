// SPDX-License-Identifier: Apache-2.0
#include "sinks/log_facts_json.h"

namespace oomtrace
{

namespace
{

void add_counters(JsonWriter &json, std::string_view key, const std::map<std::string, std::uint64_t> &counters,
                  std::string_view unit)
{
    json.add_objects(key, counters, [&](const auto &counter) {
        json.add("name", json_text(counter.first));
        json.add(unit, counter.second);
    });
}

void add_facts(JsonWriter &json, const LogFacts &facts)
{
    json.add("logged_at", json_text_or_null(facts.logged_at));
    add_counters(json, "mem_info", facts.mem_info_pages, "pages");
    add_counters(json, "page_counts", facts.page_counts, "pages");
    add_counters(json, "swap_cache", facts.swap_cache, "pages");
    json.add_objects("hugepages", facts.hugepages, [&](const LogFacts::Hugepages &pool) {
        json.add("node", pool.node);
        json.add("page_size_bytes", pool.page_size_bytes);
        json.add("pages_total", pool.total);
        json.add("pages_free", pool.free);
        json.add("pages_surplus", pool.surplus);
    });
    json.add_objects("unreclaimable_slabs", facts.unreclaimable_slabs, [&](const LogFacts::Slab &slab) {
        json.add("name", json_text(slab.name));
        json.add("used_bytes", slab.used_bytes);
        json.add("total_bytes", slab.total_bytes);
    });
    json.add("memcg_stats_path", json_text_or_null(facts.memcg_stats_path));
    add_counters(json, "memcg_stats", facts.memcg_stats, "value");
    json.add("memcg_min_protection_bytes", facts.memcg_min_protection_bytes);
    json.add("memcg_low_protection_bytes", facts.memcg_low_protection_bytes);
    json.add("group_path", json_text_or_null(facts.group_path));
    json.add("mm_pinned_by", json_texts(facts.mm_pinned_by));
    json.add("kernel_score", facts.kernel_score);
    json.add("panic_reason", json_text_or_null(facts.panic_reason));
}

} // namespace

void add_log_facts(JsonWriter &json, const std::optional<LogFacts> &facts)
{
    json.add_object_or_null("kernel_report", facts, add_facts);
}

} // namespace oomtrace
