// SPDX-License-Identifier: Apache-2.0
//
// episode.h: the records of one OOM invocation, sorted by what they say and otherwise as they came. Filled by EpisodeMachine,
// read by the incident builder.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "oomtrace/kernel_event.h"
#include "reconstruct/sequence_tracker.h"
#include "reconstruct/victim_fates.h"

namespace oomtrace
{

template <typename Body>
struct Timed {
    EventHeader header;
    Body body;
};

enum class ClosedBy : std::uint8_t {
    settled,            // every killed process is accounted for, or nothing was killed
    capture_deadline,   // no closing record, and nothing more came
    aftermath_deadline, // a killed process was still there
    stream_end,         // the tracer stopped, or the recording ends here
    truncation,         // the recording is cut off here
    stale_twin,         // its id began again
    too_many_open,
};

struct Episode {
    std::uint64_t id = 0;
    std::uint64_t first_ns = 0;    // of the first record that came
    std::uint64_t activity_ns = 0; // of the latest record

    std::optional<Timed<InvocationBegin>> begin; // absent: lost
    std::vector<Timed<Candidate>> candidates;
    std::optional<Timed<Choice>> choice;
    std::vector<Timed<Kill>> kills;
    std::vector<NodeState> nodes;
    std::vector<ZoneState> zones;
    std::vector<MemcgState> memcgs;
    std::optional<SwapCounts> swap;          // absent: this kernel hides it
    std::optional<Timed<InvocationEnd>> end; // absent: lost
    std::vector<Symbol> symbols;
    std::optional<SystemState> system,
        system_before; // the collector's reading, and its last one for another episode or at the start
    std::vector<Timed<ReaperEvent>> reaper;
    std::vector<Timed<ExitEvent>> exits;
    std::vector<Timed<MmReleased>> releases;
    std::optional<KillCounts> kill_counts;
    std::vector<ProcessIdentityRead> identities;
    std::vector<CgroupNames> cgroup_names;
    std::optional<Retries> retries; // absent: lost, or from a tracer that did not send them

    SequenceTracker sequence;
    std::uint64_t duplicates = 0;
    std::uint64_t beyond_bound = 0; // records not kept because the episode had grown too large
    bool out_of_order = false;
    std::uint64_t coalesced_scans = 0; // episodes of other tasks that were aborted because this one's victim still exits

    VictimFates fates;
    std::uint64_t last_kill_ns = 0;
    std::uint64_t largest_kill_pages = 0; // what the largest of the killed processes held

    ClosedBy closed_by = ClosedBy::settled;
    std::uint64_t closed_ns = 0;
};

// Seen through tracepoints only: what the kernel weighed and why has to be worked out.
inline bool is_recomputed(const Episode &episode)
{
    if (episode.begin) {
        return episode.begin->body.attach_method == AttachMethod::tracepoint;
    }
    return episode.end && episode.end->body.walk_stop != WalkStop::none;
}

// The tasks were walked by the tracer: always with the tracepoint method, and with function hooks when the kernel's own scan
// was expected to stop at an earlier victim, was not watched for that reason, and did not stop.
inline bool was_walked(const Episode &episode)
{
    return is_recomputed(episode) || (episode.end && episode.end->body.walk_stop != WalkStop::none);
}

} // namespace oomtrace
