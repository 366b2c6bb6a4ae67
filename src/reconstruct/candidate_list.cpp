// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/candidate_list.h"

#include "reconstruct/eligibility.h"
#include "reconstruct/processes.h"

namespace oomtrace
{
namespace
{

constexpr std::size_t mismatches_shown = 16;

// The score as the kernel had it: oom_badness()'s return value, or oc->chosen_points right after the task became chosen.
std::optional<std::int64_t> observed_points(const Candidate &candidate)
{
    if (candidate.observed_points) {
        return candidate.observed_points;
    }
    return candidate.became_chosen ? candidate.chosen_points : std::nullopt;
}

// Whose mark the walk over the tasks came after, if there was one.
std::optional<std::uint32_t> marked_tgid(const Episode &episode)
{
    if (!is_recomputed(episode) || episode.kills.empty()) {
        return std::nullopt;
    }
    return episode.kills.front().body.task.tgid;
}

class CandidateBuilder
{
  public:
    CandidateBuilder(const Episode &episode, const OomDomain &domain, const ScoringRules &rules, const MemcgTree &memcgs,
                     const PageUnits &units)
        : domain_(domain), rules_(rules), memcgs_(memcgs), units_(units)
    {
        eligibility_.scope = domain.scope;
        eligibility_.constraint = domain.constraint;
        eligibility_.marked_tgid = marked_tgid(episode);
    }

    CandidateTask build(const Candidate &candidate, ScoreCheck &scores) const
    {
        CandidateTask task;
        task.process = process_of(candidate.task, memcgs_);
        if (candidate.mm) {
            task.memory = memory_of(*candidate.mm, rules_.reading, units_);
        }
        SkipReason reason = skip_reason_of(candidate.task, candidate.mm.has_value(), eligibility_);
        if (candidate.aborted_scan) {
            reason = SkipReason::already_victim;
        } else if (reason == SkipReason::no_mm && candidate.task.facts.look_bound_reached) {
            reason = SkipReason::unknown; // a thread that was not looked at may have one
        }
        task.recomputed_points = recompute(candidate, reason);
        if (const std::optional<std::int64_t> observed = observed_points(candidate)) {
            take_observed(candidate, *observed, reason, task, scores);
        } else {
            take_recomputed(candidate, reason, task);
            scores.not_comparable++;
        }
        return task;
    }

  private:
    // Absent: the task is not eligible, or a component is missing.
    std::optional<std::int64_t> recompute(const Candidate &candidate, SkipReason reason) const
    {
        if (reason != SkipReason::none) {
            return std::nullopt;
        }
        if (candidate.task.facts.oom_origin) {
            return origin_points(rules_.formula);
        }
        return badness_as(candidate, rules_.reading);
    }

    std::optional<std::int64_t> badness_as(const Candidate &candidate, RssReading reading) const
    {
        if (!candidate.mm || (reading == RssReading::exact && !candidate.mm->exact)) {
            return std::nullopt;
        }
        return badness(*candidate.mm, reading, candidate.task.oom_score_adj, domain_.total_pages, units_.page_size(),
                       rules_.formula);
    }

    void take_observed(const Candidate &candidate, std::int64_t observed, SkipReason reason, CandidateTask &task,
                       ScoreCheck &scores) const
    {
        const std::int64_t not_eligible = not_eligible_points(rules_.formula);
        task.points_source = PointsSource::observed;
        task.eligible = observed != not_eligible;
        if (task.eligible) {
            task.points = observed;
        } else {
            task.skip_reason = reason == SkipReason::none ? SkipReason::unknown : reason;
        }
        if (reason == SkipReason::unknown || (task.eligible && !candidate.mm) ||
            (reason == SkipReason::none && !task.recomputed_points)) {
            scores.not_comparable++;
            return;
        }
        const std::int64_t recomputed = task.recomputed_points.value_or(not_eligible);
        bool matches = recomputed == observed;
        if (!matches && task.eligible && task.recomputed_points) {
            matches = badness_as(candidate, RssReading::approximate) == observed ||
                      badness_as(candidate, RssReading::exact) == observed;
        }
        if (matches) {
            scores.matched++;
            return;
        }
        scores.mismatched++;
        if (scores.mismatches.size() < mismatches_shown) {
            scores.mismatches.push_back({task.process.pid, observed, recomputed});
        }
    }

    void take_recomputed(const Candidate &candidate, SkipReason reason, CandidateTask &task) const
    {
        task.eligible = reason == SkipReason::none || candidate.became_chosen;
        task.skip_reason = task.eligible ? SkipReason::none : reason;
        task.points = task.eligible ? task.recomputed_points : std::nullopt;
        const bool known = task.eligible ? task.points.has_value() : reason != SkipReason::unknown;
        task.points_source = known ? PointsSource::recomputed : PointsSource::absent;
    }

    const OomDomain &domain_;
    const ScoringRules &rules_;
    const MemcgTree &memcgs_;
    const PageUnits &units_;
    EligibilityRules eligibility_;
};

} // namespace

ScoringRules scoring_rules(const Episode &episode, const std::optional<std::uint64_t> &total_pages, const std::string &kernel,
                           const PageUnits &units)
{
    ScoringRules rules;
    if (episode.begin && episode.begin->body.badness_unsigned) {
        rules.formula = BadnessFormula::unsigned_until_5_8;
    }
    std::uint64_t approximate = 0, exact = 0;
    for (const auto &[header, candidate] : episode.candidates) {
        const std::optional<std::int64_t> observed = observed_points(candidate);
        if (!observed || !candidate.mm || !candidate.mm->exact) {
            continue;
        }
        // clang 14 cannot capture a structured binding by name.
        const auto explains = [&, &task = candidate](RssReading reading) {
            return badness(*task.mm, reading, task.task.oom_score_adj, total_pages, units.page_size(), rules.formula) ==
                   observed;
        };
        approximate += explains(RssReading::approximate) ? 1 : 0;
        exact += explains(RssReading::exact) ? 1 : 0;
    }
    const bool use_exact = approximate == exact ? sums_rss_by_version(kernel) : exact > approximate;
    rules.reading = use_exact ? RssReading::exact : RssReading::approximate;
    return rules;
}

CandidateList build_candidates(const Episode &episode, const OomDomain &domain, const ScoringRules &rules,
                               const MemcgTree &memcgs, const PageUnits &units)
{
    CandidateList list;
    list.scores.exact_counters = rules.reading == RssReading::exact;
    const CandidateBuilder builder(episode, domain, rules, memcgs, units);
    // The kernel's own scan visits the right tasks; our walk at mark_victim may have had to visit all.
    const bool filter = is_recomputed(episode) && domain.scope == Scope::memcg;
    for (const auto &[header, candidate] : episode.candidates) {
        if (filter) {
            const std::optional<bool> inside = memcgs.within(candidate.task.memcg_id, *domain.memcg_id);
            // The victim was still inside when it was chosen; between then and its mark it was killed.
            if (candidate.task.facts.not_in_cgroup && candidate.task.tgid != marked_tgid(episode)) {
                list.outside++;
                continue;
            }
            if (!inside.value_or(false)) {
                (inside ? list.outside : list.unplaced)++;
                continue;
            }
        }
        list.tasks.push_back(builder.build(candidate, list.scores));
        list.any_points_observed |= list.tasks.back().points_source == PointsSource::observed;
    }
    return list;
}

} // namespace oomtrace
