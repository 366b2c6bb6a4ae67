// SPDX-License-Identifier: Apache-2.0
#include "sinks/incident_json.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "sinks/before_json.h"
#include "sinks/json_fields.h"
#include "sinks/known.h"
#include "sinks/log_facts_json.h"
#include "sinks/memory_json.h"
#include "sinks/time_text.h"
#include "sinks/verdict_json.h"

namespace oomtrace
{

namespace
{

// An enum whose value `unknown` is null in JSON.
template <typename Enum>
Json known_name(Enum value)
{
    return value == Enum::unknown ? Json(nullptr) : Json(name_of(value));
}

Json host_json(const Host &host)
{
    return Json{
        {"hostname", json_text_or_null(host.hostname)},      {"boot_id", json_text_or_null(host.boot_id)},
        {"kernel", json_text_or_null(host.kernel)},          {"arch", json_text_or_null(host.arch)},
        {"page_size", json_nonzero_or_null(host.page_size)}, {"cgroup_version", json_nonzero_or_null(host.cgroup_version)},
    };
}

Json tracer_json(const Host &host)
{
    return Json{
        {"version", json_text_or_null(host.tracer_version)},
        {"attach_method", known_name(host.attach_method)},
        {"method_note", json_text_or_null(host.method_note)},
    };
}

void add_identity(Json &object, const ProcessIdentity &process, const CgroupIdentity &cgroup)
{
    object["cmdline"] = json_optional_text(process.cmdline);
    object["exe"] = json_optional_text(process.exe);
    add_cgroup_identity(object, cgroup);
}

Json trigger_json(const Trigger &trigger, const Provenance &provenance)
{
    if (!is_known(trigger, provenance))
        return nullptr;
    Json object = Json::object();
    add_process(object, trigger.process, "cgroup");
    add_identity(object, trigger.identity, trigger.cgroup_identity);
    object["cpuset"] = json_optional_text(trigger.cpuset);
    Json stack = nullptr;
    if (!trigger.stack.empty()) {
        stack = Json::array();
        for (const StackFrame &frame : trigger.stack)
            stack.push_back(
                Json{{"address", json_address_or_null(frame.address)}, {"symbol", json_optional_text(frame.symbol)}});
    }
    object["stack"] = stack;
    return object;
}

Json allocation_json(const Allocation &allocation)
{
    return Json{
        {"gfp_mask", allocation.gfp_mask ? json_address(*allocation.gfp_mask) : Json(nullptr)},
        {"gfp_flags", allocation.gfp_mask ? json_texts(allocation.gfp_flags) : Json(nullptr)},
        {"order", json_or_null(allocation.order)},
        {"nodemask", json_or_null(allocation.nodemask)},
        {"nodemask_known", allocation.nodemask_known},
        {"mems_allowed", json_or_null(allocation.mems_allowed)},
        {"highest_zone", json_optional_text(allocation.highest_zone)},
    };
}

Json sysctls_json(const Sysctls &sysctls)
{
    return Json{
        {"panic_on_oom", json_or_null(sysctls.panic_on_oom)},
        {"oom_kill_allocating_task", json_or_null(sysctls.oom_kill_allocating_task)},
        {"oom_dump_tasks", json_or_null(sysctls.oom_dump_tasks)},
        {"overcommit_memory", json_or_null(sysctls.overcommit_memory)},
        {"overcommit_ratio", json_or_null(sysctls.overcommit_ratio)},
        {"overcommit_kbytes", json_or_null(sysctls.overcommit_kbytes)},
        {"min_free_kbytes", json_or_null(sysctls.min_free_kbytes)},
        {"watermark_scale_factor", json_or_null(sysctls.watermark_scale_factor)},
        {"swappiness", json_or_null(sysctls.swappiness)},
        {"lowmem_reserve_ratio", json_array_or_null(sysctls.lowmem_reserve_ratio)},
    };
}

Json candidate_json(const CandidateTask &candidate)
{
    Json object = Json::object();
    add_process(object, candidate.process, "memcg");
    add_process_memory(object, candidate.memory ? &*candidate.memory : nullptr);
    object["points"] = json_or_null(candidate.points);
    object["points_source"] = name_of(candidate.points_source);
    object["recomputed_points"] = json_or_null(candidate.recomputed_points);
    object["eligible"] = candidate.eligible;
    object["skip_reason"] = name_of(candidate.skip_reason);
    object["chosen"] = candidate.chosen;
    return object;
}

Json victim_json(const Victim &victim)
{
    Json object = Json::object();
    add_process(object, victim.process, "cgroup");
    add_identity(object, victim.identity, victim.cgroup_identity);
    add_process_memory(object, &victim.memory);
    object["points"] = json_or_null(victim.points);
    object["points_source"] = name_of(victim.points_source);
    const bool has_share = victim.share_of_total && std::isfinite(*victim.share_of_total);
    object["share_of_total"] = has_share ? Json(*victim.share_of_total) : Json(nullptr);
    Json runner_up = nullptr;
    if (victim.runner_up) {
        const Victim::RunnerUp &other = *victim.runner_up;
        runner_up = Json{{"pid", json_nonzero_or_null(other.pid)},
                         {"tgid", json_nonzero_or_null(other.tgid)},
                         {"comm", json_text(other.comm)},
                         {"points", other.points},
                         {"margin_points", other.margin_points}};
    }
    object["runner_up"] = runner_up;
    return object;
}

Json kills_json(const std::vector<KilledProcess> &kills, const Provenance &provenance)
{
    if (kills.empty() && !is_known(provenance))
        return nullptr;
    Json array = Json::array();
    for (const KilledProcess &kill : kills) {
        Json object = Json::object();
        add_process(object, kill.process, "cgroup");
        add_process_memory(object, kill.memory ? &*kill.memory : nullptr);
        object["why"] = name_of(kill.why);
        object["signalled"] = kill.signalled;
        object["marked"] = kill.marked;
        object["signalled_ns"] = json_or_null(kill.signalled_ns);
        object["marked_ns"] = json_or_null(kill.marked_ns);
        object["exited_ns"] = json_or_null(kill.exited_ns);
        object["released_ns"] = json_or_null(kill.released_ns);
        object["reaper"] = Json{{"woken_ns", json_or_null(kill.reaper.woken_ns)},
                                {"started_ns", json_or_null(kill.reaper.started_ns)},
                                {"finished_ns", json_or_null(kill.reaper.finished_ns)},
                                {"skipped_ns", json_or_null(kill.reaper.skipped_ns)}};
        object["reaped_bytes"] = json_or_null(kill.reaped_bytes);
        object["returned_bytes"] = json_or_null(kill.returned_bytes);
        array.push_back(object);
    }
    return array;
}

Json timeline_json(const std::vector<TimelineEntry> &timeline)
{
    Json array = Json::array();
    for (const TimelineEntry &entry : timeline)
        array.push_back(Json{{"event", name_of(entry.event)},
                             {"monotonic_ns", entry.monotonic_ns},
                             {"since_invocation_ns", entry.since_invocation_ns},
                             {"tgid", json_or_null(entry.tgid)},
                             {"comm", json_text_or_null(entry.comm)}});
    return array;
}

Json after_json(const Aftermath &after)
{
    return Json{
        {"returned_bytes", json_or_null(after.returned_bytes)},
        {"memcg_usage_after_bytes", json_or_null(after.memcg_usage_after_bytes)},
        {"rescans", after.rescans},
        {"to_choice_ns", json_or_null(after.to_choice_ns)},
        {"to_kill_ns", json_or_null(after.to_kill_ns)},
        {"to_reap_ns", json_or_null(after.to_reap_ns)},
        {"to_exit_ns", json_or_null(after.to_exit_ns)},
        {"to_release_ns", json_or_null(after.to_release_ns)},
    };
}

Json kill_check_json(const KillCheck &check)
{
    Json memcg = nullptr;
    if (check.memcg)
        memcg = Json{{"path", json_text_or_null(check.memcg->path)},
                     {"counted", check.memcg->counted},
                     {"seen", check.memcg->seen},
                     {"oom_group_kills", json_or_null(check.memcg->group_kills)}};
    return Json{
        {"agree", json_or_null(check.agree())},
        {"listed", check.listed},
        {"twice_at_most", check.twice_at_most},
        {"counted", check.system ? Json(check.system->counted) : Json(nullptr)},
        {"seen", check.system ? Json(check.system->seen) : Json(nullptr)},
        {"note", json_text_or_null(check.system_note)},
        {"memcg", std::move(memcg)},
        {"memcg_note", json_text_or_null(check.memcg_note)},
    };
}

Json kernel_log_check_json(const KernelLogCheck &check)
{
    Json mismatches = Json::array();
    for (const KernelLogCheck::Mismatch &mismatch : check.mismatches)
        mismatches.push_back(Json{
            {"field", json_text(mismatch.field)}, {"ours", json_text(mismatch.ours)}, {"kernel", json_text(mismatch.kernel)}});
    return Json{
        {"compared", check.compared},
        {"moved", check.moved},
        {"mismatches", std::move(mismatches)},
        {"note", json_text_or_null(check.note)},
    };
}

Json checks_json(const Incident &incident)
{
    const ScoreCheck &scores = incident.scores;
    Json mismatches = Json::array();
    for (const ScoreCheck::Mismatch &mismatch : scores.mismatches)
        mismatches.push_back(Json{{"pid", mismatch.pid}, {"observed", mismatch.observed}, {"recomputed", mismatch.recomputed}});
    const bool compared = scores.matched + scores.mismatched != 0;
    return Json{
        {"scores", Json{{"matched", scores.matched},
                        {"mismatched", scores.mismatched},
                        {"not_comparable", scores.not_comparable},
                        {"mismatches", std::move(mismatches)},
                        {"exact_counters", compared ? Json(scores.exact_counters) : Json(nullptr)},
                        {"choice_follows", json_or_null(scores.choice_follows)},
                        {"choice_note", json_text_or_null(scores.choice_note)}}},
        {"kernel_log", kernel_log_check_json(incident.kernel_log_check)},
        {"kills", kill_check_json(incident.kill_check)},
    };
}

Json completeness_json(const Incident &incident)
{
    const Completeness &completeness = incident.completeness;
    const bool walked = completeness.walk_stop != WalkStop::none;
    return Json{
        {"complete", completeness.complete},
        {"missing", json_texts(completeness.missing)},
        {"records_lost", completeness.records_lost},
        {"tasks_seen", tasks_seen_known(incident) ? Json(completeness.tasks_seen) : Json(nullptr)},
        {"walk_stop", name_of(completeness.walk_stop)},
        {"walk_ns", walked ? Json(completeness.walk_ns) : Json(nullptr)},
    };
}

Json provenance_json(const ProvenanceTable &table)
{
    const auto group = [](const Provenance &provenance) {
        return Json{{"source", name_of(provenance.source)}, {"note", json_text_or_null(provenance.note)}};
    };
    return Json{
        {"outcome", group(table.outcome)},
        {"trigger", group(table.trigger)},
        {"allocation", group(table.allocation)},
        {"constraint", group(table.constraint)},
        {"memcg", group(table.memcg)},
        {"nodes", group(table.nodes)},
        {"swap", group(table.swap)},
        {"sysctls", group(table.sysctls)},
        {"candidates", group(table.candidates)},
        {"points", group(table.points)},
        {"victim", group(table.victim)},
        {"kills", group(table.kills)},
        {"after", group(table.after)},
        {"host", group(table.host)},
        {"before", group(table.before)},
        {"identity", group(table.identity)},
    };
}

// The members of the incident, handed on whenever enough of them are together.
class Pieces
{
  public:
    explicit Pieces(const std::function<bool(std::string_view)> &take) : take_(take) { text_ = '{'; }

    void add(std::string_view key, const Json &value)
    {
        begin_member(key);
        text_ += value.text();
        hand_on(piece);
    }

    // A list that may be long: `json` makes the JSON of one item.
    template <typename Item>
    void add_list(std::string_view key, const std::vector<Item> &items, Json (*json)(const Item &))
    {
        begin_member(key);
        text_ += '[';
        for (const Item &item : items) {
            if (&item != items.data())
                text_ += ',';
            text_ += json(item).text();
            hand_on(piece);
        }
        text_ += ']';
    }

    void finish()
    {
        text_ += "}\n";
        hand_on(1);
    }

  private:
    static constexpr std::size_t piece = 32UL << 10;

    void begin_member(std::string_view key)
    {
        if (!std::exchange(first_, false))
            text_ += ',';
        text_ += '"';
        text_ += key;
        text_ += "\":";
    }

    void hand_on(std::size_t least)
    {
        if (text_.size() < least)
            return;
        wanted_ = wanted_ && take_(text_);
        text_.clear();
    }

    const std::function<bool(std::string_view)> &take_;
    std::string text_;
    bool first_ = true;
    bool wanted_ = true;
};

} // namespace

std::string incident_json(const Incident &incident, const Verdict &verdict)
{
    std::string text;
    write_incident_line(incident, verdict, [&](std::string_view piece) {
        text += piece;
        return true;
    });
    text.pop_back(); // the line feed
    return text;
}

void write_incident_line(const Incident &incident, const Verdict &verdict, const std::function<bool(std::string_view)> &take)
{
    const ProvenanceTable &provenance = incident.provenance;
    const auto realtime_ns = known_realtime_ns(incident);
    Pieces object(take);
    object.add("schema", "oomtrace.incident/1");
    object.add("id", json_text(incident.id));
    object.add("episode", incident.episode);
    object.add("time", realtime_ns ? Json(rfc3339_utc(*realtime_ns, TimeDigits::nanoseconds)) : Json(nullptr));
    object.add("monotonic_ns", json_nonzero_or_null(incident.monotonic_ns));
    object.add("before_start", incident.before_start);
    object.add("host", host_json(incident.host));
    object.add("tracer", tracer_json(incident.host));
    object.add("outcome", known_name(incident.outcome));
    object.add("constraint", incident.constraint ? Json(name_of(*incident.constraint)) : Json(nullptr));
    object.add("scope", known_name(incident.scope));
    object.add("kernel_message", json_text_or_null(incident.kernel_message));
    object.add("trigger", trigger_json(incident.trigger, provenance.trigger));
    object.add("allocation", allocation_json(incident.allocation));
    object.add("memcg", memcg_json(incident.memcg, provenance.memcg));
    object.add("total_pages", json_or_null(incident.total_pages));
    object.add("nodes", nodes_json(incident.nodes, provenance.nodes));
    object.add("swap", Json{{"total_bytes", json_or_null(incident.swap.total_bytes)},
                            {"free_bytes", json_or_null(incident.swap.free_bytes)}});
    object.add("hugetlb", Json{{"page_size_bytes", json_or_null(incident.hugetlb.page_size_bytes)},
                               {"pages_total", json_or_null(incident.hugetlb.total)},
                               {"pages_free", json_or_null(incident.hugetlb.free)}});
    object.add("sysctls", sysctls_json(incident.sysctls));
    if (incident.candidates.empty() && !is_known(provenance.candidates))
        object.add("candidates", nullptr);
    else
        object.add_list("candidates", incident.candidates, candidate_json);
    object.add("victim", incident.victim ? victim_json(*incident.victim) : Json(nullptr));
    object.add("kills", kills_json(incident.kills, provenance.kills));
    object.add("timeline", timeline_json(incident.timeline));
    object.add("before", before_json(incident.before));
    object.add("after", after_json(incident.after));
    object.add("verdict", verdict_json(incident, verdict));
    object.add("checks", checks_json(incident));
    object.add("kernel_report", incident.log_facts ? log_facts_json(*incident.log_facts) : Json(nullptr));
    object.add("completeness", completeness_json(incident));
    object.add("provenance", provenance_json(provenance));
    object.finish();
}

} // namespace oomtrace
