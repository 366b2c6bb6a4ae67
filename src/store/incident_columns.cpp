// SPDX-License-Identifier: Apache-2.0
#include "store/incident_columns.h"

#include "sinks/incident_json.h"
#include "sinks/known.h"
#include "sinks/terminal/headline.h"
#include "sinks/terminal/report.h"
#include "sinks/time_text.h"

namespace oomtrace
{

namespace
{

std::string report(const Incident &incident, const Verdict &verdict, TerminalMode mode)
{
    TerminalOptions options;
    options.mode = mode;
    return terminal::report_text(incident, verdict, options);
}

void summarize_victim(IncidentSummary &summary, const Victim &victim)
{
    if (victim.process.pid != 0)
        summary.victim_pid = victim.process.pid;
    summary.victim_comm = victim.process.comm;
    if (is_known(victim.memory) && rss_known(victim.memory))
        summary.victim_rss_bytes = victim.memory.rss_bytes();
    summary.victim_points = victim.points;
    summary.victim_cgroup = victim.process.cgroup.value_or("");
    const CgroupIdentity &identity = victim.cgroup_identity;
    summary.pod_namespace = identity.pod_namespace.value_or("");
    summary.pod_name = identity.pod_name.value_or("");
    summary.container_name = identity.container_name.value_or("");
    summary.container_id = identity.container_id.value_or("");
    summary.systemd_unit = identity.systemd_unit.value_or("");
}

} // namespace

IncidentSummary summarize(const Incident &incident, const Verdict &)
{
    IncidentSummary summary;
    summary.id = incident.id;
    summary.realtime_ns = known_realtime_ns(incident).value_or(0);
    summary.outcome = name_of(incident.outcome);
    summary.scope = name_of(incident.scope);
    summary.constraint = incident.constraint ? name_of(*incident.constraint) : "";
    if (incident.victim)
        summarize_victim(summary, *incident.victim);
    if (is_known(incident.trigger, incident.provenance.trigger))
        summary.trigger_comm = incident.trigger.process.comm;
    summary.memcg_path = incident.memcg.path.value_or("");
    summary.kills = incident.kills.size();
    summary.complete = incident.completeness.complete;
    summary.before_start = incident.before_start;
    summary.headline = terminal::brief_facts(incident);
    return summary;
}

ArchivedIncident archive(const Incident &incident, const Verdict &verdict)
{
    return {summarize(incident, verdict), incident_json(incident, verdict), report(incident, verdict, TerminalMode::normal),
            report(incident, verdict, TerminalMode::full)};
}

} // namespace oomtrace
