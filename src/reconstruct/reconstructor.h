// SPDX-License-Identifier: Apache-2.0
//
// reconstructor.h: events in, incidents out. Driven by the stream alone (see episode_machine.h), so that a replay gives the
// same incidents as the live run did.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel_log/backlog.h"
#include "kernel_log/log_witness.h"
#include "oomtrace/incident.h"
#include "reconstruct/episode_machine.h"

namespace oomtrace
{

enum class FinishReason : std::uint8_t {
    stopped,   // the source ended or was stopped
    truncated, // the source failed: a recording is cut off, a ring could not be read
};

class Reconstructor
{
  public:
    explicit Reconstructor(EpisodeLimits limits = {}) : machine_(limits) {}

    // The incidents that this event completes, in the order in which they ended; with the end of the backlog, those from before
    // the start. WIRE_STREAM_END completes all.
    std::vector<Incident> on_event(const KernelEvent &event);
    // What is still open becomes incidents that say what they miss. For a source that ends without WIRE_STREAM_END.
    std::vector<Incident> finish(FinishReason reason);

    // How long a live source may block: until this record time. Absent: nothing is open, as long as it likes.
    [[nodiscard]] std::optional<std::uint64_t> next_deadline_ns() const { return machine_.next_deadline_ns(); }
    [[nodiscard]] const EpisodeCounters &counters() const { return machine_.counters(); }
    [[nodiscard]] std::size_t open_episodes() const { return machine_.open_episodes(); }
    // The latest that came; absent before.
    [[nodiscard]] const std::optional<HostFacts> &host() const { return host_; }
    [[nodiscard]] const std::optional<LossTotals> &loss() const { return loss_; }

  private:
    std::vector<Incident> build(const std::vector<Episode> &episodes);
    std::vector<Incident> on_log_line(const KernelLogLine &line);

    EpisodeMachine machine_;
    kernel_log::LogWitness witness_;
    kernel_log::Backlog backlog_;
    std::optional<HostFacts> host_;
    std::optional<LossTotals> loss_;
};

} // namespace oomtrace
