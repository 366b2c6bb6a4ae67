// SPDX-License-Identifier: Apache-2.0
#include "explain/explain.h"

#include "explain/ranking.h"

namespace oomtrace
{

Verdict explain(const Incident &incident)
{
    Verdict verdict;
    verdict.victim.ranking = rank(incident.candidates, formula_of(incident.host.kernel));
    return verdict;
}

} // namespace oomtrace
