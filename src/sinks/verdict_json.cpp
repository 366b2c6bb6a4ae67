// SPDX-License-Identifier: Apache-2.0
#include "sinks/verdict_json.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "sinks/terminal/headline.h"
#include "sinks/why_now_text.h"
#include "sinks/why_victim_text.h"

namespace oomtrace
{

namespace
{

constexpr std::size_t whole_path = std::numeric_limits<std::size_t>::max();
constexpr std::size_t ranking_shown = 10;

void add_task_members(JsonWriter &json, const TaskRef &task)
{
    json.add("pid", task.pid);
    json.add("tgid", task.tgid);
    json.add("comm", json_text(task.comm));
}

void add_limit(JsonWriter &json, const MemcgShortage &memcg)
{
    json.add("path", json_optional_text(memcg.path));
    json.add("kind", name_of(memcg.kind));
    json.add("limit_bytes", memcg.limit_bytes);
    json.add("usage_bytes", memcg.usage_bytes);
    json.add("ancestor_of_victim", memcg.ancestor_of_victim);
}

void add_zones(JsonWriter &json, const WhyNow &now)
{
    if (now.zones.empty()) {
        json.add("zones", nullptr);
        return;
    }
    json.add_objects("zones", now.zones, [&](const ZoneVerdict &zone) {
        json.add("node", zone.node);
        json.add("zone", json_text(zone.zone));
        json.add("reason", json_name_or_null(zone.reason));
        json.add("free_bytes", zone.free_bytes);
        json.add("unusable_bytes", zone.unusable_bytes);
        json.add("min_bytes", zone.min_bytes);
        json.add("lowmem_reserve_bytes", zone.lowmem_reserve_bytes);
        json.add("short_by_bytes", zone.short_by_bytes);
        json.add("largest_block_bytes", zone.largest_block_bytes);
    });
}

void add_held(JsonWriter &json, const WhyNow &now)
{
    if (now.held.empty()) {
        json.add("held", nullptr);
        return;
    }
    json.add_objects("held", now.held, [&](const Held &one) {
        json.add("holder", name_of(one.holder));
        json.add("bytes", one.bytes);
        json.add("freed_by_kill", name_of(one.freed_by_kill));
    });
}

void add_why_now(JsonWriter &json, const WhyNow &now)
{
    json.add("shortage", json_name_or_null(now.shortage));
    json.add("requested_bytes", now.requested_bytes);
    json.add_object_or_null("limit", now.memcg, add_limit);
    add_zones(json, now);
    json.add("highest_zone", json_optional_text(now.highest_zone));
    json.add("highest_zone_source", json_name_or_null(now.highest_zone_source));
    json.add("free_in_higher_zones_bytes", json_if(!now.zones.empty(), now.free_in_higher_zones_bytes));
    json.add("free_on_other_nodes_bytes", json_if(!now.zones.empty(), now.free_on_other_nodes_bytes));
    json.add("swap", json_name_or_null(now.swap));
    add_held(json, now);
    json.add("held_of_bytes", now.held_of_bytes);
    json.add("not_in_processes_bytes", now.not_in_processes_bytes);
}

void add_parts(JsonWriter &json, const PointsParts &parts)
{
    json.add("rss_pages", parts.rss_pages);
    json.add("swap_pages", parts.swap_pages);
    json.add("pgtables_pages", parts.pgtables_pages);
    json.add("adj_points", parts.adj_points);
}

void add_larger(JsonWriter &json, const LargerTask &larger)
{
    add_task_members(json, larger.task);
    json.add("held_bytes", larger.held_bytes);
    json.add("oom_score_adj", larger.oom_score_adj);
    json.add("skip_reason", name_of(larger.skip_reason));
}

void add_why_victim(JsonWriter &json, const WhyVictim &why)
{
    std::vector<std::string_view> reasons;
    for (const VictimReason reason : why.reasons)
        reasons.push_back(name_of(reason));
    json.add("reasons", reasons);
    json.add("weighed", why.weighed);
    json.add("eligible", why.eligible);
    json.add_object_or_null("points", why.parts, add_parts);
    json.add("margin_points", why.margin_points);
    const std::span ranking(why.ranking);
    json.add_objects("ranking", ranking.first(std::min(ranking.size(), ranking_shown)), [&](const RankedTask &ranked) {
        add_task_members(json, ranked.task);
        json.add("points", ranked.points);
    });
    json.add_object_or_null("larger", why.larger, add_larger);
    json.add("elsewhere_bytes", why.elsewhere_bytes);
}

void add_counterfactuals(JsonWriter &json, const Verdict &verdict)
{
    json.add_objects("counterfactuals", verdict.counterfactuals, [&](const Counterfactual &one) {
        json.add("kind", name_of(one.kind));
        json.add("adj_before", one.adj_before);
        json.add("adj_after", one.adj_after);
        json.add_object_or_null("chosen", one.chosen, add_task_members);
        json.add("chosen_points", one.chosen_points);
        json.add("text", counterfactual_text(one, verdict.victim));
    });
}

void add_disagreements(JsonWriter &json, const Verdict &verdict)
{
    json.add_objects("disagreements", verdict.disagreements, [&](const Disagreement &one) {
        const bool of_choice = one.kind == DisagreementKind::choice_not_highest;
        json.add("kind", name_of(one.kind));
        json.add_object_or_null("highest", one.highest, add_task_members);
        json.add("highest_points", json_if(of_choice, one.highest_points));
        json.add("chosen_points", json_if(of_choice, one.chosen_points));
        json.add("count", json_if(!of_choice, one.count));
        json.add("text", disagreement_text(one, verdict.victim));
    });
}

} // namespace

void add_verdict(JsonWriter &json, const Incident &incident, const Verdict &verdict)
{
    json.add_object("verdict", [&] {
        json.add("summary", terminal::headline(incident, whole_path).sentence);
        json.add("why_now", json_text_or_null(why_now_text(incident, verdict.now, whole_path)));
        json.add("why_victim", json_text_or_null(why_victim_text(incident, verdict.victim, whole_path)));
        json.add_object("now", [&] { add_why_now(json, verdict.now); });
        json.add_object("victim", [&] { add_why_victim(json, verdict.victim); });
        add_counterfactuals(json, verdict);
        const NoCounterfactuals reason = verdict.no_counterfactuals;
        json.add("no_counterfactuals", json_if(reason != NoCounterfactuals::none, name_of(reason)));
        add_disagreements(json, verdict);
    });
}

} // namespace oomtrace
