// SPDX-License-Identifier: Apache-2.0
//
// why_now.h: which memory was short, why what is free did not help, and what fills it.
#pragma once

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

WhyNow explain_shortage(const Incident &incident);

} // namespace oomtrace
