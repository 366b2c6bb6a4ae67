// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/incident_builder.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "reconstruct/before.h"
#include "reconstruct/candidate_list.h"
#include "reconstruct/completeness.h"
#include "reconstruct/gfp_flags.h"
#include "reconstruct/identities.h"
#include "reconstruct/incident_id.h"
#include "reconstruct/kill_check.h"
#include "reconstruct/kill_list.h"
#include "reconstruct/memory_state.h"
#include "reconstruct/oom_domain.h"
#include "reconstruct/processes.h"
#include "reconstruct/timeline.h"
#include "reconstruct/victim.h"

namespace oomtrace
{
namespace
{

constexpr std::uint64_t assumed_page_size = 4096;

std::uint64_t invocation_ns(const Episode &episode)
{
    if (!episode.begin) {
        return episode.first_ns;
    }
    return episode.begin->body.entered_ns.value_or(episode.begin->header.time_ns);
}

bool is_group_kill(const Episode &episode, const std::vector<KilledProcess> &kills)
{
    const bool victim_in_group =
        std::ranges::any_of(episode.kills, [](const Timed<Kill> &kill) { return kill.body.oom_group_id != 0; });
    return std::ranges::any_of(kills, [](const KilledProcess &kill) { return kill.why == KillWhy::oom_group; }) ||
           (victim_in_group && kills.size() > 1);
}

void set_outcome(const Episode &episode, Incident &incident)
{
    const auto by_kills = [&] {
        if (incident.kills.empty()) {
            return Outcome::unknown;
        }
        if (is_group_kill(episode, incident.kills)) {
            return Outcome::group_kill;
        }
        return incident.kills.front().why == KillWhy::already_exiting ? Outcome::victim_already_dying : Outcome::killed;
    };
    Provenance &source = incident.provenance.outcome;
    source = {Source::observed, ""};
    switch (episode.end ? episode.end->body.outcome : InvocationOutcome::unknown) {
    case InvocationOutcome::killed:
        incident.outcome = is_group_kill(episode, incident.kills) ? Outcome::group_kill : Outcome::killed;
        return;
    case InvocationOutcome::already_dying:
        incident.outcome = Outcome::victim_already_dying;
        return;
    case InvocationOutcome::aborted:
        incident.outcome = Outcome::aborted;
        return;
    case InvocationOutcome::no_victim:
        incident.outcome = Outcome::no_killable_task;
        return;
    case InvocationOutcome::notifier_freed:
        incident.outcome = Outcome::notifier_freed;
        return;
    case InvocationOutcome::panic:
        incident.outcome = Outcome::panic;
        return;
    case InvocationOutcome::unknown:
        break;
    }
    incident.outcome = by_kills();
    const std::string why = !episode.end ? "the closing record was lost" : "the return of out_of_memory() was not seen";
    source = incident.outcome == Outcome::unknown ? Provenance{Source::absent, why}
                                                  : Provenance{Source::recomputed, why + ": judged by the kills"};
}

Trigger build_trigger(const Episode &episode, const MemcgTree &memcgs)
{
    const InvocationBegin &begin = episode.begin->body;
    Trigger trigger;
    trigger.process = process_of(begin.trigger, memcgs);
    if (!begin.cpuset.empty()) {
        trigger.cpuset = begin.cpuset;
    }
    for (const std::uint64_t address : begin.stack) {
        StackFrame frame{address, std::nullopt};
        const auto symbol = std::ranges::find(episode.symbols, address, &Symbol::address);
        if (symbol != episode.symbols.end() && !symbol->name.empty()) {
            frame.symbol = fmt::format("{}+{:#x}", symbol->name, symbol->offset);
        }
        trigger.stack.push_back(std::move(frame));
    }
    return trigger;
}

Allocation build_allocation(const InvocationBegin &begin, const OomDomain &domain)
{
    Allocation allocation;
    allocation.gfp_mask = begin.gfp_mask;
    if (begin.gfp_mask) {
        allocation.gfp_flags = gfp_flag_names(*begin.gfp_mask);
        allocation.highest_zone = std::string(highest_zone_name(*begin.gfp_mask));
    }
    allocation.order = begin.order;
    allocation.nodemask = begin.nodemask;
    allocation.nodemask_known = begin.has_oom_control;
    // constrained_alloc() leaves a mask in oom_control only where it is the constraint.
    if (!begin.has_oom_control && domain.constraint) {
        allocation.nodemask = domain.constraint == Constraint::memory_policy ? begin.policy_nodes : std::nullopt;
        allocation.nodemask_known = true;
    }
    allocation.mems_allowed = begin.mems_allowed;
    return allocation;
}

Host build_host(const HostFacts &facts)
{
    Host host;
    host.hostname = facts.hostname;
    host.boot_id = facts.boot_id;
    host.kernel = facts.kernel;
    host.arch = facts.arch;
    host.tracer_version = facts.tracer_version;
    host.page_size = facts.page_size;
    host.attach_method = facts.attach_method;
    host.method_note = facts.method_note;
    host.cgroup_version = facts.cgroup_version;
    return host;
}

Provenance begin_provenance(const Episode &episode)
{
    return episode.begin ? Provenance{Source::observed, ""}
                         : Provenance{Source::absent, "the record of the invocation's begin was lost"};
}

Provenance allocation_provenance(const Episode &episode)
{
    if (!episode.begin || episode.begin->body.has_oom_control) {
        return begin_provenance(episode);
    }
    return {Source::absent,
            is_recomputed(episode) ? "oom_control was not found on the asker's stack" : "oom_control could not be read"};
}

void set_candidate_provenance(const Episode &episode, const CandidateList &list, Incident &incident)
{
    Provenance &candidates = incident.provenance.candidates;
    Provenance &points = incident.provenance.points;
    if (list.tasks.empty()) {
        const bool lost = episode.end && (episode.end->body.candidates_sent != 0 || episode.end->body.tasks_seen != 0);
        candidates = {Source::absent, lost ? "the records of the candidates were lost" : "nothing was weighed"};
        points = candidates;
        return;
    }
    if (is_recomputed(episode)) {
        candidates = {Source::recomputed, "walked by the tracer at mark_oom_victim(), after the kernel's own scan"};
        points = {Source::recomputed, "from the sizes at the mark; the kernel's own scores are not visible to tracepoints"};
    } else if (was_walked(episode)) {
        candidates = {Source::recomputed, "walked by the tracer at the choice: the kernel's scan was expected to stop at an "
                                          "earlier victim, and was not watched"};
        points = {Source::recomputed, "from the sizes at the choice"};
    } else {
        candidates = {Source::observed, ""};
        points = list.any_points_observed ? Provenance{Source::observed, ""}
                                          : Provenance{Source::recomputed, "oom_badness() was not seen to return"};
    }
    const bool none_known = std::ranges::none_of(list.tasks, [](const CandidateTask &task) { return task.points.has_value(); });
    if (none_known && points.source == Source::recomputed) {
        points = {Source::absent, "total_pages is not known, or no task was eligible"};
    }
}

Provenance system_provenance(const Episode &episode)
{
    if (!episode.system)
        return {Source::absent, "the collector's record did not come"};
    // Before a panic the collector sends it empty.
    if (episode.system->value.empty())
        return {Source::absent, "nothing was read: that takes memory, and the kernel was about to panic"};
    return {Source::procfs, ""};
}

void set_provenance(const Episode &episode, const OomDomain &domain, bool host_known, Incident &incident)
{
    ProvenanceTable &table = incident.provenance;
    table.trigger = begin_provenance(episode);
    table.allocation = allocation_provenance(episode);
    table.constraint = domain.constraint_source;
    table.memcg = domain.memcg_source;
    table.nodes =
        incident.nodes.empty() ? Provenance{Source::absent, "no record of a node came"} : Provenance{Source::observed, ""};
    const Provenance system = system_provenance(episode);
    table.sysctls = system;
    table.swap = episode.swap ? Provenance{Source::observed, ""} : system;
    if (table.swap.source == Source::procfs && incident.swap.total_bytes != std::uint64_t{0})
        table.swap.note = "read when those that were killed may have given theirs back";
    if (!incident.victim) {
        table.victim = {Source::absent, "nobody was chosen"};
    } else if (std::ranges::any_of(incident.kills, [&](const KilledProcess &kill) {
                   return kill.process.tgid == incident.victim->process.tgid && kill.marked && kill.memory;
               })) {
        table.victim = {Source::observed, ""};
    } else {
        table.victim = {Source::observed, "its sizes are not those at mark_oom_victim(), which was not seen"};
    }
    table.kills =
        incident.kills.empty() ? Provenance{Source::absent, "nothing was seen to be killed"} : Provenance{Source::observed, ""};
    if (incident.kills.empty()) {
        table.after = {Source::absent, "nothing was seen to be killed"};
    } else if (episode.exits.empty() && episode.releases.empty()) {
        table.after = {Source::absent, "neither exit nor release was seen"};
    } else {
        table.after = {Source::observed, ""};
    }
    table.before = before_provenance(episode);
    table.host = host_known ? Provenance{Source::procfs, ""} : Provenance{Source::absent, "no host record came"};
}

} // namespace

Incident build_incident(const Episode &episode, const std::optional<HostFacts> &host)
{
    Incident incident;
    const HostFacts facts = host.value_or(HostFacts{});
    const PageUnits units(facts.page_size != 0 ? facts.page_size : assumed_page_size);
    const MemcgTree memcgs(episode.memcgs);
    const OomDomain domain = work_out_domain(episode, memcgs, units);
    const ScoringRules rules = scoring_rules(episode, domain.total_pages, facts.kernel, units);

    incident.episode = episode.id;
    incident.monotonic_ns = invocation_ns(episode);
    incident.realtime_ns =
        static_cast<std::int64_t>(incident.monotonic_ns + static_cast<std::uint64_t>(facts.realtime_offset_ns));
    incident.id = live_incident_id(facts.boot_id, episode.id, incident.monotonic_ns);
    incident.scope = domain.scope;
    incident.constraint = domain.constraint;
    incident.total_pages = domain.total_pages;
    incident.kernel_message = episode.choice ? episode.choice->body.message : "";
    if (episode.begin) {
        incident.trigger = build_trigger(episode, memcgs);
        incident.allocation = build_allocation(episode.begin->body, domain);
    }
    incident.nodes = build_nodes(episode.nodes, episode.zones, units);
    incident.swap = build_swap(episode.swap, episode.system, units);
    incident.hugetlb = build_hugetlb(episode.system);
    incident.sysctls = build_sysctls(episode.system);
    incident.host = build_host(facts);

    CandidateList candidates = build_candidates(episode, domain, rules, memcgs, units);
    const TaskSnapshot *victim = victim_task(episode);
    for (CandidateTask &task : candidates.tasks) {
        task.chosen = victim != nullptr && task.process.tgid == victim->tgid;
    }
    incident.kills = build_kills(episode, rules.reading, memcgs, units);
    incident.victim = build_victim(episode, candidates.tasks, incident.kills, domain.total_pages);
    if (incident.victim && incident.victim->process.tgid == 0) {
        incident.victim->process = process_of(*victim, memcgs);
    }
    const MemcgPlaces places{domain.memcg_id, victim != nullptr ? victim->memcg_id : 0,
                             episode.begin ? episode.begin->body.trigger.memcg_id : 0};
    incident.memcg = build_memcg_limit(places, memcgs, units);
    incident.timeline = build_timeline(episode, incident.kills, incident.monotonic_ns);
    incident.after = build_aftermath(episode, incident.kills, victim != nullptr ? victim->tgid : 0, domain.memcg_id,
                                     incident.monotonic_ns, units);
    incident.kill_check = check_kills(episode, incident.kills, memcgs);
    incident.before = build_before(episode, incident.monotonic_ns, units);
    incident.completeness = assess_completeness(episode, candidates, incident.kills, domain, memcgs, host.has_value());
    set_outcome(episode, incident);
    set_candidate_provenance(episode, candidates, incident);
    set_provenance(episode, domain, host.has_value(), incident);
    set_identities(episode, memcgs, incident);
    incident.scores = std::move(candidates.scores);
    incident.candidates = std::move(candidates.tasks);
    return incident;
}

} // namespace oomtrace
