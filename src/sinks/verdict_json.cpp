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

void add_task_members(JsonWriter &out, const TaskRef &task)
{
    out.add("pid", task.pid);
    out.add("tgid", task.tgid);
    out.add("comm", json_text(task.comm));
}

void add_limit(JsonWriter &out, const MemcgShortage &memcg)
{
    out.add("path", json_optional_text(memcg.path));
    out.add("kind", name_of(memcg.kind));
    out.add("limit_bytes", memcg.limit_bytes);
    out.add("usage_bytes", memcg.usage_bytes);
    out.add("ancestor_of_victim", memcg.ancestor_of_victim);
}

void add_zones(JsonWriter &out, const WhyNow &now)
{
    if (now.zones.empty()) {
        out.add("zones", nullptr);
        return;
    }
    out.add_objects("zones", now.zones, [&](const ZoneVerdict &zone) {
        out.add("node", zone.node);
        out.add("zone", json_text(zone.zone));
        out.add("reason", json_name_or_null(zone.reason));
        out.add("free_bytes", zone.free_bytes);
        out.add("unusable_bytes", zone.unusable_bytes);
        out.add("min_bytes", zone.min_bytes);
        out.add("lowmem_reserve_bytes", zone.lowmem_reserve_bytes);
        out.add("short_by_bytes", zone.short_by_bytes);
        out.add("largest_block_bytes", zone.largest_block_bytes);
    });
}

void add_held(JsonWriter &out, const WhyNow &now)
{
    if (now.held.empty()) {
        out.add("held", nullptr);
        return;
    }
    out.add_objects("held", now.held, [&](const Held &one) {
        out.add("holder", name_of(one.holder));
        out.add("bytes", one.bytes);
        out.add("freed_by_kill", name_of(one.freed_by_kill));
    });
}

void add_why_now(JsonWriter &out, const WhyNow &now)
{
    out.add("shortage", json_name_or_null(now.shortage));
    out.add("requested_bytes", now.requested_bytes);
    out.add_object_or_null("limit", now.memcg, add_limit);
    add_zones(out, now);
    out.add("highest_zone", json_optional_text(now.highest_zone));
    out.add("highest_zone_source", json_name_or_null(now.highest_zone_source));
    out.add("free_in_higher_zones_bytes", json_if(!now.zones.empty(), now.free_in_higher_zones_bytes));
    out.add("free_on_other_nodes_bytes", json_if(!now.zones.empty(), now.free_on_other_nodes_bytes));
    out.add("swap", json_name_or_null(now.swap));
    add_held(out, now);
    out.add("held_of_bytes", now.held_of_bytes);
    out.add("not_in_processes_bytes", now.not_in_processes_bytes);
}

void add_parts(JsonWriter &out, const PointsParts &parts)
{
    out.add("rss_pages", parts.rss_pages);
    out.add("swap_pages", parts.swap_pages);
    out.add("pgtables_pages", parts.pgtables_pages);
    out.add("adj_points", parts.adj_points);
}

void add_larger(JsonWriter &out, const LargerTask &larger)
{
    add_task_members(out, larger.task);
    out.add("held_bytes", larger.held_bytes);
    out.add("oom_score_adj", larger.oom_score_adj);
    out.add("skip_reason", name_of(larger.skip_reason));
}

void add_why_victim(JsonWriter &out, const WhyVictim &why)
{
    std::vector<std::string_view> reasons;
    for (const VictimReason reason : why.reasons)
        reasons.push_back(name_of(reason));
    out.add("reasons", reasons);
    out.add("weighed", why.weighed);
    out.add("eligible", why.eligible);
    out.add_object_or_null("points", why.parts, add_parts);
    out.add("margin_points", why.margin_points);
    const std::span ranking(why.ranking);
    out.add_objects("ranking", ranking.first(std::min(ranking.size(), ranking_shown)), [&](const RankedTask &ranked) {
        add_task_members(out, ranked.task);
        out.add("points", ranked.points);
    });
    out.add_object_or_null("larger", why.larger, add_larger);
    out.add("elsewhere_bytes", why.elsewhere_bytes);
}

void add_counterfactuals(JsonWriter &out, const Verdict &verdict)
{
    out.add_objects("counterfactuals", verdict.counterfactuals, [&](const Counterfactual &one) {
        out.add("kind", name_of(one.kind));
        out.add("adj_before", one.adj_before);
        out.add("adj_after", one.adj_after);
        out.add_object_or_null("chosen", one.chosen, add_task_members);
        out.add("chosen_points", one.chosen_points);
        out.add("text", counterfactual_text(one, verdict.victim));
    });
}

void add_disagreements(JsonWriter &out, const Verdict &verdict)
{
    out.add_objects("disagreements", verdict.disagreements, [&](const Disagreement &one) {
        const bool of_choice = one.kind == DisagreementKind::choice_not_highest;
        out.add("kind", name_of(one.kind));
        out.add_object_or_null("highest", one.highest, add_task_members);
        out.add("highest_points", json_if(of_choice, one.highest_points));
        out.add("chosen_points", json_if(of_choice, one.chosen_points));
        out.add("count", json_if(!of_choice, one.count));
        out.add("text", disagreement_text(one, verdict.victim));
    });
}

} // namespace

void add_verdict(JsonWriter &out, const Incident &incident, const Verdict &verdict)
{
    out.add_object("verdict", [&] {
        out.add("summary", terminal::headline(incident, whole_path).sentence);
        out.add("why_now", json_text_or_null(why_now_text(incident, verdict.now, whole_path)));
        out.add("why_victim", json_text_or_null(why_victim_text(incident, verdict.victim, whole_path)));
        out.add_object("now", [&] { add_why_now(out, verdict.now); });
        out.add_object("victim", [&] { add_why_victim(out, verdict.victim); });
        add_counterfactuals(out, verdict);
        const NoCounterfactuals reason = verdict.no_counterfactuals;
        out.add("no_counterfactuals", json_if(reason != NoCounterfactuals::none, name_of(reason)));
        add_disagreements(out, verdict);
    });
}

} // namespace oomtrace
