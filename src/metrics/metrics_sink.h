// SPDX-License-Identifier: Apache-2.0
//
// metrics_sink.h: counts incidents, and writes what Prometheus scrapes.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "metrics/agent_health.h"
#include "metrics/exposition.h"
#include "metrics/registry.h"
#include "oomtrace/sink.h"

namespace oomtrace::metrics
{

struct MetricsOptions {
    std::string version, kernel; // of oomtrace; the kernel's release
    AttachMethod attach_method = AttachMethod::unknown;
    std::size_t victim_series = default_victim_series;
    std::vector<std::pair<std::uint32_t, std::string>> zones{}; // node and zone: whose gauges are there, at 0, from the start
};

// on_incident() and on_loss() from one thread, as every sink; scrape() from any, while they run.
class MetricsSink final : public Sink
{
  public:
    // `health` is called by every scrape, on its thread.
    MetricsSink(const MetricsOptions &options, std::function<AgentHealth()> health);

    Result<void> on_incident(const Incident &incident, const Verdict &verdict) override; // cannot fail
    Result<void> on_loss(const LossTotals &totals) override;
    Result<void> flush() override { return {}; }

    std::string scrape(Format format);

  private:
    void count_outcome(const Incident &incident);
    void count_victim(const Incident &incident);
    void count_course(const Incident &incident, const Verdict &verdict);
    void note_zones(const Incident &incident);
    void count_checks(const Incident &incident);
    void take_health(const AgentHealth &health);
    void take_http(const HttpCounts &http);

    Registry registry_;
    std::function<AgentHealth()> health_;
    std::atomic<std::uint64_t> unexplained_{0};
};

} // namespace oomtrace::metrics
