// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/reconstructor.h"

#include "reconstruct/incident_builder.h"

namespace oomtrace
{

std::vector<Incident> Reconstructor::on_event(const KernelEvent &event)
{
    if (const auto *host = std::get_if<HostFacts>(&event.body)) {
        host_ = *host;
    } else if (const auto *loss = std::get_if<LossTotals>(&event.body)) {
        loss_ = *loss;
    }
    return build(machine_.on_event(event));
}

std::vector<Incident> Reconstructor::finish(FinishReason reason)
{
    return build(machine_.finish(reason == FinishReason::stopped ? ClosedBy::stream_end : ClosedBy::truncation));
}

std::vector<Incident> Reconstructor::build(const std::vector<Episode> &episodes) const
{
    std::vector<Incident> incidents;
    incidents.reserve(episodes.size());
    for (const Episode &episode : episodes) {
        incidents.push_back(build_incident(episode, host_));
    }
    return incidents;
}

} // namespace oomtrace
