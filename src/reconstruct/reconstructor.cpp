// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/reconstructor.h"

#include <algorithm>
#include <iterator>

#include "kernel_log/report_incident.h"
#include "reconstruct/incident_builder.h"

namespace oomtrace
{

std::vector<Incident> Reconstructor::on_event(const KernelEvent &event)
{
    if (const auto *host = std::get_if<HostFacts>(&event.body)) {
        host_ = *host;
    } else if (const auto *loss = std::get_if<LossTotals>(&event.body)) {
        loss_ = *loss;
    } else if (const auto *kill = std::get_if<Kill>(&event.body); kill && backlog_.open()) {
        backlog_.on_kill(*kill);
    } else if (const auto *line = std::get_if<KernelLogLine>(&event.body)) {
        // Not for the machine: what the kernel says tells nothing about the time of the stream.
        return on_log_line(*line);
    }
    return build(machine_.on_event(event));
}

std::vector<Incident> Reconstructor::on_log_line(const KernelLogLine &line)
{
    witness_.on_line(line);
    backlog_.on_line(line, host_);
    if (line.event == LogEvent::backlog_end) {
        return backlog_.end();
    }
    std::vector<Incident> incidents;
    if (line.event == LogEvent::text && !line.before_start && host_ && host_->attach_method == AttachMethod::tracepoint) {
        if (auto incident = witness_.take_report_without_kill(host_->page_size)) {
            kernel_log::add_host_facts(*incident, *host_, true);
            incident->host.tracer_version = host_->tracer_version;
            incident->episode = machine_.newest_id();
            incidents.push_back(std::move(*incident));
        }
    }
    return incidents;
}

std::vector<Incident> Reconstructor::finish(FinishReason reason)
{
    std::vector<Incident> incidents = backlog_.end();
    std::ranges::move(build(machine_.finish(reason == FinishReason::stopped ? ClosedBy::stream_end : ClosedBy::truncation)),
                      std::back_inserter(incidents));
    return incidents;
}

std::vector<Incident> Reconstructor::build(const std::vector<Episode> &episodes)
{
    std::vector<Incident> incidents;
    incidents.reserve(episodes.size());
    for (const Episode &episode : episodes) {
        incidents.push_back(build_incident(episode, host_));
        witness_.attend(incidents.back());
    }
    return incidents;
}

} // namespace oomtrace
