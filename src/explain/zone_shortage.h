// SPDX-License-Identifier: Apache-2.0
//
// zone_shortage.h: the host's zones against the request, one by one and all together.
#pragma once

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

// Whether the request could have gone to `node`. Absent: not known. Only as far as the kernel's constraint says that nodes are
// what ran out: its own requests may go beyond a cpuset.
std::optional<bool> node_allowed(const Incident &incident, std::uint32_t node);

// Fills in `now`'s zones, highest zone, free memory elsewhere and shortage.
void explain_zones(const Incident &incident, WhyNow &now);

} // namespace oomtrace
