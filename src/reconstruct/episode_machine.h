// SPDX-License-Identifier: Apache-2.0
//
// episode_machine.h: sorts a stream of events into episodes and says when each is over.
//
// Time is the stream's own: the latest time_ns of any record, WIRE_CLOCK included. No wall clock is read, so that a replay
// closes the same episodes at the same records as the live run did. Memory is bounded by EpisodeLimits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "oomtrace/kernel_event.h"
#include "reconstruct/episode.h"
#include "reconstruct/episode_phases.h"

namespace oomtrace
{

struct EpisodeLimits {
    std::size_t open_episodes = 64;
    std::size_t records_per_episode = 1U << 20; // more tasks than any host of today runs
    std::size_t nodes_or_zones = 4096;          // of each, per episode: 1024 nodes with a few zones
    std::size_t remembered_ids = 256;           // of closed episodes, to tell a late record from an orphan
    // No record of an unfinished capture for so long. Generous: a long report on a slow serial console is written between the
    // choice and the kill.
    std::uint64_t capture_ns = 30'000'000'000;
    // The collector's SystemState after the closing record or the last symbol.
    std::uint64_t system_state_ns = 500'000'000;
    // Between the signs of life of what was killed (its kill, the reaper, exits, releases), until its memory is back. A large
    // process needs longer, and shows no sign while it is torn down: for each page that the largest one held, on top, about ten
    // times what the kernel needs to free one with nothing else to do.
    std::uint64_t aftermath_ns = 5'000'000'000;
    std::uint64_t release_ns_per_page = 4'000;
    // From the last kill on, whatever else shows life: the incident of a process that cannot die is to be told too.
    std::uint64_t whole_aftermath_ns = 30'000'000'000;
    // After the exit of a process whose mm is not known, so that its release cannot be; and, with the tracepoint method, the
    // time after the kill of one member of a memory.oom.group in which the others may follow.
    std::uint64_t grace_ns = 200'000'000;
};

struct EpisodeCounters {
    std::uint64_t orphans = 0;    // pieces of an episode that was never seen
    std::uint64_t late = 0;       // pieces of an episode that was over
    std::uint64_t duplicates = 0; // sequence numbers that came twice
    std::uint64_t salvaged = 0;   // episodes that were opened without their begin
    std::uint64_t purged = 0;     // episodes whose id began again
    std::uint64_t evicted = 0;    // episodes closed because too many were open
    std::uint64_t expired = 0;    // episodes whose capture never closed
    std::uint64_t coalesced = 0;  // aborted scans counted in another episode
};

class EpisodeMachine
{
  public:
    explicit EpisodeMachine(EpisodeLimits limits = {}) : limits_(limits) {}

    // The episodes that end with this event, in the order in which they ended.
    std::vector<Episode> on_event(const KernelEvent &event);
    // Ends all that are open; `reason` is stream_end or truncation.
    std::vector<Episode> finish(ClosedBy reason);

    // The record time at which something is due even if no further record comes; absent while no episode is open.
    [[nodiscard]] std::optional<std::uint64_t> next_deadline_ns() const;
    [[nodiscard]] const EpisodeCounters &counters() const { return counters_; }
    [[nodiscard]] std::size_t open_episodes() const { return open_.size(); }
    // Of the last one that began; 0 before.
    [[nodiscard]] std::uint64_t newest_id() const { return newest_id_; }
    // Absent: closed.
    [[nodiscard]] Phase phase_of(std::uint64_t episode) const;

  private:
    struct Open {
        Phase phase = Phase::closed;
        std::uint64_t system_state_due_ns = 0;
        std::size_t records = 0;
        Episode episode;
    };
    using OpenMap = std::map<std::uint64_t, Open>; // by id, which is also by age

    void note_reading(const KernelEvent &event);
    void route(Input input, const KernelEvent &event, std::vector<Episode> &closed);
    void open(Phase phase, const KernelEvent &event, std::vector<Episode> &closed);
    void store(Open &open, const KernelEvent &event, bool misplaced);
    // A process that one OOM has killed may be marked by the next before it is gone. What becomes of it is recorded once, for
    // the first of them, and belongs to the others too.
    void share_fate(const KernelEvent &event);
    // Counts an aborted scan in the open episode whose victim it waited for, if there is one, and forgets it.
    void coalesce_aborted(std::uint64_t id);
    void apply_to(std::uint64_t id, Input input, ClosedBy reason, std::vector<Episode> &closed);
    void close(OpenMap::iterator entry, ClosedBy reason, std::vector<Episode> &closed);
    void remember(std::uint64_t id);
    void count_orphan(std::uint64_t id);
    // `except` is the episode that the event at hand belongs to: its own record is looked at before its deadline.
    void expire(std::optional<std::uint64_t> except, std::vector<Episode> &closed);
    [[nodiscard]] std::uint64_t deadline_of(const Open &open) const;
    [[nodiscard]] std::optional<std::uint64_t> settled_ns(const Open &open) const;

    EpisodeLimits limits_;
    EpisodeCounters counters_;
    OpenMap open_;
    std::deque<std::uint64_t> remembered_;
    std::optional<SystemState> last_reading_;
    std::uint64_t newest_id_ = 0;
    std::uint64_t now_ns_ = 0;
};

} // namespace oomtrace
