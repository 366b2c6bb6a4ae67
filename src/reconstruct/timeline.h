// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "oomtrace/incident.h"
#include "reconstruct/episode.h"

namespace oomtrace
{

// Ascending time; what happened at the same time stands in the order of TimelineEvent.
std::vector<TimelineEntry> build_timeline(const Episode &episode, const std::vector<KilledProcess> &kills,
                                          std::uint64_t invocation_ns);

} // namespace oomtrace
