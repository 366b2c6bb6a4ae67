// SPDX-License-Identifier: Apache-2.0
//
// told_incidents.h: what an agent without a store knows of its earlier runs: a line per incident that was told, in a small
// file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "oomtrace/sink.h"

namespace oomtrace
{

// Of the sinks, the last one: an incident that is noted here has been told everywhere else. The file is opened for each use,
// and is only believed when it is the agent's own user's.
class ToldIncidents final : public Sink
{
  public:
    // When that much is noted, the older half goes: more reports than that stand in no kernel's log.
    static constexpr std::size_t most_bytes = 512U << 10;

    explicit ToldIncidents(std::filesystem::path file) : file_(std::move(file)) {}

    Result<void> on_incident(const Incident &incident, const Verdict &verdict) override;
    Result<void> on_loss(const LossTotals &) override { return {}; }
    Result<void> flush() override { return {}; }

    // The id under which the OOM of a report was told; see same_oom.h.
    [[nodiscard]] std::optional<std::string> same_oom(const Incident &report) const;

  private:
    [[nodiscard]] std::string read() const;

    std::filesystem::path file_;
    mutable bool refusal_told_ = false;
};

} // namespace oomtrace
