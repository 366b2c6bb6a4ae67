// SPDX-License-Identifier: Apache-2.0
//
// textfile_sink.h: the same metrics in a file, for the textfile collector of node_exporter on hosts that open no port.
#pragma once

#include <filesystem>

#include "metrics/metrics_sink.h"
#include "oomtrace/sink.h"

namespace oomtrace::metrics
{

// Writes DIRECTORY/oomtrace.prom whole, and puts it in place in one step, so that the collector never reads half of it: after
// each incident, each loss and at flush(), on the tracer's thread; no timer. What changes in between without an incident (the
// agent's own processor time, say) is as old as the file: node_textfile_mtime_seconds tells how old. `metrics` must get each
// incident before this sink does, and outlive it.
class TextfileSink final : public Sink
{
  public:
    TextfileSink(MetricsSink &metrics, std::filesystem::path directory) : metrics_(metrics), directory_(std::move(directory)) {}

    Result<void> on_incident(const Incident &, const Verdict &) override { return write(); }
    Result<void> on_loss(const LossTotals &) override { return write(); }
    Result<void> flush() override { return write(); }

    // Also for the start, so that the series are there at 0.
    Result<void> write();

  private:
    MetricsSink &metrics_;
    std::filesystem::path directory_;
};

} // namespace oomtrace::metrics
