// SPDX-License-Identifier: Apache-2.0
//
// archived_incident.h: incidents as an archive keeps them, for the tests of what reads archives.
#pragma once

#include "explain/explain.h"
#include "oomtrace/incident_archive.h"
#include "sinks/incident_json.h"
#include "sinks/terminal/headline.h"
#include "sinks/terminal/report.h"

namespace oomtrace::test
{

inline ArchivedIncident archived(const Incident &incident, const Verdict &verdict)
{
    ArchivedIncident result;
    IncidentSummary &summary = result.summary;
    summary.id = incident.id;
    summary.realtime_ns = incident.realtime_ns;
    summary.outcome = name_of(incident.outcome);
    summary.scope = name_of(incident.scope);
    summary.constraint = incident.constraint ? name_of(*incident.constraint) : "";
    if (incident.victim) {
        summary.victim_pid = incident.victim->process.pid;
        summary.victim_comm = incident.victim->process.comm;
        summary.victim_rss_bytes = incident.victim->memory.rss_bytes();
        summary.victim_points = incident.victim->points;
        summary.victim_cgroup = incident.victim->process.cgroup.value_or("");
        const CgroupIdentity &identity = incident.victim->cgroup_identity;
        summary.pod_namespace = identity.pod_namespace.value_or("");
        summary.pod_name = identity.pod_name.value_or("");
        summary.container_name = identity.container_name.value_or("");
        summary.systemd_unit = identity.systemd_unit.value_or("");
    }
    summary.trigger_comm = incident.trigger.process.comm;
    summary.memcg_path = incident.memcg.path.value_or("");
    summary.kills = incident.kills.size();
    summary.complete = incident.completeness.complete;
    summary.before_start = incident.before_start;
    const terminal::Headline headline = terminal::headline(incident, 200);
    summary.headline = headline.tag + " " + headline.sentence;
    result.json = incident_json(incident, verdict);
    TerminalOptions options;
    result.report = terminal::report_text(incident, verdict, options);
    options.mode = TerminalMode::full;
    result.full_report = terminal::report_text(incident, verdict, options);
    return result;
}

} // namespace oomtrace::test
