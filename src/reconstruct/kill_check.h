// SPDX-License-Identifier: Apache-2.0
//
// kill_check.h: the kernel's counts of its kills against those that the hooks saw and the incident lists.
#pragma once

#include <vector>

#include "oomtrace/incident.h"
#include "reconstruct/episode.h"
#include "reconstruct/memcg_tree.h"

namespace oomtrace
{

KillCheck check_kills(const Episode &episode, const std::vector<KilledProcess> &kills, const MemcgTree &memcgs);

} // namespace oomtrace
