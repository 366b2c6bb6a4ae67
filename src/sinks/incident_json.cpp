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

void add_host(JsonWriter &out, const Host &host)
{
    out.add_object("host", [&] {
        out.add("hostname", json_text_or_null(host.hostname));
        out.add("boot_id", json_text_or_null(host.boot_id));
        out.add("kernel", json_text_or_null(host.kernel));
        out.add("arch", json_text_or_null(host.arch));
        out.add("page_size", json_nonzero_or_null(host.page_size));
        out.add("cgroup_version", json_nonzero_or_null(host.cgroup_version));
    });
    out.add_object("tracer", [&] {
        out.add("version", json_text_or_null(host.tracer_version));
        out.add("attach_method", json_name_or_null(host.attach_method));
        out.add("method_note", json_text_or_null(host.method_note));
    });
}

void add_identity(JsonWriter &out, const ProcessIdentity &process, const CgroupIdentity &cgroup)
{
    out.add("cmdline", json_optional_text(process.cmdline));
    out.add("exe", json_optional_text(process.exe));
    add_cgroup_identity(out, cgroup);
}

void add_trigger(JsonWriter &out, const Trigger &trigger, const Provenance &provenance)
{
    if (!is_known(trigger, provenance)) {
        out.add("trigger", nullptr);
        return;
    }
    out.add_object("trigger", [&] {
        add_process(out, trigger.process, "cgroup");
        add_identity(out, trigger.identity, trigger.cgroup_identity);
        out.add("cpuset", json_optional_text(trigger.cpuset));
        if (trigger.stack.empty()) {
            out.add("stack", nullptr);
            return;
        }
        out.add_objects("stack", trigger.stack, [&](const StackFrame &frame) {
            out.add("address", json_address_or_null(frame.address));
            out.add("symbol", json_optional_text(frame.symbol));
        });
    });
}

void add_allocation(JsonWriter &out, const Allocation &allocation)
{
    out.add_object("allocation", [&] {
        out.add("gfp_mask", allocation.gfp_mask ? std::optional(JsonAddress{*allocation.gfp_mask}) : std::nullopt);
        out.add("gfp_flags", json_if(allocation.gfp_mask.has_value(), json_texts(allocation.gfp_flags)));
        out.add("order", allocation.order);
        out.add("nodemask", allocation.nodemask);
        out.add("nodemask_known", allocation.nodemask_known);
        out.add("mems_allowed", allocation.mems_allowed);
        out.add("highest_zone", json_optional_text(allocation.highest_zone));
    });
}

void add_sysctls(JsonWriter &out, const Sysctls &sysctls)
{
    out.add_object("sysctls", [&] {
        out.add("panic_on_oom", sysctls.panic_on_oom);
        out.add("oom_kill_allocating_task", sysctls.oom_kill_allocating_task);
        out.add("oom_dump_tasks", sysctls.oom_dump_tasks);
        out.add("overcommit_memory", sysctls.overcommit_memory);
        out.add("overcommit_ratio", sysctls.overcommit_ratio);
        out.add("overcommit_kbytes", sysctls.overcommit_kbytes);
        out.add("min_free_kbytes", sysctls.min_free_kbytes);
        out.add("watermark_scale_factor", sysctls.watermark_scale_factor);
        out.add("swappiness", sysctls.swappiness);
        add_array_or_null(out, "lowmem_reserve_ratio", sysctls.lowmem_reserve_ratio);
    });
}

void add_candidates(JsonWriter &out, const std::vector<CandidateTask> &candidates, const Provenance &provenance)
{
    if (candidates.empty() && !is_known(provenance)) {
        out.add("candidates", nullptr);
        return;
    }
    out.add_objects("candidates", candidates, [&](const CandidateTask &candidate) {
        add_process(out, candidate.process, "memcg");
        add_process_memory(out, candidate.memory ? &*candidate.memory : nullptr);
        out.add("points", candidate.points);
        out.add("points_source", name_of(candidate.points_source));
        out.add("recomputed_points", candidate.recomputed_points);
        out.add("eligible", candidate.eligible);
        out.add("skip_reason", name_of(candidate.skip_reason));
        out.add("chosen", candidate.chosen);
    });
}

void add_victim(JsonWriter &out, const Victim &victim)
{
    add_process(out, victim.process, "cgroup");
    add_identity(out, victim.identity, victim.cgroup_identity);
    add_process_memory(out, &victim.memory);
    out.add("points", victim.points);
    out.add("points_source", name_of(victim.points_source));
    const bool has_share = victim.share_of_total && std::isfinite(*victim.share_of_total);
    out.add("share_of_total", has_share ? victim.share_of_total : std::nullopt);
    out.add_object_or_null("runner_up", victim.runner_up, [](JsonWriter &object, const Victim::RunnerUp &other) {
        object.add("pid", json_nonzero_or_null(other.pid));
        object.add("tgid", json_nonzero_or_null(other.tgid));
        object.add("comm", json_text(other.comm));
        object.add("points", other.points);
        object.add("margin_points", other.margin_points);
    });
}

void add_kills(JsonWriter &out, const std::vector<KilledProcess> &kills, const Provenance &provenance)
{
    if (kills.empty() && !is_known(provenance)) {
        out.add("kills", nullptr);
        return;
    }
    out.add_objects("kills", kills, [&](const KilledProcess &kill) {
        add_process(out, kill.process, "cgroup");
        add_process_memory(out, kill.memory ? &*kill.memory : nullptr);
        out.add("why", name_of(kill.why));
        out.add("signalled", kill.signalled);
        out.add("marked", kill.marked);
        out.add("signalled_ns", kill.signalled_ns);
        out.add("marked_ns", kill.marked_ns);
        out.add("exited_ns", kill.exited_ns);
        out.add("released_ns", kill.released_ns);
        out.add_object("reaper", [&] {
            out.add("woken_ns", kill.reaper.woken_ns);
            out.add("started_ns", kill.reaper.started_ns);
            out.add("finished_ns", kill.reaper.finished_ns);
            out.add("skipped_ns", kill.reaper.skipped_ns);
        });
        out.add("reaped_bytes", kill.reaped_bytes);
        out.add("returned_bytes", kill.returned_bytes);
    });
}

void add_timeline(JsonWriter &out, const std::vector<TimelineEntry> &timeline)
{
    out.add_objects("timeline", timeline, [&](const TimelineEntry &entry) {
        out.add("event", name_of(entry.event));
        out.add("monotonic_ns", entry.monotonic_ns);
        out.add("since_invocation_ns", entry.since_invocation_ns);
        out.add("tgid", entry.tgid);
        out.add("comm", json_text_or_null(entry.comm));
    });
}

void add_after(JsonWriter &out, const Aftermath &after)
{
    out.add_object("after", [&] {
        out.add("returned_bytes", after.returned_bytes);
        out.add("memcg_usage_after_bytes", after.memcg_usage_after_bytes);
        out.add("rescans", after.rescans);
        out.add("to_choice_ns", after.to_choice_ns);
        out.add("to_kill_ns", after.to_kill_ns);
        out.add("to_reap_ns", after.to_reap_ns);
        out.add("to_exit_ns", after.to_exit_ns);
        out.add("to_release_ns", after.to_release_ns);
    });
}

void add_score_check(JsonWriter &out, const ScoreCheck &scores)
{
    out.add("matched", scores.matched);
    out.add("mismatched", scores.mismatched);
    out.add("not_comparable", scores.not_comparable);
    out.add_objects("mismatches", scores.mismatches, [&](const ScoreCheck::Mismatch &mismatch) {
        out.add("pid", mismatch.pid);
        out.add("observed", mismatch.observed);
        out.add("recomputed", mismatch.recomputed);
    });
    out.add("exact_counters", json_if(scores.matched + scores.mismatched != 0, scores.exact_counters));
    out.add("choice_follows", scores.choice_follows);
    out.add("choice_note", json_text_or_null(scores.choice_note));
}

void add_kernel_log_check(JsonWriter &out, const KernelLogCheck &check)
{
    out.add("compared", check.compared);
    out.add("moved", check.moved);
    out.add_objects("mismatches", check.mismatches, [&](const KernelLogCheck::Mismatch &mismatch) {
        out.add("field", json_text(mismatch.field));
        out.add("ours", json_text(mismatch.ours));
        out.add("kernel", json_text(mismatch.kernel));
    });
    out.add("note", json_text_or_null(check.note));
}

void add_kill_check(JsonWriter &out, const KillCheck &check)
{
    out.add("agree", check.agree());
    out.add("listed", check.listed);
    out.add("twice_at_most", check.twice_at_most);
    out.add("counted", check.system ? std::optional(check.system->counted) : std::nullopt);
    out.add("seen", check.system ? std::optional(check.system->seen) : std::nullopt);
    out.add("note", json_text_or_null(check.system_note));
    out.add_object_or_null("memcg", check.memcg, [](JsonWriter &object, const auto &memcg) {
        object.add("path", json_text_or_null(memcg.path));
        object.add("counted", memcg.counted);
        object.add("seen", memcg.seen);
        object.add("oom_group_kills", memcg.group_kills);
    });
    out.add("memcg_note", json_text_or_null(check.memcg_note));
}

void add_checks(JsonWriter &out, const Incident &incident)
{
    out.add_object("checks", [&] {
        out.add_object("scores", [&] { add_score_check(out, incident.scores); });
        out.add_object("kernel_log", [&] { add_kernel_log_check(out, incident.kernel_log_check); });
        out.add_object("kills", [&] { add_kill_check(out, incident.kill_check); });
    });
}

void add_completeness(JsonWriter &out, const Incident &incident)
{
    const Completeness &completeness = incident.completeness;
    out.add_object("completeness", [&] {
        out.add("complete", completeness.complete);
        out.add("missing", json_texts(completeness.missing));
        out.add("records_lost", completeness.records_lost);
        out.add("tasks_seen", json_if(tasks_seen_known(incident), completeness.tasks_seen));
        out.add("walk_stop", name_of(completeness.walk_stop));
        out.add("walk_ns", json_if(completeness.walk_stop != WalkStop::none, completeness.walk_ns));
    });
}

void add_provenance(JsonWriter &out, const ProvenanceTable &table)
{
    const auto add_group = [&](std::string_view key, const Provenance &provenance) {
        out.add_object(key, [&] {
            out.add("source", name_of(provenance.source));
            out.add("note", json_text_or_null(provenance.note));
        });
    };
    out.add_object("provenance", [&] {
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

void write_incident(const Incident &incident, const Verdict &verdict, std::string_view end, std::string &room,
                    const JsonWriter::Take &take)
{
    const ProvenanceTable &provenance = incident.provenance;
    const auto realtime_ns = known_realtime_ns(incident);
    JsonWriter out(take, room);
    out.add("schema", "oomtrace.incident/1");
    out.add("id", json_text(incident.id));
    out.add("episode", incident.episode);
    out.add("time", realtime_ns ? std::optional(rfc3339_utc(*realtime_ns, TimeDigits::nanoseconds)) : std::nullopt);
    out.add("monotonic_ns", json_nonzero_or_null(incident.monotonic_ns));
    out.add("before_start", incident.before_start);
    add_host(out, incident.host);
    out.add("outcome", json_name_or_null(incident.outcome));
    out.add("constraint", incident.constraint ? std::optional(name_of(*incident.constraint)) : std::nullopt);
    out.add("scope", json_name_or_null(incident.scope));
    out.add("kernel_message", json_text_or_null(incident.kernel_message));
    add_trigger(out, incident.trigger, provenance.trigger);
    add_allocation(out, incident.allocation);
    add_memcg(out, incident.memcg, provenance.memcg);
    out.add("total_pages", incident.total_pages);
    add_nodes(out, incident.nodes, provenance.nodes);
    out.add_object("swap", [&] {
        out.add("total_bytes", incident.swap.total_bytes);
        out.add("free_bytes", incident.swap.free_bytes);
    });
    out.add_object("hugetlb", [&] {
        out.add("page_size_bytes", incident.hugetlb.page_size_bytes);
        out.add("pages_total", incident.hugetlb.total);
        out.add("pages_free", incident.hugetlb.free);
    });
    add_sysctls(out, incident.sysctls);
    add_candidates(out, incident.candidates, provenance.candidates);
    out.add_object_or_null("victim", incident.victim, add_victim);
    add_kills(out, incident.kills, provenance.kills);
    add_timeline(out, incident.timeline);
    add_before(out, incident.before);
    add_after(out, incident.after);
    add_verdict(out, incident, verdict);
    add_checks(out, incident);
    add_log_facts(out, incident.log_facts);
    add_completeness(out, incident);
    add_provenance(out, provenance);
    out.finish(end);
}

} // namespace

std::string incident_json(const Incident &incident, const Verdict &verdict)
{
    std::string text, room;
    write_incident(incident, verdict, {}, room, [&](std::string_view piece) {
        text += piece;
        return true;
    });
    return text;
}

void write_incident_line(const Incident &incident, const Verdict &verdict, std::string &room,
                         const std::function<bool(std::string_view)> &take)
{
    write_incident(incident, verdict, "\n", room, take);
}

} // namespace oomtrace
