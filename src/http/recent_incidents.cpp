// SPDX-License-Identifier: Apache-2.0
#include "http/recent_incidents.h"

#include <algorithm>

#include "http/incident_match.h"

namespace oomtrace::http
{

namespace
{

std::size_t size_of(const ArchivedIncident &incident)
{
    return incident.json.size() + incident.report.size() + incident.full_report.size();
}

} // namespace

Result<void> RecentIncidents::on_incident(const Incident &incident, const Verdict &verdict)
{
    add(archive_(incident, verdict));
    return {};
}

void RecentIncidents::add(ArchivedIncident incident)
{
    if (size_of(incident) > limits_.bytes) {
        incident.json = {};
        incident.full_report = {};
    }
    if (size_of(incident) > limits_.bytes)
        incident.report = "The report is too large to be kept in memory: run the agent with a store.\n";
    const auto kept = std::make_shared<const ArchivedIncident>(std::move(incident));
    std::deque<Kept> dropped; // freed after the lock
    const std::lock_guard lock(mutex_);
    const auto place = std::find_if(incidents_.begin(), incidents_.end(),
                                    [&](const Kept &other) { return other->summary.realtime_ns <= kept->summary.realtime_ns; });
    incidents_.insert(place, kept);
    bytes_ += size_of(*kept);
    while (incidents_.size() > limits_.count || (bytes_ > limits_.bytes && incidents_.size() > 1)) {
        bytes_ -= size_of(*incidents_.back());
        dropped.push_back(std::move(incidents_.back()));
        incidents_.pop_back();
    }
}

Result<std::vector<IncidentSummary>> RecentIncidents::list(const IncidentFilter &filter)
{
    const std::lock_guard lock(mutex_);
    auto at = incidents_.begin();
    if (filter.older_than) {
        at = std::find_if(at, incidents_.end(), [&](const Kept &kept) { return kept->summary.id == *filter.older_than; });
        if (at == incidents_.end())
            return fail("list incidents", "the incident that the page before ended with is not kept any more", "begin again");
        ++at;
    }
    std::vector<IncidentSummary> found;
    for (; at != incidents_.end() && found.size() < filter.limit; ++at) {
        if (matches((*at)->summary, filter))
            found.push_back((*at)->summary);
    }
    return found;
}

Result<std::optional<ArchivedIncident>> RecentIncidents::find(std::string_view id)
{
    Kept found;
    {
        const std::lock_guard lock(mutex_);
        const auto at =
            std::find_if(incidents_.begin(), incidents_.end(), [&](const Kept &kept) { return kept->summary.id == id; });
        if (at == incidents_.end())
            return std::nullopt;
        found = *at;
    }
    return *found;
}

std::size_t RecentIncidents::count() const
{
    const std::lock_guard lock(mutex_);
    return incidents_.size();
}

} // namespace oomtrace::http
