// SPDX-License-Identifier: Apache-2.0
//
// identities.h: who the trigger, the victim and the group whose limit fired are, beyond pid and name: each from its own task
// and its own cgroup, never from one another's.
#pragma once

#include "oomtrace/incident.h"
#include "reconstruct/episode.h"
#include "reconstruct/memcg_tree.h"

namespace oomtrace
{

// Trigger, victim and memcg of `incident` are built already; their identities and provenance.identity are set.
void set_identities(const Episode &episode, const MemcgTree &memcgs, Incident &incident);

} // namespace oomtrace
