// SPDX-License-Identifier: Apache-2.0
//
// why_victim.h: why the kernel chose this one, and whether that follows from what it weighed.
#pragma once

#include <vector>

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

// `now` and `counterfactuals` are those of `incident`.
WhyVictim explain_choice(const Incident &incident, const WhyNow &now, std::vector<RankedTask> ranking,
                         const std::vector<Counterfactual> &counterfactuals);

std::vector<Disagreement> find_disagreements(const Incident &incident, const WhyVictim &victim);

} // namespace oomtrace
