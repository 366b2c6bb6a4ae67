// SPDX-License-Identifier: Apache-2.0
//
// why_victim_text.h: a verdict's second half in words, the same for every sink; names as in why_now_text.h.
#pragma once

#include <cstddef>
#include <string>

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

// Why it met this victim: sentences. Without a victim, why nobody was killed; empty: nothing can be said.
std::string why_victim_text(const Incident &incident, const WhyVictim &why, std::size_t path_width);

// One counterfactual as a clause: "with oom_score_adj -325 or lower, nginx[77] would have been killed instead".
std::string counterfactual_text(const Counterfactual &counterfactual, const WhyVictim &why);

// All that say more than each other, as sentences. Empty: there are none.
std::string otherwise_text(const Verdict &verdict);

// Why there are none, where that is worth saying. Empty: it is not.
std::string no_counterfactuals_text(NoCounterfactuals reason);

std::string disagreement_text(const Disagreement &disagreement, const WhyVictim &why);

} // namespace oomtrace
