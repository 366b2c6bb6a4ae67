// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/victim.h"

#include <algorithm>
#include <limits>

#include "badness/badness.h"
#include "reconstruct/saturating.h"

namespace oomtrace
{
namespace
{

std::optional<Victim::RunnerUp> runner_up(const std::vector<CandidateTask> &candidates, std::uint32_t victim_tgid,
                                          std::optional<std::int64_t> victim_points, BadnessFormula formula)
{
    const CandidateTask *best = nullptr;
    for (const CandidateTask &task : candidates) {
        if (!task.eligible || !task.points || task.process.tgid == victim_tgid) {
            continue;
        }
        if (best == nullptr || replaces_chosen(*task.points, *best->points, formula)) {
            best = &task;
        }
    }
    if (best == nullptr || !victim_points) {
        return std::nullopt;
    }
    Victim::RunnerUp second;
    second.pid = best->process.pid;
    second.tgid = best->process.tgid;
    second.comm = best->process.comm;
    second.points = *best->points;
    // Two's complement turns a difference of scores beyond LONG_MAX (LONG_MAX itself is an origin task's) round; clamp instead.
    if (__builtin_sub_overflow(*victim_points, second.points, &second.margin_points)) {
        second.margin_points =
            *victim_points < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
    }
    return second;
}

} // namespace

const TaskSnapshot *victim_task(const Episode &episode)
{
    if (episode.choice) {
        return &episode.choice->body.task;
    }
    return episode.kills.empty() ? nullptr : &episode.kills.front().body.task;
}

std::optional<Victim> build_victim(const Episode &episode, const std::vector<CandidateTask> &candidates,
                                   const std::vector<KilledProcess> &kills, std::optional<std::uint64_t> total_pages)
{
    const TaskSnapshot *task = victim_task(episode);
    if (task == nullptr) {
        return std::nullopt;
    }
    const auto kill = std::ranges::find(kills, task->tgid, [](const KilledProcess &killed) { return killed.process.tgid; });
    const auto candidate = std::ranges::find_if(candidates, [](const CandidateTask &weighed) { return weighed.chosen; });
    Victim victim;
    if (kill != kills.end()) {
        victim.process = kill->process;
    } else if (candidate != candidates.end()) {
        victim.process = candidate->process;
    }
    if (kill != kills.end() && kill->memory) {
        victim.memory = *kill->memory;
    } else if (candidate != candidates.end() && candidate->memory) {
        victim.memory = *candidate->memory;
    }

    const BadnessFormula formula = episode.begin && episode.begin->body.badness_unsigned ? BadnessFormula::unsigned_until_5_8
                                                                                         : BadnessFormula::signed_since_5_9;
    if (episode.choice && episode.choice->body.has_oom_control) {
        // Without a scan (oom_kill_allocating_task) chosen_points is still what it was initialised with.
        const std::int64_t points = episode.choice->body.points;
        const bool weighed = !candidates.empty() || (episode.end && episode.end->body.candidates_sent != 0);
        if (points != not_eligible_points(BadnessFormula::signed_since_5_9) && (points != 0 || weighed)) {
            victim.points = points;
            victim.points_source = PointsSource::observed;
        }
    }
    if (!victim.points && candidate != candidates.end() && candidate->points) {
        victim.points = candidate->points;
        victim.points_source = candidate->points_source;
    }
    if (victim.points && total_pages.value_or(0) != 0) {
        victim.share_of_total = static_cast<double>(*victim.points) / static_cast<double>(*total_pages);
    }
    victim.runner_up = runner_up(candidates, task->tgid, victim.points, formula);
    return victim;
}

} // namespace oomtrace
