// SPDX-License-Identifier: Apache-2.0
#include "sinks/incident_json.h"

#include <cmath>

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

void add_host(JsonWriter &json, const Host &host)
{
    json.add_object("host", [&] {
        json.add("hostname", json_text_or_null(host.hostname));
        json.add("boot_id", json_text_or_null(host.boot_id));
        json.add("kernel", json_text_or_null(host.kernel));
        json.add("arch", json_text_or_null(host.arch));
        json.add("page_size", json_nonzero_or_null(host.page_size));
        json.add("cgroup_version", json_nonzero_or_null(host.cgroup_version));
    });
    json.add_object("tracer", [&] {
        json.add("version", json_text_or_null(host.tracer_version));
        json.add("attach_method", json_name_or_null(host.attach_method));
        json.add("method_note", json_text_or_null(host.method_note));
    });
}

void add_identity(JsonWriter &json, const ProcessIdentity &process, const CgroupIdentity &cgroup)
{
    json.add("cmdline", json_optional_text(process.cmdline));
    json.add("exe", json_optional_text(process.exe));
    add_cgroup_identity(json, cgroup);
}

void add_trigger(JsonWriter &json, const Trigger &trigger, const Provenance &provenance)
{
    if (!is_known(trigger, provenance)) {
        json.add("trigger", nullptr);
        return;
    }
    json.add_object("trigger", [&] {
        add_process(json, trigger.process, "cgroup");
        add_identity(json, trigger.identity, trigger.cgroup_identity);
        json.add("cpuset", json_optional_text(trigger.cpuset));
        if (trigger.stack.empty()) {
            json.add("stack", nullptr);
            return;
        }
        json.add_objects("stack", trigger.stack, [&](const StackFrame &frame) {
            json.add("address", json_address_or_null(frame.address));
            json.add("symbol", json_optional_text(frame.symbol));
        });
    });
}

void add_allocation(JsonWriter &json, const Allocation &allocation)
{
    json.add_object("allocation", [&] {
        json.add("gfp_mask", allocation.gfp_mask ? std::optional(JsonAddress{*allocation.gfp_mask}) : std::nullopt);
        json.add("gfp_flags", json_if(allocation.gfp_mask.has_value(), json_texts(allocation.gfp_flags)));
        json.add("order", allocation.order);
        json.add("nodemask", allocation.nodemask);
        json.add("nodemask_known", allocation.nodemask_known);
        json.add("mems_allowed", allocation.mems_allowed);
        json.add("highest_zone", json_optional_text(allocation.highest_zone));
    });
}

void add_sysctls(JsonWriter &json, const Sysctls &sysctls)
{
    json.add_object("sysctls", [&] {
        json.add("panic_on_oom", sysctls.panic_on_oom);
        json.add("oom_kill_allocating_task", sysctls.oom_kill_allocating_task);
        json.add("oom_dump_tasks", sysctls.oom_dump_tasks);
        json.add("overcommit_memory", sysctls.overcommit_memory);
        json.add("overcommit_ratio", sysctls.overcommit_ratio);
        json.add("overcommit_kbytes", sysctls.overcommit_kbytes);
        json.add("min_free_kbytes", sysctls.min_free_kbytes);
        json.add("watermark_scale_factor", sysctls.watermark_scale_factor);
        json.add("swappiness", sysctls.swappiness);
        add_array_or_null(json, "lowmem_reserve_ratio", sysctls.lowmem_reserve_ratio);
    });
}

void add_candidates(JsonWriter &json, const std::vector<CandidateTask> &candidates, const Provenance &provenance)
{
    if (candidates.empty() && !is_known(provenance)) {
        json.add("candidates", nullptr);
        return;
    }
    json.add_objects("candidates", candidates, [&](const CandidateTask &candidate) {
        add_process(json, candidate.process, "memcg");
        add_process_memory(json, candidate.memory ? &*candidate.memory : nullptr);
        json.add("points", candidate.points);
        json.add("points_source", name_of(candidate.points_source));
        json.add("recomputed_points", candidate.recomputed_points);
        json.add("eligible", candidate.eligible);
        json.add("skip_reason", name_of(candidate.skip_reason));
        json.add("chosen", candidate.chosen);
    });
}

void add_victim(JsonWriter &json, const Victim &victim)
{
    add_process(json, victim.process, "cgroup");
    add_identity(json, victim.identity, victim.cgroup_identity);
    add_process_memory(json, &victim.memory);
    json.add("points", victim.points);
    json.add("points_source", name_of(victim.points_source));
    const bool has_share = victim.share_of_total && std::isfinite(*victim.share_of_total);
    json.add("share_of_total", has_share ? victim.share_of_total : std::nullopt);
    json.add_object_or_null("runner_up", victim.runner_up, [](JsonWriter &object, const Victim::RunnerUp &other) {
        object.add("pid", json_nonzero_or_null(other.pid));
        object.add("tgid", json_nonzero_or_null(other.tgid));
        object.add("comm", json_text(other.comm));
        object.add("points", other.points);
        object.add("margin_points", other.margin_points);
    });
}

void add_kills(JsonWriter &json, const std::vector<KilledProcess> &kills, const Provenance &provenance)
{
    if (kills.empty() && !is_known(provenance)) {
        json.add("kills", nullptr);
        return;
    }
    json.add_objects("kills", kills, [&](const KilledProcess &kill) {
        add_process(json, kill.process, "cgroup");
        add_process_memory(json, kill.memory ? &*kill.memory : nullptr);
        json.add("why", name_of(kill.why));
        json.add("signalled", kill.signalled);
        json.add("marked", kill.marked);
        json.add("signalled_ns", kill.signalled_ns);
        json.add("marked_ns", kill.marked_ns);
        json.add("exited_ns", kill.exited_ns);
        json.add("released_ns", kill.released_ns);
        json.add_object("reaper", [&] {
            json.add("woken_ns", kill.reaper.woken_ns);
            json.add("started_ns", kill.reaper.started_ns);
            json.add("finished_ns", kill.reaper.finished_ns);
            json.add("skipped_ns", kill.reaper.skipped_ns);
        });
        json.add("reaped_bytes", kill.reaped_bytes);
        json.add("returned_bytes", kill.returned_bytes);
    });
}

void add_timeline(JsonWriter &json, const std::vector<TimelineEntry> &timeline)
{
    json.add_objects("timeline", timeline, [&](const TimelineEntry &entry) {
        json.add("event", name_of(entry.event));
        json.add("monotonic_ns", entry.monotonic_ns);
        json.add("since_invocation_ns", entry.since_invocation_ns);
        json.add("tgid", entry.tgid);
        json.add("comm", json_text_or_null(entry.comm));
    });
}

void add_after(JsonWriter &json, const Aftermath &after)
{
    json.add_object("after", [&] {
        json.add("returned_bytes", after.returned_bytes);
        json.add("memcg_usage_after_bytes", after.memcg_usage_after_bytes);
        json.add("rescans", after.rescans);
        json.add("to_choice_ns", after.to_choice_ns);
        json.add("to_kill_ns", after.to_kill_ns);
        json.add("to_reap_ns", after.to_reap_ns);
        json.add("to_exit_ns", after.to_exit_ns);
        json.add("to_release_ns", after.to_release_ns);
    });
}

void add_score_check(JsonWriter &json, const ScoreCheck &scores)
{
    json.add("matched", scores.matched);
    json.add("mismatched", scores.mismatched);
    json.add("not_comparable", scores.not_comparable);
    json.add_objects("mismatches", scores.mismatches, [&](const ScoreCheck::Mismatch &mismatch) {
        json.add("pid", mismatch.pid);
        json.add("observed", mismatch.observed);
        json.add("recomputed", mismatch.recomputed);
    });
    json.add("exact_counters", json_if(scores.matched + scores.mismatched != 0, scores.exact_counters));
    json.add("choice_follows", scores.choice_follows);
    json.add("choice_note", json_text_or_null(scores.choice_note));
}

void add_kernel_log_check(JsonWriter &json, const KernelLogCheck &check)
{
    json.add("compared", check.compared);
    json.add("moved", check.moved);
    json.add_objects("mismatches", check.mismatches, [&](const KernelLogCheck::Mismatch &mismatch) {
        json.add("field", json_text(mismatch.field));
        json.add("ours", json_text(mismatch.ours));
        json.add("kernel", json_text(mismatch.kernel));
    });
    json.add("note", json_text_or_null(check.note));
}

void add_kill_check(JsonWriter &json, const KillCheck &check)
{
    json.add("agree", check.agree());
    json.add("listed", check.listed);
    json.add("twice_at_most", check.twice_at_most);
    json.add("counted", check.system ? std::optional(check.system->counted) : std::nullopt);
    json.add("seen", check.system ? std::optional(check.system->seen) : std::nullopt);
    json.add("note", json_text_or_null(check.system_note));
    json.add_object_or_null("memcg", check.memcg, [](JsonWriter &object, const auto &memcg) {
        object.add("path", json_text_or_null(memcg.path));
        object.add("counted", memcg.counted);
        object.add("seen", memcg.seen);
        object.add("oom_group_kills", memcg.group_kills);
    });
    json.add("memcg_note", json_text_or_null(check.memcg_note));
}

void add_checks(JsonWriter &json, const Incident &incident)
{
    json.add_object("checks", [&] {
        json.add_object("scores", [&] { add_score_check(json, incident.scores); });
        json.add_object("kernel_log", [&] { add_kernel_log_check(json, incident.kernel_log_check); });
        json.add_object("kills", [&] { add_kill_check(json, incident.kill_check); });
    });
}

void add_completeness(JsonWriter &json, const Incident &incident)
{
    const Completeness &completeness = incident.completeness;
    json.add_object("completeness", [&] {
        json.add("complete", completeness.complete);
        json.add("missing", json_texts(completeness.missing));
        json.add("records_lost", completeness.records_lost);
        json.add("tasks_seen", json_if(tasks_seen_known(incident), completeness.tasks_seen));
        json.add("walk_stop", name_of(completeness.walk_stop));
        json.add("walk_ns", json_if(completeness.walk_stop != WalkStop::none, completeness.walk_ns));
    });
}

void add_provenance(JsonWriter &json, const ProvenanceTable &table)
{
    const auto add_group = [&](std::string_view key, const Provenance &provenance) {
        json.add_object(key, [&] {
            json.add("source", name_of(provenance.source));
            json.add("note", json_text_or_null(provenance.note));
        });
    };
    json.add_object("provenance", [&] {
        add_group("outcome", table.outcome);
        add_group("trigger", table.trigger);
        add_group("allocation", table.allocation);
        add_group("constraint", table.constraint);
        add_group("memcg", table.memcg);
        add_group("nodes", table.nodes);
        add_group("swap", table.swap);
        add_group("sysctls", table.sysctls);
        add_group("candidates", table.candidates);
        add_group("points", table.points);
        add_group("victim", table.victim);
        add_group("kills", table.kills);
        add_group("after", table.after);
        add_group("host", table.host);
        add_group("before", table.before);
        add_group("identity", table.identity);
    });
}

void write_incident(const Incident &incident, const Verdict &verdict, std::string_view end, const JsonWriter::Take &take)
{
    const ProvenanceTable &provenance = incident.provenance;
    const auto realtime_ns = known_realtime_ns(incident);
    JsonWriter json(take);
    json.add("schema", "oomtrace.incident/1");
    json.add("id", json_text(incident.id));
    json.add("episode", incident.episode);
    json.add("time", realtime_ns ? std::optional(rfc3339_utc(*realtime_ns, TimeDigits::nanoseconds)) : std::nullopt);
    json.add("monotonic_ns", json_nonzero_or_null(incident.monotonic_ns));
    json.add("before_start", incident.before_start);
    add_host(json, incident.host);
    json.add("outcome", json_name_or_null(incident.outcome));
    json.add("constraint", incident.constraint ? std::optional(name_of(*incident.constraint)) : std::nullopt);
    json.add("scope", json_name_or_null(incident.scope));
    json.add("kernel_message", json_text_or_null(incident.kernel_message));
    add_trigger(json, incident.trigger, provenance.trigger);
    add_allocation(json, incident.allocation);
    add_memcg(json, incident.memcg, provenance.memcg);
    json.add("total_pages", incident.total_pages);
    add_nodes(json, incident.nodes, provenance.nodes);
    json.add_object("swap", [&] {
        json.add("total_bytes", incident.swap.total_bytes);
        json.add("free_bytes", incident.swap.free_bytes);
    });
    json.add_object("hugetlb", [&] {
        json.add("page_size_bytes", incident.hugetlb.page_size_bytes);
        json.add("pages_total", incident.hugetlb.total);
        json.add("pages_free", incident.hugetlb.free);
    });
    add_sysctls(json, incident.sysctls);
    add_candidates(json, incident.candidates, provenance.candidates);
    json.add_object_or_null("victim", incident.victim, add_victim);
    add_kills(json, incident.kills, provenance.kills);
    add_timeline(json, incident.timeline);
    add_before(json, incident.before);
    add_after(json, incident.after);
    add_verdict(json, incident, verdict);
    add_checks(json, incident);
    add_log_facts(json, incident.log_facts);
    add_completeness(json, incident);
    add_provenance(json, provenance);
    json.finish(end);
}

} // namespace

std::string incident_json(const Incident &incident, const Verdict &verdict)
{
    std::string text;
    write_incident(incident, verdict, {}, [&](std::string_view piece) {
        text += piece;
        return true;
    });
    return text;
}

void write_incident_line(const Incident &incident, const Verdict &verdict, const std::function<bool(std::string_view)> &take)
{
    write_incident(incident, verdict, "\n", take);
}

} // namespace oomtrace
