// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "oomtrace/incident.h"
#include "reconstruct/candidate_list.h"
#include "reconstruct/episode.h"
#include "reconstruct/memcg_tree.h"

namespace oomtrace
{

// What the episode does not hold that it should, each in words. `host_known` is false where no host record came before it.
Completeness assess_completeness(const Episode &episode, const CandidateList &candidates,
                                 const std::vector<KilledProcess> &kills, const OomDomain &domain, const MemcgTree &memcgs,
                                 bool host_known);

} // namespace oomtrace
