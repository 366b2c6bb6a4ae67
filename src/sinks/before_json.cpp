// SPDX-License-Identifier: Apache-2.0
#include "sinks/before_json.h"

namespace oomtrace
{

namespace
{

template <typename Enum>
Json name_or_null(const std::optional<Enum> &value)
{
    return value ? Json(name_of(*value)) : Json(nullptr);
}

Json zones_json(const std::vector<RetriedZone> &zones)
{
    Json array = Json::array();
    for (const RetriedZone &zone : zones)
        array.push_back(Json{{"node", zone.node},
                             {"index", zone.index},
                             {"name", json_text_or_null(zone.name)},
                             {"reclaimable_bytes", zone.reclaimable_bytes},
                             {"available_bytes", zone.available_bytes},
                             {"min_wmark_bytes", zone.min_wmark_bytes},
                             {"wmark_check", zone.wmark_check}});
    return array;
}

Json reclaim_json(const ReclaimRetries &reclaim)
{
    return Json{
        {"rounds", reclaim.rounds},
        {"duration_ns", json_or_null(reclaim.duration_ns)},
        {"order", json_or_null(reclaim.order)},
        {"no_progress_loops", json_or_null(reclaim.no_progress_loops)},
        {"zones", zones_json(reclaim.zones)},
        {"zones_left_out", reclaim.zones_left_out},
    };
}

Json compaction_json(const CompactionRetries &compaction)
{
    return Json{
        {"checks", compaction.checks},
        {"duration_ns", json_or_null(compaction.duration_ns)},
        {"order", json_or_null(compaction.order)},
        {"priority", name_or_null(compaction.priority)},
        {"result", name_or_null(compaction.result)},
        {"retries", json_or_null(compaction.retries)},
        {"max_retries", json_or_null(compaction.max_retries)},
        {"again", json_or_null(compaction.again)},
    };
}

} // namespace

Json before_json(const Before &before)
{
    return Json{
        {"reclaim", before.reclaim ? reclaim_json(*before.reclaim) : Json(nullptr)},
        {"compaction", before.compaction ? compaction_json(*before.compaction) : Json(nullptr)},
    };
}

} // namespace oomtrace
