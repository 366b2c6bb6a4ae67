// SPDX-License-Identifier: Apache-2.0
#include "explain/counterfactuals.h"

#include <optional>
#include <utility>

#include "explain/ranking.h"

namespace oomtrace
{
namespace
{

NoCounterfactuals obstacle(const Incident &incident, const std::vector<RankedTask> &ranking)
{
    if (!incident.victim || incident.candidates.empty() || !incident.victim->points)
        return NoCounterfactuals::nothing_weighed;
    if (!knows_all_candidates(incident))
        return NoCounterfactuals::ledger_incomplete;
    for (const CandidateTask &candidate : incident.candidates) {
        if (candidate.eligible && !candidate.points)
            return NoCounterfactuals::points_not_known;
    }
    if (!incident.total_pages || incident.host.page_size == 0)
        return NoCounterfactuals::points_not_known;
    if (!formula_of(incident.host.kernel))
        return NoCounterfactuals::formula_not_known;
    if (ranking.empty() || chosen_candidate(incident) != ranking.front().candidate)
        return NoCounterfactuals::choice_does_not_follow;
    return NoCounterfactuals::none;
}

class OtherChoices
{
  public:
    OtherChoices(const Incident &incident, const std::vector<RankedTask> &ranking)
        : incident_(incident), victim_(ranking.front()), formula_(*formula_of(incident.host.kernel))
    {
        if (ranking.size() > 1)
            next_ = ranking[1];
    }

    // The victim with another oom_score_adj, all else as it was. Absent: not known.
    std::optional<Counterfactual> with_victim_adj(CounterfactualKind kind, std::int32_t adj) const
    {
        const OtherPoints other = victim_with(adj);
        if (!other.known)
            return std::nullopt;
        Counterfactual result{kind, victim_candidate().process.oom_score_adj, adj, std::nullopt, std::nullopt};
        if (victim_wins(other)) {
            result.chosen = victim_.task;
            result.chosen_points = other.points;
        } else {
            take_next(result);
        }
        return result;
    }

    std::optional<Counterfactual> victim_saved() const
    {
        // With a higher setting the score is never lower, so that the highest one that saves is found by halving.
        const std::int32_t own = victim_candidate().process.oom_score_adj;
        if (own <= oom_score_adj_min || *incident_.victim->points == origin_points(formula_))
            return std::nullopt;
        std::int32_t saves = oom_score_adj_min, kills = own;
        while (kills - saves > 1) {
            const std::int32_t middle = saves + (kills - saves) / 2;
            const OtherPoints other = victim_with(middle);
            if (!other.known)
                return std::nullopt;
            (victim_wins(other) ? kills : saves) = middle;
        }
        return with_victim_adj(CounterfactualKind::victim_saved, saves);
    }

    Counterfactual victim_absent() const
    {
        Counterfactual result{CounterfactualKind::victim_absent, std::nullopt, std::nullopt, std::nullopt, std::nullopt};
        take_next(result);
        return result;
    }

    // Absent: nobody's is set, or not known.
    std::optional<Counterfactual> all_adj_zero() const
    {
        bool any = false;
        std::optional<RankedTask> first;
        for (std::size_t i = 0; i < incident_.candidates.size(); ++i) {
            const CandidateTask &candidate = incident_.candidates[i];
            if (!candidate.eligible)
                continue;
            any |= candidate.process.oom_score_adj != 0;
            const OtherPoints other = points_with_adj(candidate, 0, *incident_.total_pages, incident_.host.page_size, formula_);
            if (!other.known)
                return std::nullopt;
            auto task = ranked(incident_.candidates, i, other.points, formula_);
            if (task && (!first || is_before(*task, *first, formula_)))
                first = std::move(task);
        }
        if (!any)
            return std::nullopt;
        Counterfactual result{CounterfactualKind::all_adj_zero, std::nullopt, std::nullopt, std::nullopt, std::nullopt};
        if (first) {
            result.chosen = first->task;
            result.chosen_points = first->points;
        }
        return result;
    }

  private:
    const CandidateTask &victim_candidate() const { return incident_.candidates[victim_.candidate]; }

    OtherPoints victim_with(std::int32_t adj) const
    {
        return points_with_adj(victim_candidate(), adj, *incident_.total_pages, incident_.host.page_size, formula_);
    }

    bool victim_wins(const OtherPoints &other) const
    {
        if (!other.points)
            return false;
        if (!next_)
            return true;
        if (*other.points == next_->points)
            return victim_.candidate > next_->candidate;
        return replaces_chosen(*other.points, next_->points, formula_);
    }

    void take_next(Counterfactual &result) const
    {
        if (!next_)
            return;
        result.chosen = next_->task;
        result.chosen_points = next_->points;
    }

    const Incident &incident_;
    RankedTask victim_;
    std::optional<RankedTask> next_;
    BadnessFormula formula_;
};

} // namespace

Counterfactuals work_out_counterfactuals(const Incident &incident, const std::vector<RankedTask> &ranking)
{
    Counterfactuals result;
    result.none_because = obstacle(incident, ranking);
    if (result.none_because != NoCounterfactuals::none)
        return result;
    const OtherChoices choices(incident, ranking);
    const auto add = [&](std::optional<Counterfactual> counterfactual) {
        if (counterfactual)
            result.list.push_back(std::move(*counterfactual));
    };
    add(choices.victim_saved());
    if (incident.candidates[ranking.front().candidate].process.oom_score_adj != 0)
        add(choices.with_victim_adj(CounterfactualKind::victim_adj_zero, 0));
    add(choices.victim_absent());
    add(choices.all_adj_zero());
    return result;
}

} // namespace oomtrace
