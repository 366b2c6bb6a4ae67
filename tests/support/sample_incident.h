// SPDX-License-Identifier: Apache-2.0
//
// sample_incident.h: whole incidents as reconstruct/ makes them, for the tests of what reads incidents. Their numbers agree
// with each other: points are what the kernel's badness makes of the sizes beside them, shares and margins follow from the
// points, times from the invocation. A test changes what it is about and leaves the rest.
#pragma once

#include <cstdint>
#include <string>

#include "oomtrace/incident.h"

namespace oomtrace::sample
{

inline constexpr std::uint64_t kib = 1024;
inline constexpr std::uint64_t mib = 1024 * kib;
inline constexpr std::uint64_t gib = 1024 * mib;

// fentry, cgroup v2: a backend of a database grows past the 2 GiB of its container.
Incident memcg_kill();
// The same in a container of a pod, with everything known of whose it is.
Incident pod_kill();
// fentry: a host of 16 GiB with swap used up; java is killed for a page that nginx wanted.
Incident global_kill();
// Tracepoints only, cgroup v1: the memory+swap limit fired; points recomputed, allocation not known.
Incident tracepoint_kill();
// memory.oom.group: three processes of a batch job die together.
Incident group_kill();
// A cgroup in which everything is protected.
Incident no_killable_task();
// task_will_free_mem(): the asking task was on its way out.
Incident already_dying();
// The scan met a victim that this run of the tracer did not see killed.
Incident aborted();
Incident notifier_freed();
Incident panic();
// The closing record and some others were lost.
Incident incomplete();
// SysRq f.
Incident sysrq_kill();

// Makes `incident` agree with itself after its candidates were changed: points, shares, the victim, the runner-up, the score
// check. `chosen_tgid` 0: nobody.
void weigh(Incident &incident, std::uint32_t chosen_tgid);

// A task as it stands in the list of candidates; its points come with weigh().
struct TaskSizes {
    std::uint64_t anon = 0, file = 0, shmem = 0, swap = 0, pgtables = 0; // bytes
};
CandidateTask task(std::uint32_t tgid, std::string comm, std::uint32_t uid, std::int32_t oom_score_adj, std::string cgroup,
                   TaskSizes sizes);
CandidateTask skipped_task(CandidateTask candidate, SkipReason reason);

} // namespace oomtrace::sample
