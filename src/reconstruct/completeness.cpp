// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/completeness.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "oomtrace/wire_record.h"

namespace oomtrace
{
namespace
{

constexpr std::size_t processes_named = 8; // in one kind of complaint; the rest is counted

std::string counted(std::uint64_t count, std::string_view what)
{
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

class Assessment
{
  public:
    Assessment(const Episode &episode, Completeness &result) : episode_(episode), result_(result) {}

    template <typename... Arguments>
    void miss(fmt::format_string<Arguments...> format, Arguments &&...arguments)
    {
        result_.missing.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
    }

    void about_the_stream(bool host_known)
    {
        if (!host_known) {
            miss("the host's facts: page size taken to be 4096 bytes");
        }
        if (const std::uint64_t lost = episode_.sequence.missing(); lost != 0) {
            miss("{} (sequence {})", counted(lost, "record"), episode_.sequence.missing_ranges());
        }
        if (episode_.duplicates != 0) {
            miss("certainty: {} came twice, and the second was ignored", counted(episode_.duplicates, "record"));
        }
        if (episode_.out_of_order) {
            miss("the order of records: some came out of it");
        }
        if (episode_.beyond_bound != 0) {
            miss("{} beyond the most that one episode may have", counted(episode_.beyond_bound, "record"));
        }
        about_drops();
        switch (episode_.closed_by) {
        case ClosedBy::stale_twin:
            miss("what came after a second begin of the same episode");
            break;
        case ClosedBy::too_many_open:
            miss("what came later: too many episodes were open at once");
            break;
        case ClosedBy::capture_deadline:
            miss("what should have followed: the capture was never closed");
            break;
        case ClosedBy::settled:
        case ClosedBy::aftermath_deadline:
        case ClosedBy::stream_end:
        case ClosedBy::truncation:
            break; // what is missing for it is named one by one
        }
    }

    void about_the_capture(const CandidateList &candidates, const std::vector<KilledProcess> &kills)
    {
        if (!episode_.begin) {
            miss("the record of the invocation's begin");
        }
        if (!episode_.end) {
            miss("the closing record");
        } else {
            about_the_walk(episode_.end->body);
            const std::uint64_t sent = episode_.end->body.candidates_sent;
            if (const std::uint64_t got = episode_.candidates.size(); got < sent) {
                miss("{} of {}", sent - got, counted(sent, "candidate"));
            }
        }
        const auto walk_ended = [](WalkStop stop) { return stop == WalkStop::none || stop == WalkStop::complete; };
        result_.every_candidate = episode_.begin && episode_.end && episode_.end->body.candidates_sent != 0 &&
                                  episode_.candidates.size() >= episode_.end->body.candidates_sent &&
                                  episode_.end->body.dropped[WIRE_DROP_RING_FULL] == 0 && !episode_.out_of_order &&
                                  candidates.unplaced == 0 && walk_ended(episode_.end->body.walk_stop);
        if (candidates.unplaced != 0) {
            miss("the cgroup of {}, left out of the candidates", counted(candidates.unplaced, "task"));
        }
        const InvocationOutcome outcome = episode_.end ? episode_.end->body.outcome : InvocationOutcome::unknown;
        if (outcome == InvocationOutcome::killed && !episode_.choice && !is_recomputed(episode_)) {
            miss("the record of the choice");
        }
        if (episode_.end && episode_.end->body.tasks_seen != 0 && episode_.candidates.empty() && episode_.choice) {
            miss("the tasks that were weighed");
        }
        const bool killed = outcome == InvocationOutcome::killed || outcome == InvocationOutcome::already_dying ||
                            episode_.choice || is_recomputed(episode_);
        if (killed && kills.empty()) {
            miss("the record of the kill");
        }
        // A process may rightly be marked without a signal, or not marked again; after a loss it may be the record that is
        // gone.
        if (outcome == InvocationOutcome::killed && episode_.sequence.missing() != 0 && !is_recomputed(episode_)) {
            const auto chosen = [](const KilledProcess &kill) { return kill.why == KillWhy::chosen; };
            list_processes(kills, "the signal to", [&](const KilledProcess &kill) { return chosen(kill) && !kill.signalled; });
            list_processes(kills, "the mark on", [&](const KilledProcess &kill) { return chosen(kill) && !kill.marked; });
        }
    }

    void about_memory(const OomDomain &domain, const MemcgTree &memcgs)
    {
        const InvocationOutcome outcome = episode_.end ? episode_.end->body.outcome : InvocationOutcome::unknown;
        const bool weighed = outcome == InvocationOutcome::killed || outcome == InvocationOutcome::no_victim ||
                             outcome == InvocationOutcome::panic || is_recomputed(episode_);
        if (weighed && episode_.nodes.empty() && episode_.zones.empty()) {
            miss("the state of nodes and zones");
        }
        for (const ZoneState &zone : episode_.zones) {
            if (std::ranges::none_of(episode_.nodes, [&](const NodeState &node) { return node.node == zone.node; })) {
                miss("the state of node {}, of which zone {} came", zone.node, zone.name);
            }
        }
        for (const NodeState &node : episode_.nodes) {
            if (node.present_pages != 0 &&
                std::ranges::none_of(episode_.zones, [&](const ZoneState &zone) { return zone.node == node.node; })) {
                miss("the zones of node {}", node.node);
            }
        }
        std::set<std::uint64_t> mentioned;
        if (episode_.begin) {
            mentioned.insert(episode_.begin->body.trigger.memcg_id);
        }
        for (const auto &[header, candidate] : episode_.candidates) {
            mentioned.insert(candidate.task.memcg_id);
        }
        for (const auto &[header, kill] : episode_.kills) {
            mentioned.insert(kill.task.memcg_id);
        }
        mentioned.insert(domain.memcg_id.value_or(0));
        mentioned.erase(0);
        const auto pathless = std::ranges::count_if(mentioned, [&](std::uint64_t id) { return !memcgs.reaches_root(id); });
        if (pathless != 0) {
            miss("the path of {} of {}", pathless, counted(mentioned.size(), "cgroup"));
        }
        if (!episode_.system) {
            miss("the host's swap and sysctls");
        }
    }

    void about_the_stack()
    {
        if (!episode_.begin || episode_.symbols.empty()) {
            return; // a host that hides its symbols has none at all
        }
        const std::vector<std::uint64_t> &stack = episode_.begin->body.stack;
        const auto nameless = std::ranges::count_if(stack, [&](std::uint64_t address) {
            return std::ranges::none_of(episode_.symbols, [&](const Symbol &symbol) { return symbol.address == address; });
        });
        if (nameless != 0) {
            miss("the symbols of {} of {}", nameless, counted(stack.size(), "stack frame"));
        }
    }

    void about_the_aftermath(const std::vector<KilledProcess> &kills)
    {
        list_processes(kills, "the exit of", [](const KilledProcess &kill) { return !kill.exited_ns; });
        list_processes(kills, "the release of the memory of", [](const KilledProcess &kill) { return !kill.released_ns; });
        std::set<std::uint32_t> strangers;
        for (const auto &[header, exit] : episode_.exits) {
            strangers.insert(exit.tgid);
        }
        for (const auto &[header, release] : episode_.releases) {
            strangers.insert(release.tgid);
        }
        for (const KilledProcess &kill : kills) {
            strangers.erase(kill.process.tgid);
        }
        for (const std::uint32_t tgid : strangers) {
            miss("the kill of process {}, whose end was seen", tgid);
        }
        about_the_reaper();
    }

  private:
    void about_drops()
    {
        if (!episode_.end) {
            result_.records_lost = episode_.sequence.missing();
            return;
        }
        const DropCounts &dropped = episode_.end->body.dropped;
        result_.records_lost = std::max(episode_.sequence.missing(), dropped[WIRE_DROP_RING_FULL]);
        if (dropped[WIRE_DROP_RING_FULL] != 0) {
            miss("{} dropped: ring full", counted(dropped[WIRE_DROP_RING_FULL], "record"));
        }
        if (dropped[WIRE_DROP_MEMCG_TABLE_FULL] != 0) {
            miss("perhaps {} cgroups: the table of those already sent was full", dropped[WIRE_DROP_MEMCG_TABLE_FULL]);
        }
        if (dropped[WIRE_DROP_VICTIM_TABLE_FULL] != 0) {
            miss("the end of {} victims: the table of victims was full", dropped[WIRE_DROP_VICTIM_TABLE_FULL]);
        }
        if (dropped[WIRE_DROP_DEPTH_LIMIT] != 0) {
            miss("{} cgroups or nodes beyond the limit of a walk", dropped[WIRE_DROP_DEPTH_LIMIT]);
        }
    }

    void about_the_walk(const InvocationEnd &end)
    {
        result_.walk_stop = end.walk_stop;
        result_.tasks_seen = end.tasks_seen;
        result_.walk_ns = end.walk_ns;
        if (end.walk_stop == WalkStop::task_limit) {
            miss("tasks beyond the first {}: the walk has a limit", end.tasks_seen);
        } else if (end.walk_stop == WalkStop::time_limit) {
            miss("tasks beyond the first {}: the walk ran out of time", end.tasks_seen);
        }
    }

    template <typename Predicate>
    void list_processes(const std::vector<KilledProcess> &kills, std::string_view what, Predicate concerns)
    {
        std::size_t found = 0;
        for (const KilledProcess &kill : kills) {
            if (concerns(kill) && ++found <= processes_named) {
                miss("{} {} ({})", what, kill.process.tgid, kill.process.comm);
            }
        }
        if (found > processes_named) {
            miss("{} {} more", what, found - processes_named);
        }
    }

    // Waking, starting and finishing come in this order; only the last step that came may be the last there was.
    void about_the_reaper()
    {
        struct Steps {
            bool woken = false, started = false, ended = false;
        };
        std::map<std::uint32_t, Steps> by_pid;
        for (const auto &[header, reaper] : episode_.reaper) {
            Steps &steps = by_pid[reaper.pid];
            steps.woken |= reaper.step == ReaperStep::wake;
            steps.started |= reaper.step == ReaperStep::start;
            steps.ended |= reaper.step == ReaperStep::finish;
        }
        for (const auto &[pid, steps] : by_pid) {
            if (!steps.woken) {
                miss("the waking of the reaper for {}", pid);
            }
            if (steps.ended && !steps.started) {
                miss("the reaper's start on {}", pid);
            }
            if (steps.started && !steps.ended) {
                miss("the reaper's end on {}", pid);
            }
        }
    }

    const Episode &episode_;
    Completeness &result_;
};

} // namespace

Completeness assess_completeness(const Episode &episode, const CandidateList &candidates,
                                 const std::vector<KilledProcess> &kills, const OomDomain &domain, const MemcgTree &memcgs,
                                 bool host_known)
{
    Completeness result;
    Assessment assessment(episode, result);
    assessment.about_the_stream(host_known);
    assessment.about_the_capture(candidates, kills);
    assessment.about_memory(domain, memcgs);
    assessment.about_the_stack();
    assessment.about_the_aftermath(kills);
    result.complete = result.missing.empty();
    return result;
}

} // namespace oomtrace
