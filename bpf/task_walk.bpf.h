/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * task_walk.bpf.h: attach method `tracepoint`. No function of the kernel is hooked, so everything is read at oom:mark_victim,
 * inside the kernel's mark_oom_victim(): the victim is whole, its task_lock and oom_lock are held, and the current task is the one
 * that asked for memory.
 *
 * The walk over the tasks runs under that task_lock, so it is bounded in tasks and in time; what the bound leaves out is said in
 * the closing record. The scores are not computed here: their components are sent, and user space has the formula.
 */
#ifndef OOMTRACE_TASK_WALK_BPF_H
#define OOMTRACE_TASK_WALK_BPF_H

#include "candidate.bpf.h"
#include "invocation.bpf.h"

/* Is this mark one more member of the memory.oom.group whose first member opened the episode? Then it is sent as such. */
extern int mark_group_member(__u64 victim);

/* Begins the episode of a victim; 1: the tasks were weighed and are to be walked, 0: nothing was weighed. */
extern int begin_at_mark(__u64 victim);

/* Closes the episode; `started_ns` 0: there was no walk. */
extern int end_at_mark(__u32 walk_stop, __u64 started_ns);

/* Looks for the oom_control that chose the victim, and makes it the open invocation's; 0: not found. See oom_control.bpf.c. */
extern int adopt_oom_control(__u64 victim);

/* Sends every task of the OOM's domain, from the kernel's list, by address. Returns enum wire_walk_stop. */
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

/* All that comes before the walk, whichever kind it is. The time at which the walk starts; 0: there is nothing to walk for. */
static __always_inline __u64 start_at_mark(void *context, __u64 victim)
{
	if (mark_group_member(victim))
		return 0;
	open_invocation(0);
	take_stack(context);
	if (begin_at_mark(victim))
		return bpf_ktime_get_ns();
	end_at_mark(WIRE_WALK_NONE, 0);
	return 0;
}

#endif /* OOMTRACE_TASK_WALK_BPF_H */
