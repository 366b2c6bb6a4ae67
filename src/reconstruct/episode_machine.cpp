// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/episode_machine.h"

#include <algorithm>
#include <utility>

#include "reconstruct/saturating.h"

namespace oomtrace
{
namespace
{

template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
// clang 14 does not deduce an aggregate by itself.
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

// Absent: the record is about no single episode.
std::optional<Input> input_of(const KernelEvent &event)
{
    using Answer = std::optional<Input>;
    return std::visit(Overloaded{
                          [](const InvocationBegin &) -> Answer { return Input::begin; },
                          [](const Candidate &) -> Answer { return Input::candidate; },
                          [](const Choice &) -> Answer { return Input::choice; },
                          [&](const Kill &) -> Answer { return event.header.sequence != 0 ? Input::kill : Input::late_kill; },
                          [](const NodeState &) -> Answer { return Input::memory; },
                          [](const ZoneState &) -> Answer { return Input::memory; },
                          [](const MemcgState &) -> Answer { return Input::memory; },
                          [](const SwapCounts &) -> Answer { return Input::memory; },
                          [](const InvocationEnd &) -> Answer { return Input::end; },
                          [](const ReaperEvent &) -> Answer { return Input::reaper; },
                          [](const ExitEvent &) -> Answer { return Input::exit; },
                          [](const MmReleased &) -> Answer { return Input::release; },
                          // That of no episode was read at the start, to count from.
                          [&](const SystemState &) -> Answer {
                              return event.header.episode != 0 ? Answer(Input::system_state) : std::nullopt;
                          },
                          [](const Symbol &) -> Answer { return Input::symbol; },
                          [](const HostFacts &) -> Answer { return std::nullopt; },
                          [](const ClockTick &) -> Answer { return std::nullopt; },
                          [](const LossTotals &) -> Answer { return std::nullopt; },
                          [](const StreamEnd &) -> Answer { return std::nullopt; },
                          [](const Retries &) -> Answer { return Input::memory; },
                          [](const KillCounts &) -> Answer { return Input::memory; },
                          [](const ProcessIdentityRead &) -> Answer { return Input::symbol; },
                          [](const CgroupNames &) -> Answer { return Input::symbol; },
                          // Text: the reconstructor's business.
                          [](const KernelLogLine &) -> Answer { return std::nullopt; },
                      },
                      event.body);
}

// Pages that are to come back. The counters of a running process may be below 0.
std::uint64_t held_pages(const Kill &kill)
{
    std::uint64_t pages = 0;
    if (kill.mm) {
        const RssPages &rss = kill.mm->approximate;
        for (const std::int64_t part : {rss.file, rss.anon, rss.swap, rss.shmem}) {
            pages = saturating_add(pages, static_cast<std::uint64_t>(std::max<std::int64_t>(part, 0)));
        }
    }
    return pages;
}

// `event`, recorded for another OOM, as it is to be told of the one that `fates` is of. Absent: it is none of its business.
std::optional<KernelEvent> shared_with(const VictimFates &fates, const KernelEvent &event)
{
    using Answer = std::optional<KernelEvent>;
    return std::visit(
        Overloaded{
            [&](const ReaperEvent &body) { return fates.awaits_release(body.tgid) ? Answer(event) : std::nullopt; },
            [&](const ExitEvent &body) {
                return body.threads_left == 0 && fates.awaits_exit(body.tgid) ? Answer(event) : std::nullopt;
            },
            [&](MmReleased body) -> Answer {
                // Recorded by the name of the first process that was followed with this mm.
                body.tgid = fates.waits_for(body.mm).value_or(body.tgid);
                if (!fates.awaits_release(body.tgid)) {
                    return std::nullopt;
                }
                // The scans that waited for the memory are counted where they were recorded.
                body.rescans = 0;
                body.last_rescan_ns.reset();
                return KernelEvent{event.header, body};
            },
            [](const auto &) -> Answer { return std::nullopt; },
        },
        event.body);
}

} // namespace

std::vector<Episode> EpisodeMachine::on_event(const KernelEvent &event)
{
    std::vector<Episode> closed;
    now_ns_ = std::max(now_ns_, event.header.time_ns);
    const std::optional<Input> input = input_of(event);
    if (const auto *end = std::get_if<StreamEnd>(&event.body); end && end->count_reached) {
        open_.clear();
        return closed;
    }
    if (!input) {
        note_reading(event);
        expire(std::nullopt, closed);
        if (std::holds_alternative<StreamEnd>(event.body)) {
            std::ranges::move(finish(ClosedBy::stream_end), std::back_inserter(closed));
        }
        return closed;
    }
    expire(event.header.episode, closed);
    route(*input, event, closed);
    if (*input == Input::reaper || *input == Input::exit || *input == Input::release) {
        share_fate(event);
    }
    note_reading(event);
    expire(std::nullopt, closed);
    return closed;
}

void EpisodeMachine::note_reading(const KernelEvent &event)
{
    if (const auto *reading = std::get_if<SystemState>(&event.body)) {
        last_reading_ = *reading;
    } else if (std::holds_alternative<HostFacts>(event.body)) {
        last_reading_.reset(); // another run begins
    }
}

std::vector<Episode> EpisodeMachine::finish(ClosedBy reason)
{
    std::vector<Episode> closed;
    while (!open_.empty()) {
        apply_to(open_.begin()->first, Input::stream_end, reason, closed);
    }
    return closed;
}

void EpisodeMachine::route(Input input, const KernelEvent &event, std::vector<Episode> &closed)
{
    const std::uint64_t id = event.header.episode;
    if (id == 0) {
        counters_.orphans++;
        return;
    }
    const auto entry = open_.find(id);
    const auto [next, action] = transition(phase_of(id), input);
    switch (action) {
    case Action::open:
        open(next, event, closed);
        return;
    case Action::reopen:
        counters_.purged++;
        close(entry, ClosedBy::stale_twin, closed);
        open(next, event, closed);
        return;
    case Action::salvage:
        // Ids only grow, and the records of a capture come together: a piece with an old id is a straggler, one with a new id
        // means that the begin was lost, and an OOM must not be lost with it.
        if (id > newest_id_) {
            counters_.salvaged++;
            open(next, event, closed);
        } else {
            count_orphan(id);
        }
        return;
    case Action::orphan:
        count_orphan(id);
        return;
    case Action::store:
    case Action::store_misplaced:
        store(entry->second, event, action == Action::store_misplaced);
        entry->second.phase = next;
        return;
    case Action::close_capture:
        store(entry->second, event, false);
        entry->second.phase = next;
        coalesce_aborted(id);
        return;
    case Action::ignore:
    case Action::give_up_waiting:
    case Action::close:
        return; // of no record's input
    }
}

void EpisodeMachine::open(Phase phase, const KernelEvent &event, std::vector<Episode> &closed)
{
    const std::uint64_t id = event.header.episode;
    if (id > newest_id_) {
        std::vector<std::uint64_t> older;
        for (const auto &[other, unused] : open_) {
            older.push_back(other);
        }
        for (const std::uint64_t other : older) {
            apply_to(other, Input::newer_begin, ClosedBy::settled, closed);
        }
        newest_id_ = id;
    }
    if (open_.size() >= limits_.open_episodes) {
        counters_.evicted++;
        close(open_.begin(), ClosedBy::too_many_open, closed);
    }
    Open &opened = open_[id];
    opened.phase = phase;
    opened.episode.id = id;
    opened.episode.first_ns = event.header.time_ns;
    store(opened, event, false);
    if (phase == Phase::settling) {
        coalesce_aborted(id);
    }
}

void EpisodeMachine::store(Open &open, const KernelEvent &event, bool misplaced)
{
    Episode &episode = open.episode;
    const EventHeader &header = event.header;
    episode.activity_ns = std::max(episode.activity_ns, header.time_ns);
    if (header.sequence != 0) {
        switch (episode.sequence.note(header.sequence)) {
        case SequenceTracker::Seen::duplicate:
            counters_.duplicates++;
            episode.duplicates++;
            return;
        case SequenceTracker::Seen::filled:
            episode.out_of_order = true;
            break;
        case SequenceTracker::Seen::in_order:
        case SequenceTracker::Seen::skipped:
            break;
        }
    }
    episode.out_of_order |= misplaced;
    if (++open.records > limits_.records_per_episode) {
        episode.beyond_bound++;
        return;
    }
    const auto keep = [&](auto &list, const auto &body) {
        if (list.size() < limits_.nodes_or_zones) {
            list.push_back(body);
        } else {
            episode.beyond_bound++;
        }
    };
    std::visit(Overloaded{
                   [&](const InvocationBegin &body) {
                       episode.begin = Timed<InvocationBegin>{header, body};
                   },
                   [&](const Candidate &body) {
                       episode.candidates.push_back({header, body});
                   },
                   [&](const Choice &body) {
                       if (!episode.choice) {
                           episode.choice = Timed<Choice>{header, body};
                       }
                   },
                   [&](const Kill &body) {
                       episode.kills.push_back({header, body});
                       episode.fates.note_kill(body.task.tgid, body.mm ? body.mm->mm : 0);
                       episode.last_kill_ns = std::max(episode.last_kill_ns, header.time_ns);
                       episode.largest_kill_pages = std::max(episode.largest_kill_pages, held_pages(body));
                   },
                   [&](const NodeState &body) { keep(episode.nodes, body); },
                   [&](const ZoneState &body) { keep(episode.zones, body); },
                   [&](const MemcgState &body) { episode.memcgs.push_back(body); },
                   [&](const SwapCounts &body) { episode.swap = body; },
                   [&](const InvocationEnd &body) {
                       if (!episode.end) {
                           episode.end = Timed<InvocationEnd>{header, body};
                           episode.sequence.note_last(body.last_sequence);
                           open.system_state_due_ns = saturating_add(now_ns_, limits_.system_state_ns);
                       }
                   },
                   [&](const ReaperEvent &body) {
                       episode.reaper.push_back({header, body});
                   },
                   [&](const ExitEvent &body) {
                       episode.exits.push_back({header, body});
                       if (body.threads_left == 0) {
                           episode.fates.note_exit(body.tgid, header.time_ns);
                       }
                   },
                   [&](const MmReleased &body) {
                       episode.releases.push_back({header, body});
                       episode.fates.note_release(body.tgid, body.mm, header.time_ns);
                   },
                   [&](const Symbol &body) {
                       episode.symbols.push_back(body);
                       open.system_state_due_ns = saturating_add(now_ns_, limits_.system_state_ns);
                   },
                   [&](const SystemState &body) {
                       episode.system = body;
                       episode.system_before = last_reading_;
                   },
                   [&](const Retries &body) { episode.retries = body; },
                   [&](const KillCounts &body) { episode.kill_counts = body; },
                   [&](const ProcessIdentityRead &body) { episode.identities.push_back(body); },
                   [&](const CgroupNames &body) {
                       episode.cgroup_names.push_back(body);
                       open.system_state_due_ns = saturating_add(now_ns_, limits_.system_state_ns);
                   },
                   [](const auto &) {},
               },
               event.body);
}

void EpisodeMachine::share_fate(const KernelEvent &event)
{
    for (auto &[id, open] : open_) {
        if (id != event.header.episode) {
            if (std::optional<KernelEvent> shared = shared_with(open.episode.fates, event)) {
                shared->header.episode = id;
                store(open, *shared, false);
            }
        }
    }
}

void EpisodeMachine::coalesce_aborted(std::uint64_t id)
{
    const auto entry = open_.find(id);
    const std::optional<Timed<InvocationEnd>> &end = entry->second.episode.end;
    if (!end || end->body.outcome != InvocationOutcome::aborted || end->body.aborted_by_tgid == 0 ||
        !entry->second.episode.kills.empty()) {
        return;
    }
    for (auto &[other, open] : open_) {
        if (other != id && std::in_range<std::uint32_t>(end->body.aborted_by_tgid) &&
            open.episode.fates.killed(static_cast<std::uint32_t>(end->body.aborted_by_tgid))) {
            open.episode.coalesced_scans++;
            counters_.coalesced++;
            open_.erase(entry);
            remember(id);
            return;
        }
    }
}

void EpisodeMachine::apply_to(std::uint64_t id, Input input, ClosedBy reason, std::vector<Episode> &closed)
{
    const auto entry = open_.find(id);
    const auto [next, action] = transition(entry->second.phase, input);
    if (action == Action::close) {
        close(entry, reason, closed);
    } else if (action == Action::give_up_waiting) {
        entry->second.phase = next;
    }
}

void EpisodeMachine::close(OpenMap::iterator entry, ClosedBy reason, std::vector<Episode> &closed)
{
    Episode episode = std::move(entry->second.episode);
    open_.erase(entry);
    remember(episode.id);
    episode.closed_by = reason;
    episode.closed_ns = now_ns_;
    closed.push_back(std::move(episode));
}

void EpisodeMachine::remember(std::uint64_t id)
{
    remembered_.push_back(id);
    if (remembered_.size() > limits_.remembered_ids) {
        remembered_.pop_front();
    }
}

void EpisodeMachine::count_orphan(std::uint64_t id)
{
    if (std::ranges::find(remembered_, id) != remembered_.end()) {
        counters_.late++;
    } else {
        counters_.orphans++;
    }
}

void EpisodeMachine::expire(std::optional<std::uint64_t> except, std::vector<Episode> &closed)
{
    // An episode may pass two deadlines at once: the collector's, and then that of an aftermath with nothing left to wait for.
    for (bool again = true; again;) {
        again = false;
        for (const auto &[id, open] : open_) {
            if (id == except || deadline_of(open) > now_ns_) {
                continue;
            }
            ClosedBy reason = ClosedBy::capture_deadline;
            if (open.phase == Phase::awaiting_aftermath) {
                const std::optional<std::uint64_t> settled = settled_ns(open);
                reason = settled && *settled <= now_ns_ ? ClosedBy::settled : ClosedBy::aftermath_deadline;
            } else if (open.phase != Phase::settling) {
                counters_.expired++;
            }
            apply_to(id, Input::deadline, reason, closed);
            again = true;
            break;
        }
    }
}

std::optional<std::uint64_t> EpisodeMachine::next_deadline_ns() const
{
    std::optional<std::uint64_t> next;
    for (const auto &[id, open] : open_) {
        const std::uint64_t deadline = deadline_of(open);
        next = next ? std::min(*next, deadline) : deadline;
    }
    return next;
}

Phase EpisodeMachine::phase_of(std::uint64_t episode) const
{
    const auto found = open_.find(episode);
    return found == open_.end() ? Phase::closed : found->second.phase;
}

std::uint64_t EpisodeMachine::deadline_of(const Open &open) const
{
    switch (open.phase) {
    case Phase::closed:
        return 0;
    case Phase::begun:
    case Phase::weighing:
    case Phase::chosen:
    case Phase::killing:
        return saturating_add(open.episode.activity_ns, limits_.capture_ns);
    case Phase::settling:
        return open.system_state_due_ns;
    case Phase::awaiting_aftermath:
        break;
    }
    const Episode &episode = open.episode;
    const std::uint64_t teardown = saturating_multiply(episode.largest_kill_pages, limits_.release_ns_per_page);
    const std::uint64_t without_life = saturating_add(episode.activity_ns, saturating_add(limits_.aftermath_ns, teardown));
    const std::uint64_t patience = std::min(without_life, saturating_add(episode.last_kill_ns, limits_.whole_aftermath_ns));
    const std::optional<std::uint64_t> settled = settled_ns(open);
    return settled && (episode.kills.empty() || *settled < patience) ? *settled : patience;
}

std::optional<std::uint64_t> EpisodeMachine::settled_ns(const Open &open) const
{
    const Episode &episode = open.episode;
    std::optional<std::uint64_t> settled = episode.fates.settled_ns(limits_.grace_ns);
    // The tracepoint method closes its capture at the first mark; the invocation itself may go on to kill the other members of
    // a memory.oom.group. Those that share the victim's mm need no waiting for: it is not released before they are dead.
    const bool group = std::ranges::any_of(episode.kills, [](const Timed<Kill> &kill) { return kill.body.oom_group_id != 0; });
    if (settled && group && is_recomputed(episode)) {
        const std::uint64_t last = std::max(episode.last_kill_ns, episode.end ? episode.end->header.time_ns : 0);
        settled = std::max(*settled, saturating_add(last, limits_.grace_ns));
    }
    return settled;
}

} // namespace oomtrace
