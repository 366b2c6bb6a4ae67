// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "oomtrace/incident.h"
#include "reconstruct/episode.h"

namespace oomtrace
{

// Whom the kernel settled on: oom_kill_process()'s task, else the first process that was killed. Null: nobody.
const TaskSnapshot *victim_task(const Episode &episode);

// Absent where nobody was chosen. Takes the victim's own candidate and kill entries from the lists that were built already.
std::optional<Victim> build_victim(const Episode &episode, const std::vector<CandidateTask> &candidates,
                                   const std::vector<KilledProcess> &kills, std::optional<std::uint64_t> total_pages);

} // namespace oomtrace
