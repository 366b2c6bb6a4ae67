// SPDX-License-Identifier: Apache-2.0
#include "explain/why_victim.h"

#include <algorithm>
#include <utility>

#include "explain/memory_holders.h"
#include "explain/ranking.h"
#include "reconstruct/saturating.h"

namespace oomtrace
{
namespace
{

// A victim that held less than this part of what is short does not explain the shortage.
constexpr std::uint64_t small_part = 4;

std::uint64_t held_by(const ProcessMemory &memory)
{
    return saturating_add(saturating_add(memory.rss_bytes(), memory.swap_bytes), memory.pgtables_bytes);
}

// Of the victim itself: kernels until 5.0 may have chosen its parent.
const CandidateTask *victim_candidate(const Incident &incident)
{
    const auto chosen = chosen_candidate(incident);
    if (chosen && is_same_process(incident.candidates[*chosen].process, incident.victim->process))
        return &incident.candidates[*chosen];
    const auto found = std::find_if(incident.candidates.begin(), incident.candidates.end(), [&](const CandidateTask &one) {
        return is_same_process(one.process, incident.victim->process);
    });
    return found == incident.candidates.end() ? nullptr : &*found;
}

// The sizes that were weighed; of a victim that was not, those at its kill.
const ProcessMemory *memory_of_victim(const Incident &incident, const CandidateTask *candidate)
{
    if (candidate != nullptr && candidate->memory)
        return &*candidate->memory;
    const ProcessMemory &memory = incident.victim->memory;
    return memory.mm != 0 || memory.total_vm_bytes != 0 || memory.rss_bytes() != 0 ? &memory : nullptr;
}

std::optional<PointsParts> parts_of(const Incident &incident, const CandidateTask &candidate)
{
    const std::uint64_t page_size = incident.host.page_size;
    const std::int32_t adj = candidate.process.oom_score_adj;
    if (!candidate.memory || page_size == 0 || (adj != 0 && !incident.total_pages))
        return std::nullopt;
    const auto pages = [&](std::uint64_t bytes) { return static_cast<std::int64_t>(bytes / page_size); };
    const ProcessMemory &memory = *candidate.memory;
    return PointsParts{pages(memory.rss_bytes()), pages(memory.swap_bytes), pages(memory.pgtables_bytes),
                       std::int64_t{adj} * static_cast<std::int64_t>(incident.total_pages.value_or(0) / 1000)};
}

std::optional<LargerTask> larger_task(const Incident &incident, const ProcessMemory &victim)
{
    const CandidateTask *largest = nullptr;
    for (const CandidateTask &candidate : incident.candidates) {
        const bool other = !is_same_process(candidate.process, incident.victim->process) && candidate.memory &&
                           (victim.mm == 0 || candidate.memory->mm != victim.mm);
        if (other && (largest == nullptr || held_by(*candidate.memory) > held_by(*largest->memory)))
            largest = &candidate;
    }
    if (largest == nullptr || held_by(*largest->memory) <= held_by(victim))
        return std::nullopt;
    const Process &process = largest->process;
    return LargerTask{
        {process.pid, process.tgid, process.comm}, held_by(*largest->memory), process.oom_score_adj, largest->skip_reason};
}

bool asked_for_it(const Incident &incident)
{
    const bool told = incident.kernel_message.find("oom_kill_allocating_task") != std::string::npos;
    const bool set = incident.sysctls.oom_kill_allocating_task.value_or(0) != 0 &&
                     is_same_process(incident.victim->process, incident.trigger.process);
    // Scores that a hook saw are those of a scan; others may have been worked out where there was none.
    const bool scanned = incident.victim->points && incident.provenance.points.source == Source::observed;
    return told || (set && incident.scope != Scope::memcg && !scanned);
}

bool changes_victim(const std::vector<Counterfactual> &counterfactuals, CounterfactualKind kind, const TaskRef &victim)
{
    return std::any_of(counterfactuals.begin(), counterfactuals.end(), [&](const Counterfactual &one) {
        return one.kind == kind && (!one.chosen || one.chosen->tgid != victim.tgid);
    });
}

class Reasons
{
  public:
    Reasons(const Incident &incident, const WhyNow &now, const std::vector<Counterfactual> &counterfactuals, WhyVictim &why)
        : incident_(incident), now_(now), counterfactuals_(counterfactuals), why_(why)
    {
    }

    void about_the_choice()
    {
        if (incident_.outcome == Outcome::victim_already_dying)
            return add(VictimReason::already_dying);
        if (asked_for_it(incident_))
            return add(VictimReason::asked);
        const std::vector<RankedTask> &ranking = why_.ranking;
        const auto chosen = chosen_candidate(incident_);
        const bool ranked =
            std::any_of(ranking.begin(), ranking.end(), [&](const RankedTask &task) { return task.candidate == chosen; });
        if (!ranked)
            return add(VictimReason::unknown);
        if (ranking.front().candidate != chosen)
            return add(VictimReason::not_highest);
        if (!is_same_process(incident_.candidates[*chosen].process, incident_.victim->process))
            return add(VictimReason::child_of_chosen);
        const auto formula = formula_of(incident_.host.kernel).value_or(BadnessFormula::signed_since_5_9);
        if (ranking.front().points == origin_points(formula))
            return add(VictimReason::asked_to_be_first);
        if (ranking.size() == 1 && why_.all_known)
            return add(VictimReason::only_eligible);
        const TaskRef &victim = ranking.front().task;
        add(VictimReason::highest_points);
        if (ranking.size() > 1 && ranking[1].points == ranking.front().points)
            add(VictimReason::tie);
        if (changes_victim(counterfactuals_, CounterfactualKind::victim_adj_zero, victim))
            add(VictimReason::own_adj_decided);
        else if (changes_victim(counterfactuals_, CounterfactualKind::all_adj_zero, victim))
            add(VictimReason::others_adj_decided);
    }

    void about_the_group()
    {
        if (incident_.outcome != Outcome::group_kill)
            return;
        add(VictimReason::group);
        for (const MemcgLevel &level : incident_.memcg.levels) { // the topmost at or below the one that fired
            if (level.oom_group)
                why_.group_path = level.path;
            if (level.fired)
                break;
        }
    }

    void about_its_memory(const ProcessMemory &victim)
    {
        why_.held_bytes = victim.rss_bytes();
        // The kernel says so only where there is memory on other nodes (constrained_alloc()), which its report leaves out.
        const bool by_nodes = now_.constraint == Constraint::cpuset || now_.constraint == Constraint::memory_policy;
        if (by_nodes) {
            add(VictimReason::ranked_by_all_nodes);
            // What all processes have mapped on these nodes is the most of it that can lie there.
            const auto there = node_total(incident_, "anon_mapped");
            if (there && victim.rss_anon_bytes > *there) {
                add(VictimReason::partly_elsewhere);
                why_.elsewhere_bytes = victim.rss_anon_bytes - *there;
            }
        }
        const bool was_weighed =
            why_.reasons.front() == VictimReason::highest_points || why_.reasons.front() == VictimReason::only_eligible;
        const bool short_of_memory = was_weighed && now_.shortage != Shortage::by_hand && now_.shortage != Shortage::unknown;
        if (short_of_memory && now_.held_of_bytes && victim.rss_bytes() < *now_.held_of_bytes / small_part)
            add(VictimReason::small_part);
    }

  private:
    void add(VictimReason reason) { why_.reasons.push_back(reason); }

    const Incident &incident_;
    const WhyNow &now_;
    const std::vector<Counterfactual> &counterfactuals_;
    WhyVictim &why_;
};

} // namespace

WhyVictim explain_choice(const Incident &incident, const WhyNow &now, std::vector<RankedTask> ranking,
                         const std::vector<Counterfactual> &counterfactuals)
{
    WhyVictim why;
    why.ranking = std::move(ranking);
    why.weighed = incident.candidates.size();
    why.eligible = static_cast<std::uint64_t>(std::count_if(incident.candidates.begin(), incident.candidates.end(),
                                                            [](const CandidateTask &one) { return one.eligible; }));
    why.all_known = knows_all_candidates(incident);
    why.killed = incident.kills.size();
    if (!incident.victim)
        return why;
    const Victim &victim = *incident.victim;
    why.victim = TaskRef{victim.process.pid, victim.process.tgid, victim.process.comm};
    why.points = victim.points;
    why.points_source = victim.points_source;
    why.oom_score_adj = victim.process.oom_score_adj;
    if (victim.runner_up)
        why.margin_points = victim.runner_up->margin_points;
    const CandidateTask *candidate = victim_candidate(incident);
    if (candidate != nullptr)
        why.parts = parts_of(incident, *candidate);

    Reasons reasons(incident, now, counterfactuals, why);
    reasons.about_the_choice();
    reasons.about_the_group();
    if (const ProcessMemory *memory = memory_of_victim(incident, candidate)) {
        why.larger = larger_task(incident, *memory);
        reasons.about_its_memory(*memory);
    }
    return why;
}

std::vector<Disagreement> find_disagreements(const Incident &incident, const WhyVictim &victim)
{
    std::vector<Disagreement> found;
    if (!victim.reasons.empty() && victim.reasons.front() == VictimReason::not_highest) {
        const RankedTask &highest = victim.ranking.front();
        Disagreement disagreement;
        disagreement.kind = DisagreementKind::choice_not_highest;
        disagreement.highest = highest.task;
        disagreement.highest_points = highest.points;
        for (const RankedTask &task : victim.ranking) {
            if (task.candidate == chosen_candidate(incident))
                disagreement.chosen_points = task.points;
        }
        found.push_back(std::move(disagreement));
    }
    if (incident.scores.mismatched != 0) {
        Disagreement disagreement;
        disagreement.count = incident.scores.mismatched;
        found.push_back(std::move(disagreement));
    }
    return found;
}

} // namespace oomtrace
