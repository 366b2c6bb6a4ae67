// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "oomtrace/sink.h"

namespace oomtrace
{

// Every incident to every sink: what one of them cannot take does not keep it from the others, nor end the trace. Failures are
// counted, and logged when a sink begins to fail and when it has come back.
class FanOutSink final : public Sink
{
  public:
    struct Failures {
        std::string sink;
        std::uint64_t count = 0;
    };

    // `name` as it stands in logs and metrics. The sink must outlive this one.
    void add(std::string name, Sink &sink);

    Result<void> on_incident(const Incident &incident, const Verdict &verdict) override;
    Result<void> on_loss(const LossTotals &totals) override;
    Result<void> flush() override;

    // One for each sink, in the order in which they were added. May be called from any thread.
    [[nodiscard]] std::vector<Failures> failures() const;

  private:
    struct Branch {
        std::string name;
        Sink *sink = nullptr;
        std::uint64_t failures = 0;
        bool failing = false;
    };
    void note(Branch &branch, const Result<void> &result);

    mutable std::mutex mutex_; // of the counts
    std::vector<Branch> branches_;
};

} // namespace oomtrace
