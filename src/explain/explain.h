// SPDX-License-Identifier: Apache-2.0
//
// explain.h: from what happened to why. A pure function of the incident: no clock, no machine, no text.
#pragma once

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

// Never fails: what an incident does not hold makes the verdict poorer, down to an empty one for an empty incident.
Verdict explain(const Incident &incident);

} // namespace oomtrace
