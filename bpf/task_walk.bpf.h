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

#include "invocation.bpf.h"
#include "task_list.bpf.h"

/* Is this mark one more member of the memory.oom.group whose first member opened the episode? Then it is sent as such. */
extern int mark_group_member(__u64 victim);

/* Begins the episode of a victim; 1: the tasks were weighed and are to be walked, 0: nothing was weighed. */
extern int begin_at_mark(__u64 victim);

/* Closes the episode; `started_ns` 0: there was no walk. */
extern int end_at_mark(__u32 walk_stop, __u64 started_ns);

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
