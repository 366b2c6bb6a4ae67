// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/timeline.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "reconstruct/saturating.h"

namespace oomtrace
{
namespace
{

TimelineEvent event_of(ReaperStep step)
{
    switch (step) {
    case ReaperStep::wake:
        return TimelineEvent::reaper_woken;
    case ReaperStep::start:
        return TimelineEvent::reaper_started;
    case ReaperStep::finish:
        return TimelineEvent::reaper_finished;
    case ReaperStep::skip:
        return TimelineEvent::reaper_skipped;
    }
    return TimelineEvent::reaper_woken;
}

class TimelineBuilder
{
  public:
    TimelineBuilder(const std::vector<KilledProcess> &kills, std::uint64_t invocation_ns) : invocation_ns_(invocation_ns)
    {
        for (const KilledProcess &kill : kills) {
            comms_.emplace(kill.process.tgid, kill.process.comm);
        }
    }

    void add(TimelineEvent event, std::uint64_t time_ns, std::optional<std::uint32_t> tgid = std::nullopt)
    {
        TimelineEntry entry;
        entry.event = event;
        entry.monotonic_ns = time_ns;
        entry.since_invocation_ns = saturating_difference(time_ns, invocation_ns_);
        entry.tgid = tgid;
        if (const auto comm = tgid ? comms_.find(*tgid) : comms_.end(); comm != comms_.end()) {
            entry.comm = comm->second;
        }
        entries_.push_back(std::move(entry));
    }

    std::vector<TimelineEntry> take()
    {
        std::ranges::stable_sort(entries_, {},
                                 [](const TimelineEntry &entry) { return std::tuple(entry.monotonic_ns, entry.event); });
        return std::move(entries_);
    }

  private:
    std::uint64_t invocation_ns_;
    std::unordered_map<std::uint32_t, std::string> comms_;
    std::vector<TimelineEntry> entries_;
};

} // namespace

std::vector<TimelineEntry> build_timeline(const Episode &episode, const std::vector<KilledProcess> &kills,
                                          std::uint64_t invocation_ns)
{
    TimelineBuilder timeline(kills, invocation_ns);
    if (episode.begin) {
        timeline.add(TimelineEvent::invoked, invocation_ns);
    }
    // The walk of the tracepoint method is ours, not the kernel's scan.
    if (!episode.candidates.empty() && !is_recomputed(episode)) {
        timeline.add(TimelineEvent::scan_began, episode.candidates.front().header.time_ns);
    }
    if (episode.choice) {
        timeline.add(TimelineEvent::chosen, episode.choice->header.time_ns, episode.choice->body.task.tgid);
    }
    for (const KilledProcess &kill : kills) {
        if (kill.signalled_ns) {
            timeline.add(TimelineEvent::signalled, *kill.signalled_ns, kill.process.tgid);
        }
        if (kill.marked_ns) {
            timeline.add(TimelineEvent::marked, *kill.marked_ns, kill.process.tgid);
        }
        if (kill.exited_ns) {
            timeline.add(TimelineEvent::exited, *kill.exited_ns, kill.process.tgid);
        }
    }
    if (episode.end) {
        timeline.add(TimelineEvent::capture_closed, episode.end->header.time_ns);
    }
    for (const auto &[header, reaper] : episode.reaper) {
        timeline.add(event_of(reaper.step), header.time_ns, reaper.tgid);
    }
    for (const auto &[header, release] : episode.releases) {
        timeline.add(TimelineEvent::memory_released, header.time_ns, release.tgid);
    }
    switch (episode.closed_by) {
    case ClosedBy::capture_deadline:
    case ClosedBy::aftermath_deadline:
        timeline.add(TimelineEvent::deadline, episode.closed_ns);
        break;
    case ClosedBy::stream_end:
    case ClosedBy::truncation:
        timeline.add(TimelineEvent::tracer_stopped, episode.closed_ns);
        break;
    case ClosedBy::settled:
    case ClosedBy::stale_twin:
    case ClosedBy::too_many_open:
        break;
    }
    return timeline.take();
}

} // namespace oomtrace
