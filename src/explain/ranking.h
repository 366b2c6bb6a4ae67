// SPDX-License-Identifier: Apache-2.0
//
// ranking.h: the order in which the kernel would have killed. The one function that both orders the candidates and explains
// the winner; mirrors oom_evaluate_task() and select_bad_process() (mm/oom_kill.c).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "badness/badness.h"
#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

// By what rules a kernel of this release (uname -r) scores. Absent: by none that badness.h has (before 4.17), or the release
// is not known.
std::optional<BadnessFormula> formula_of(std::string_view release);

// The eligible candidates with points, the one that the kernel chooses first: most points, and of equals the one that was
// weighed later.
std::vector<RankedTask> rank(std::span<const CandidateTask> candidates, BadnessFormula formula);

// candidates[i] with points that need not be its own. Absent: it has none, or is not eligible by them.
std::optional<RankedTask> ranked(std::span<const CandidateTask> candidates, std::size_t i, std::optional<std::int64_t> points,
                                 BadnessFormula formula);
// The order of the ranking.
bool is_before(const RankedTask &a, const RankedTask &b, BadnessFormula formula);

// A log may lack one's tgid.
bool is_same_process(const Process &a, const Process &b);

// Index of the candidate that the kernel chose. Absent: nobody, or it is not among them.
std::optional<std::size_t> chosen_candidate(const Incident &incident);

// Whether every task that was weighed is among the candidates.
bool knows_all_candidates(const Incident &incident);

// The points of an eligible candidate with another oom_score_adj; empty: it would not be eligible. `known` false: cannot be
// worked out.
struct OtherPoints {
    bool known = false;
    std::optional<std::int64_t> points;
};
OtherPoints points_with_adj(const CandidateTask &candidate, std::int32_t oom_score_adj, std::uint64_t total_pages,
                            std::uint64_t page_size, BadnessFormula formula);

} // namespace oomtrace
