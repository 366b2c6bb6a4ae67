// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "oomtrace/sink.h"

namespace oomtrace
{

// Passes on what has not been told yet. The kernel's log still holds the OOMs that the agent saw before it was restarted: those
// that are kept from then would come once more, as incidents from before the start, to every sink.
class UntoldSink final : public Sink
{
  public:
    // The id under which the OOM of a report is kept.
    using KeptAs = std::function<Result<std::optional<std::string>>(const Incident &report)>;

    // `next` must outlive this one. Without `kept_as` everything is passed on.
    explicit UntoldSink(Sink &next) : next_(next) {}
    // `forgetful`, which must outlive this one too, gets what is not passed on: it has lost what it was told before the start.
    void ask(KeptAs kept_as, Sink *forgetful = nullptr)
    {
        kept_as_ = std::move(kept_as);
        forgetful_ = forgetful;
    }

    Result<void> on_incident(const Incident &incident, const Verdict &verdict) override;
    Result<void> on_loss(const LossTotals &totals) override { return next_.on_loss(totals); }
    Result<void> flush() override { return next_.flush(); }

  private:
    Sink &next_;
    KeptAs kept_as_;
    Sink *forgetful_ = nullptr;
};

} // namespace oomtrace
