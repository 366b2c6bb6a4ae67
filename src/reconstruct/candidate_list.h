// SPDX-License-Identifier: Apache-2.0
//
// candidate_list.h: every task that was weighed, with its score, why it was spared if it was, and our own arithmetic checked
// against the kernel's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "badness/badness.h"
#include "oomtrace/incident.h"
#include "reconstruct/episode.h"
#include "reconstruct/memcg_tree.h"
#include "reconstruct/oom_domain.h"
#include "reconstruct/page_units.h"

namespace oomtrace
{

struct ScoringRules {
    BadnessFormula formula = BadnessFormula::signed_since_5_9;
    RssReading reading = RssReading::approximate;
};

// Which formula, and which reading of the rss counters, the traced kernel uses. The reading is the one that explains more of
// the observed scores; where none decides, the kernel's version does (7.0), because no type shows it.
ScoringRules scoring_rules(const Episode &episode, const std::optional<std::uint64_t> &total_pages, const std::string &kernel,
                           const PageUnits &units);

struct CandidateList {
    std::vector<CandidateTask> tasks;
    ScoreCheck scores;          // matched + mismatched + not_comparable == tasks.size()
    std::uint64_t unplaced = 0; // tasks left out because it is not known whether they live in the cgroup that fired
    std::uint64_t outside = 0;  // tasks left out because they do not
    bool any_points_observed = false;
};

CandidateList build_candidates(const Episode &episode, const OomDomain &domain, const ScoringRules &rules,
                               const MemcgTree &memcgs, const PageUnits &units);

} // namespace oomtrace
