// SPDX-License-Identifier: Apache-2.0
//
// sink.h: where finished incidents go. Called by the pipeline from one thread, in the order in which incidents close.
#pragma once

#include "oomtrace/incident.h"
#include "oomtrace/result.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

class Sink
{
  public:
    Sink() = default;
    Sink(const Sink &) = delete;
    Sink &operator=(const Sink &) = delete;
    virtual ~Sink() = default;

    // Writes one incident and what explain() made of it. An error (disk full, closed pipe) does not stop the other sinks.
    virtual Result<void> on_incident(const Incident &incident, const Verdict &verdict) = 0;
    // Totals since the start, each time they have grown.
    virtual Result<void> on_loss(const LossTotals &totals) = 0;
    virtual Result<void> flush() = 0;
};

} // namespace oomtrace
