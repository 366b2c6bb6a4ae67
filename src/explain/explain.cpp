// SPDX-License-Identifier: Apache-2.0
#include "explain/explain.h"

#include <utility>

#include "explain/counterfactuals.h"
#include "explain/ranking.h"
#include "explain/why_now.h"
#include "explain/why_victim.h"

namespace oomtrace
{

Verdict explain(const Incident &incident)
{
    Verdict verdict;
    // Where the release is not known the order of signed points is as good as any: they differ below 0 only.
    const BadnessFormula formula = formula_of(incident.host.kernel).value_or(BadnessFormula::signed_since_5_9);
    std::vector<RankedTask> ranking = rank(incident.candidates, formula);
    Counterfactuals counterfactuals = work_out_counterfactuals(incident, ranking);
    verdict.now = explain_shortage(incident);
    verdict.victim = explain_choice(incident, verdict.now, std::move(ranking), counterfactuals.list);
    verdict.counterfactuals = std::move(counterfactuals.list);
    verdict.no_counterfactuals = counterfactuals.none_because;
    verdict.disagreements = find_disagreements(incident, verdict.victim);
    return verdict;
}

} // namespace oomtrace
