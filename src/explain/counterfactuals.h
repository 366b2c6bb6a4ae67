// SPDX-License-Identifier: Apache-2.0
//
// counterfactuals.h: what would have changed the choice. Exact ones only: each is the kernel's own selection, run again over
// the same ledger with one thing changed. Where the ledger is not whole there are none, and the verdict says why.
#pragma once

#include <vector>

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

struct Counterfactuals {
    std::vector<Counterfactual> list;
    NoCounterfactuals none_because = NoCounterfactuals::none;
};

// `ranking` is that of `incident`.
Counterfactuals work_out_counterfactuals(const Incident &incident, const std::vector<RankedTask> &ranking);

} // namespace oomtrace
