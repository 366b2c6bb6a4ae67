/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * task_list.bpf.h: the tasks that an OOM weighs, read from the kernel's list by our own walk and not as its scan comes to them. The
 * walk goes on while the kernel holds locks, so it is bounded in tasks and in time.
 */
#ifndef OOMTRACE_TASK_LIST_BPF_H
#define OOMTRACE_TASK_LIST_BPF_H

#include "memory_state.bpf.h"
#include "state.bpf.h"

/* Sends every task of the OOM's domain, by address. Returns enum wire_walk_stop. */
extern int walk_task_list(__u64 started_ns);

/* Between two looks at the clock. */
#define TASKS_PER_TIME_CHECK 64

/* 0: go on. */
static __always_inline __u32 walk_bound_reached(__u64 started_ns)
{
	if (invocation.tasks_seen >= tracer.walk_task_limit)
		return WIRE_WALK_TASK_LIMIT;
	if (invocation.tasks_seen % TASKS_PER_TIME_CHECK == 0 && bpf_ktime_get_ns() - started_ns > tracer.walk_time_limit_ns)
		return WIRE_WALK_TIME_LIMIT;
	return 0;
}

/* In a memcg OOM only the tasks below the limit that fired are weighed. */
static __always_inline bool in_oom_domain(struct mem_cgroup *memcg)
{
	if (!invocation.oom_memcg || (__u64)memcg == invocation.last_memcg)
		return true;
	if ((__u64)memcg == invocation.last_memcg_outside)
		return false;
	if (memcg_is_within(address_of(memcg), invocation.oom_memcg))
		return true;
	invocation.last_memcg_outside = (__u64)memcg;
	return false;
}

#endif /* OOMTRACE_TASK_LIST_BPF_H */
