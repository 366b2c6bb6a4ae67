// SPDX-License-Identifier: Apache-2.0
//
// ranking.h: the order in which the kernel would have killed. The one function that both orders the candidates and explains
// the winner; mirrors oom_evaluate_task() and select_bad_process() (mm/oom_kill.c).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"
#include "reconstruct/badness.h"

namespace oomtrace
{

// Scores of kernels before 5.9 are unsigned; `release` is uname -r. An unreadable one is taken for a newer kernel.
BadnessFormula formula_of(std::string_view release);

// The eligible candidates with points, the one that the kernel chooses first: most points, and of equals the one that was
// weighed later.
std::vector<RankedTask> rank(std::span<const CandidateTask> candidates, BadnessFormula formula);

} // namespace oomtrace
