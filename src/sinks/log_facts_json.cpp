// SPDX-License-Identifier: Apache-2.0
#include "sinks/log_facts_json.h"

namespace oomtrace
{

namespace
{

void add_counters(JsonWriter &out, std::string_view key, const NamedValues &counters, std::string_view unit)
{
    out.add_objects(key, counters, [&](const auto &counter) {
        out.add("name", json_text(counter.first));
        out.add(unit, counter.second);
    });
}

void add_facts(JsonWriter &out, const LogFacts &facts)
{
    out.add("logged_at", json_text_or_null(facts.logged_at));
    add_counters(out, "mem_info", facts.mem_info_pages, "pages");
    add_counters(out, "page_counts", facts.page_counts, "pages");
    add_counters(out, "swap_cache", facts.swap_cache, "pages");
    out.add_objects("hugepages", facts.hugepages, [&](const LogFacts::Hugepages &pool) {
        out.add("node", pool.node);
        out.add("page_size_bytes", pool.page_size_bytes);
        out.add("pages_total", pool.total);
        out.add("pages_free", pool.free);
        out.add("pages_surplus", pool.surplus);
    });
    out.add_objects("unreclaimable_slabs", facts.unreclaimable_slabs, [&](const LogFacts::Slab &slab) {
        out.add("name", json_text(slab.name));
        out.add("used_bytes", slab.used_bytes);
        out.add("total_bytes", slab.total_bytes);
    });
    out.add("memcg_stats_path", json_text_or_null(facts.memcg_stats_path));
    add_counters(out, "memcg_stats", facts.memcg_stats, "value");
    out.add("memcg_min_protection_bytes", facts.memcg_min_protection_bytes);
    out.add("memcg_low_protection_bytes", facts.memcg_low_protection_bytes);
    out.add("group_path", json_text_or_null(facts.group_path));
    out.add("mm_pinned_by", json_texts(facts.mm_pinned_by));
    out.add("kernel_score", facts.kernel_score);
    out.add("panic_reason", json_text_or_null(facts.panic_reason));
}

} // namespace

void add_log_facts(JsonWriter &out, const std::optional<LogFacts> &facts)
{
    out.add_object_or_null("kernel_report", facts, add_facts);
}

} // namespace oomtrace
