// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "task_list.bpf.h"

#include "candidate.bpf.h"
#include "kernel_compat.bpf.h"

/*
 * The verifier of kernels without bpf_iter_task follows every step of a loop and every branch that is still open (8192 at most),
 * so the walk goes in chunks, each a function that is verified once.
 */
#define LIST_WALK_CHUNK 512
#define LIST_WALK_CHUNKS 32

static __always_inline struct task_struct *next_process(struct task_struct *task)
{
	return (void *)BPF_CORE_READ(task, tasks.next) - bpf_core_field_offset(struct task_struct, tasks);
}

__noinline int walk_one(__u64 address)
{
	struct task_struct *task = (void *)address;

	/* The list closes through init_task, which is no candidate. */
	if (!BPF_CORE_READ(task, pid))
		return 0;
	invocation.tasks_seen++;
	if (in_oom_domain(task_memcg(task)))
		emit_candidate_by_address(address, 0, 0, 0);
	return 0;
}

/* Goes on from invocation.walk_next. Returns enum wire_walk_stop; 0: there is more. */
__noinline int walk_list_chunk(__u64 first, __u64 started_ns)
{
	__u64 task = invocation.walk_next;

	for (__u64 i = 0; i < LIST_WALK_CHUNK; i++) {
		__u32 stop = walk_bound_reached(started_ns);
		if (stop)
			return stop;
		walk_one(task);
		task = (__u64)next_process((struct task_struct *)task);
		if (task == first)
			return WIRE_WALK_COMPLETE;
	}
	invocation.walk_next = task;
	return 0;
}

/* The kernel's scan begins behind init_task, the root of every line of parents; its symbol is often hidden. */
#define MAX_GENERATIONS 256

__noinline __u64 list_head(void)
{
	struct task_struct *task = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), group_leader);

	for (__u64 generation = 0; generation < MAX_GENERATIONS; generation++) {
		if (!BPF_CORE_READ(task, pid))
			break;
		task = BPF_CORE_READ(task, real_parent, group_leader);
	}
	/* From a line longer than that the walk begins in the middle: no task is missed, only the order is another. */
	return (__u64)task;
}

__noinline int walk_task_list(__u64 started_ns)
{
	__u64 first = list_head();

	invocation.walk_next = first;
	for (__u64 chunk = 0; chunk < LIST_WALK_CHUNKS; chunk++) {
		__u32 stop = walk_list_chunk(first, started_ns);
		if (stop)
			return stop;
	}
	return WIRE_WALK_TASK_LIMIT;
}
