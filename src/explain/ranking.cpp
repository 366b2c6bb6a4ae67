// SPDX-License-Identifier: Apache-2.0
#include "explain/ranking.h"

#include <algorithm>
#include <utility>

#include "badness/kernel_release.h"

namespace oomtrace
{
namespace
{

MmSnapshot mm_of(const ProcessMemory &memory, std::uint64_t page_size)
{
    const auto pages = [&](std::uint64_t bytes) { return static_cast<std::int64_t>(bytes / page_size); };
    MmSnapshot mm;
    mm.approximate.anon = pages(memory.rss_bytes()); // points are of their sum
    mm.approximate.swap = pages(memory.swap_bytes);
    mm.pgtables_bytes = memory.pgtables_bytes;
    return mm;
}

} // namespace

std::optional<BadnessFormula> formula_of(std::string_view release)
{
    constexpr KernelRelease without_root_bonus{4, 17}, with_signed_points{5, 9};
    const auto version = parse_kernel_release(release);
    if (!version || *version < without_root_bonus)
        return std::nullopt;
    return *version < with_signed_points ? BadnessFormula::unsigned_until_5_8 : BadnessFormula::signed_since_5_9;
}

std::optional<RankedTask> ranked(std::span<const CandidateTask> candidates, std::size_t i, std::optional<std::int64_t> points,
                                 BadnessFormula formula)
{
    if (!points || *points == not_eligible_points(formula))
        return std::nullopt;
    const Process &process = candidates[i].process;
    return RankedTask{{process.pid, process.tgid, process.comm}, i, *points};
}

bool is_before(const RankedTask &a, const RankedTask &b, BadnessFormula formula)
{
    return a.points != b.points ? replaces_chosen(a.points, b.points, formula) : a.candidate > b.candidate;
}

std::vector<RankedTask> rank(std::span<const CandidateTask> candidates, BadnessFormula formula)
{
    std::vector<RankedTask> ranking;
    ranking.reserve(candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto points = candidates[i].eligible ? candidates[i].points : std::nullopt;
        if (auto task = ranked(candidates, i, points, formula))
            ranking.push_back(std::move(*task));
    }
    std::sort(ranking.begin(), ranking.end(),
              [&](const RankedTask &a, const RankedTask &b) { return is_before(a, b, formula); });
    return ranking;
}

std::optional<std::size_t> chosen_candidate(const Incident &incident)
{
    const auto index_if = [&](const auto &is_it) -> std::optional<std::size_t> {
        const auto found = std::find_if(incident.candidates.begin(), incident.candidates.end(), is_it);
        if (found == incident.candidates.end())
            return std::nullopt;
        return static_cast<std::size_t>(found - incident.candidates.begin());
    };
    if (const auto chosen = index_if([](const CandidateTask &one) { return one.chosen; }))
        return chosen;
    if (!incident.victim)
        return std::nullopt;
    const Process &victim = incident.victim->process;
    return index_if([&](const CandidateTask &one) { return is_same_process(one.process, victim); });
}

bool is_same_process(const Process &a, const Process &b)
{
    return a.tgid != 0 && b.tgid != 0 ? a.tgid == b.tgid : a.pid == b.pid;
}

bool knows_all_candidates(const Incident &incident)
{
    // An aborted scan ends at the earlier victim.
    return !incident.candidates.empty() && incident.outcome != Outcome::aborted &&
           (incident.completeness.complete || incident.completeness.every_candidate);
}

OtherPoints points_with_adj(const CandidateTask &candidate, std::int32_t oom_score_adj, std::uint64_t total_pages,
                            std::uint64_t page_size, BadnessFormula formula)
{
    if (!candidate.eligible || !candidate.points || page_size == 0)
        return {};
    if (*candidate.points == origin_points(formula))
        return {true, candidate.points}; // asked to be the first, whatever its size
    if (oom_score_adj == oom_score_adj_min)
        return {true, std::nullopt};
    const std::int32_t own_adj = candidate.process.oom_score_adj;
    if (oom_score_adj == own_adj)
        return {true, candidate.points};
    if (candidate.memory) {
        const MmSnapshot mm = mm_of(*candidate.memory, page_size);
        const auto with = [&](std::int32_t adj) {
            return badness(mm, RssReading::approximate, adj, total_pages, page_size, formula);
        };
        if (with(own_adj) == candidate.points)
            return {true, with(oom_score_adj)};
    }
    // The sizes are not those that the kernel saw. What oom_score_adj adds is exact still, but where 1 stands for all that is
    // below.
    if (formula == BadnessFormula::unsigned_until_5_8 && *candidate.points <= 1)
        return {};
    const std::int64_t change = (std::int64_t{oom_score_adj} - own_adj) * static_cast<std::int64_t>(total_pages / 1000);
    std::int64_t points = 0;
    if (__builtin_add_overflow(*candidate.points, change, &points))
        return {};
    if (formula == BadnessFormula::unsigned_until_5_8)
        points = std::max<std::int64_t>(points, 1);
    return {true, points};
}

} // namespace oomtrace
