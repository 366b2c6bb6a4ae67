// SPDX-License-Identifier: Apache-2.0
#include "sinks/before_json.h"

namespace oomtrace
{

namespace
{

template <typename Enum>
std::optional<std::string_view> name_or_null(const std::optional<Enum> &value)
{
    return value ? std::optional(name_of(*value)) : std::nullopt;
}

void add_reclaim(JsonWriter &json, const ReclaimRetries &reclaim)
{
    json.add("rounds", reclaim.rounds);
    json.add("duration_ns", reclaim.duration_ns);
    json.add("order", reclaim.order);
    json.add("no_progress_loops", reclaim.no_progress_loops);
    json.add_objects("zones", reclaim.zones, [&](const RetriedZone &zone) {
        json.add("node", zone.node);
        json.add("index", zone.index);
        json.add("name", json_text_or_null(zone.name));
        json.add("reclaimable_bytes", zone.reclaimable_bytes);
        json.add("available_bytes", zone.available_bytes);
        json.add("min_wmark_bytes", zone.min_wmark_bytes);
        json.add("wmark_check", zone.wmark_check);
    });
    json.add("zones_left_out", reclaim.zones_left_out);
}

void add_compaction(JsonWriter &json, const CompactionRetries &compaction)
{
    json.add("checks", compaction.checks);
    json.add("duration_ns", compaction.duration_ns);
    json.add("order", compaction.order);
    json.add("priority", name_or_null(compaction.priority));
    json.add("result", name_or_null(compaction.result));
    json.add("retries", compaction.retries);
    json.add("max_retries", compaction.max_retries);
    json.add("again", compaction.again);
}

} // namespace

void add_before(JsonWriter &json, const Before &before)
{
    json.add_object("before", [&] {
        json.add_object_or_null("reclaim", before.reclaim, add_reclaim);
        json.add_object_or_null("compaction", before.compaction, add_compaction);
    });
}

} // namespace oomtrace
