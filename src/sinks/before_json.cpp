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

void add_reclaim(JsonWriter &out, const ReclaimRetries &reclaim)
{
    out.add("rounds", reclaim.rounds);
    out.add("duration_ns", reclaim.duration_ns);
    out.add("order", reclaim.order);
    out.add("no_progress_loops", reclaim.no_progress_loops);
    out.add_objects("zones", reclaim.zones, [&](const RetriedZone &zone) {
        out.add("node", zone.node);
        out.add("index", zone.index);
        out.add("name", json_text_or_null(zone.name));
        out.add("reclaimable_bytes", zone.reclaimable_bytes);
        out.add("available_bytes", zone.available_bytes);
        out.add("min_wmark_bytes", zone.min_wmark_bytes);
        out.add("wmark_check", zone.wmark_check);
    });
    out.add("zones_left_out", reclaim.zones_left_out);
}

void add_compaction(JsonWriter &out, const CompactionRetries &compaction)
{
    out.add("checks", compaction.checks);
    out.add("duration_ns", compaction.duration_ns);
    out.add("order", compaction.order);
    out.add("priority", name_or_null(compaction.priority));
    out.add("result", name_or_null(compaction.result));
    out.add("retries", compaction.retries);
    out.add("max_retries", compaction.max_retries);
    out.add("again", compaction.again);
}

} // namespace

void add_before(JsonWriter &out, const Before &before)
{
    out.add_object("before", [&] {
        out.add_object_or_null("reclaim", before.reclaim, add_reclaim);
        out.add_object_or_null("compaction", before.compaction, add_compaction);
    });
}

} // namespace oomtrace
