// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "oomtrace/incident.h"

namespace oomtrace
{

// Sets the CgroupIdentity of trigger, victim and memcg, each from its own path. False: no path said anything.
bool identify_by_paths(Incident &incident);

} // namespace oomtrace
