// SPDX-License-Identifier: Apache-2.0
#include "sinks/verdict_json.h"

#include <algorithm>
#include <limits>

#include "sinks/terminal/headline.h"
#include "sinks/why_now_text.h"
#include "sinks/why_victim_text.h"

namespace oomtrace
{

namespace
{

constexpr std::size_t whole_path = std::numeric_limits<std::size_t>::max();
constexpr std::size_t ranking_shown = 10;

Json task_json(const TaskRef &task)
{
    return Json{{"pid", task.pid}, {"tgid", task.tgid}, {"comm", json_text(task.comm)}};
}

Json task_or_null(const std::optional<TaskRef> &task)
{
    return task ? task_json(*task) : Json(nullptr);
}

// What an enumerator `unknown` would say is null in JSON.
template <typename Enum>
Json name_or_null(Enum value)
{
    return value == Enum::unknown ? Json(nullptr) : Json(name_of(value));
}

Json limit_json(const std::optional<MemcgShortage> &memcg)
{
    if (!memcg)
        return nullptr;
    return Json{{"path", json_optional_text(memcg->path)},
                {"kind", name_of(memcg->kind)},
                {"limit_bytes", json_or_null(memcg->limit_bytes)},
                {"usage_bytes", json_or_null(memcg->usage_bytes)},
                {"ancestor_of_victim", memcg->ancestor_of_victim}};
}

Json zones_json(const WhyNow &now)
{
    if (now.zones.empty())
        return nullptr;
    Json zones = Json::array();
    for (const ZoneVerdict &zone : now.zones)
        zones.push_back(Json{{"node", zone.node},
                             {"zone", json_text(zone.zone)},
                             {"reason", name_or_null(zone.reason)},
                             {"free_bytes", zone.free_bytes},
                             {"unusable_bytes", zone.unusable_bytes},
                             {"min_bytes", zone.min_bytes},
                             {"lowmem_reserve_bytes", zone.lowmem_reserve_bytes},
                             {"short_by_bytes", json_or_null(zone.short_by_bytes)},
                             {"largest_block_bytes", json_or_null(zone.largest_block_bytes)}});
    return zones;
}

Json held_json(const WhyNow &now)
{
    if (now.held.empty())
        return nullptr;
    Json held = Json::array();
    for (const Held &one : now.held)
        held.push_back(
            Json{{"holder", name_of(one.holder)}, {"bytes", one.bytes}, {"freed_by_kill", name_of(one.freed_by_kill)}});
    return held;
}

Json now_json(const WhyNow &now)
{
    return Json{{"shortage", name_or_null(now.shortage)},
                {"requested_bytes", json_or_null(now.requested_bytes)},
                {"limit", limit_json(now.memcg)},
                {"zones", zones_json(now)},
                {"highest_zone", json_optional_text(now.highest_zone)},
                {"highest_zone_source", name_or_null(now.highest_zone_source)},
                {"free_in_higher_zones_bytes", now.zones.empty() ? Json(nullptr) : Json(now.free_in_higher_zones_bytes)},
                {"free_on_other_nodes_bytes", now.zones.empty() ? Json(nullptr) : Json(now.free_on_other_nodes_bytes)},
                {"swap", name_or_null(now.swap)},
                {"held", held_json(now)},
                {"held_of_bytes", json_or_null(now.held_of_bytes)},
                {"not_in_processes_bytes", json_or_null(now.not_in_processes_bytes)}};
}

Json parts_json(const WhyVictim &why)
{
    if (!why.parts)
        return nullptr;
    return Json{{"rss_pages", why.parts->rss_pages},
                {"swap_pages", why.parts->swap_pages},
                {"pgtables_pages", why.parts->pgtables_pages},
                {"adj_points", why.parts->adj_points}};
}

Json larger_json(const WhyVictim &why)
{
    if (!why.larger)
        return nullptr;
    Json object = task_json(why.larger->task);
    object["held_bytes"] = why.larger->held_bytes;
    object["oom_score_adj"] = why.larger->oom_score_adj;
    object["skip_reason"] = name_of(why.larger->skip_reason);
    return object;
}

Json victim_json(const WhyVictim &why)
{
    Json reasons = Json::array();
    for (const VictimReason reason : why.reasons)
        reasons.push_back(name_of(reason));
    Json ranking = Json::array();
    for (std::size_t i = 0; i < std::min(why.ranking.size(), ranking_shown); ++i) {
        Json object = task_json(why.ranking[i].task);
        object["points"] = why.ranking[i].points;
        ranking.push_back(object);
    }
    return Json{{"reasons", std::move(reasons)},
                {"weighed", why.weighed},
                {"eligible", why.eligible},
                {"points", parts_json(why)},
                {"margin_points", json_or_null(why.margin_points)},
                {"ranking", std::move(ranking)},
                {"larger", larger_json(why)},
                {"elsewhere_bytes", json_or_null(why.elsewhere_bytes)}};
}

Json counterfactuals_json(const Verdict &verdict)
{
    Json list = Json::array();
    for (const Counterfactual &one : verdict.counterfactuals)
        list.push_back(Json{{"kind", name_of(one.kind)},
                            {"adj_before", json_or_null(one.adj_before)},
                            {"adj_after", json_or_null(one.adj_after)},
                            {"chosen", task_or_null(one.chosen)},
                            {"chosen_points", json_or_null(one.chosen_points)},
                            {"text", counterfactual_text(one, verdict.victim)}});
    return list;
}

Json disagreements_json(const Verdict &verdict)
{
    Json list = Json::array();
    for (const Disagreement &one : verdict.disagreements) {
        const bool of_choice = one.kind == DisagreementKind::choice_not_highest;
        list.push_back(Json{{"kind", name_of(one.kind)},
                            {"highest", task_or_null(one.highest)},
                            {"highest_points", of_choice ? Json(one.highest_points) : Json(nullptr)},
                            {"chosen_points", of_choice ? Json(one.chosen_points) : Json(nullptr)},
                            {"count", of_choice ? Json(nullptr) : Json(one.count)},
                            {"text", disagreement_text(one, verdict.victim)}});
    }
    return list;
}

} // namespace

Json verdict_json(const Incident &incident, const Verdict &verdict)
{
    return Json{{"summary", terminal::headline(incident, whole_path).sentence},
                {"why_now", json_text_or_null(why_now_text(incident, verdict.now, whole_path))},
                {"why_victim", json_text_or_null(why_victim_text(incident, verdict.victim, whole_path))},
                {"now", now_json(verdict.now)},
                {"victim", victim_json(verdict.victim)},
                {"counterfactuals", counterfactuals_json(verdict)},
                {"no_counterfactuals", verdict.no_counterfactuals == NoCounterfactuals::none
                                           ? Json(nullptr)
                                           : Json(name_of(verdict.no_counterfactuals))},
                {"disagreements", disagreements_json(verdict)}};
}

} // namespace oomtrace
