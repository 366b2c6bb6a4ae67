// SPDX-License-Identifier: Apache-2.0
//
// recent_incidents.h: the last incidents, in memory: for an agent without a store.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "oomtrace/incident_archive.h"
#include "oomtrace/sink.h"

namespace oomtrace::http
{

struct RecentLimits {
    std::size_t count = 200;
    std::size_t bytes = 4 << 20; // of the texts: those of one incident with 1,000 candidates are about half a MiB
};

// Filled by the tracer's thread, read by any other. The oldest go first. Of an incident that is larger than all of the room,
// what a list shows and the report are kept, the rest is not.
class RecentIncidents final : public IncidentArchive, public Sink
{
  public:
    using Archive = std::function<ArchivedIncident(const Incident &, const Verdict &)>;

    RecentIncidents(RecentLimits limits, Archive archive) : limits_(limits), archive_(std::move(archive)) {}

    Result<void> on_incident(const Incident &incident, const Verdict &verdict) override;
    Result<void> on_loss(const LossTotals &) override { return {}; }
    Result<void> flush() override { return {}; }

    Result<std::vector<IncidentSummary>> list(const IncidentFilter &filter) override;
    Result<std::optional<ArchivedIncident>> find(std::string_view id) override;

    void add(ArchivedIncident incident);
    [[nodiscard]] std::size_t count() const;

  private:
    using Kept = std::shared_ptr<const ArchivedIncident>; // read without the lock

    RecentLimits limits_;
    Archive archive_;
    mutable std::mutex mutex_;
    std::deque<Kept> incidents_; // newest first; of equal times, the later one first
    std::size_t bytes_ = 0;
};

} // namespace oomtrace::http
