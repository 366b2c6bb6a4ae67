// SPDX-License-Identifier: Apache-2.0
#include "http/incident_match.h"

namespace oomtrace::http
{

namespace
{

// `path` is `ancestor`, or below it; both begin with a slash, and neither of the two roots ends a name.
bool at_or_below(std::string_view path, std::string_view ancestor)
{
    while (ancestor.ends_with('/'))
        ancestor.remove_suffix(1);
    return !path.empty() && path.starts_with(ancestor) && (path.size() == ancestor.size() || path[ancestor.size()] == '/');
}

bool is_pod(const IncidentSummary &summary, const std::string &wanted)
{
    return !summary.pod_name.empty() &&
           (wanted == summary.pod_name || wanted == summary.pod_namespace + "/" + summary.pod_name);
}

// A unit without a dot is a service.
bool is_unit(const IncidentSummary &summary, std::string_view wanted)
{
    return wanted.find('.') != std::string_view::npos ? summary.systemd_unit == wanted
                                                      : summary.systemd_unit == std::string(wanted) + ".service";
}

bool equals(const std::string &value, const std::optional<std::string> &wanted)
{
    return !wanted || value == *wanted;
}

} // namespace

bool matches(const IncidentSummary &summary, const IncidentFilter &filter)
{
    // An incident whose time is not known is in no span of time.
    if ((filter.since_ns || filter.until_ns) && summary.realtime_ns == 0)
        return false;
    if (filter.since_ns && summary.realtime_ns < *filter.since_ns)
        return false;
    if (filter.until_ns && summary.realtime_ns >= *filter.until_ns)
        return false;
    if (filter.cgroup && !at_or_below(summary.memcg_path, *filter.cgroup) &&
        !at_or_below(summary.victim_cgroup, *filter.cgroup))
        return false;
    if (filter.pod && !is_pod(summary, *filter.pod))
        return false;
    if (filter.unit && !is_unit(summary, *filter.unit))
        return false;
    return equals(summary.victim_comm, filter.comm) && equals(summary.outcome, filter.outcome) &&
           equals(summary.scope, filter.scope);
}

} // namespace oomtrace::http
