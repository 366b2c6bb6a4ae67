// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Attach method `tracepoint`, kernel 6.7 and later: the walk by the kernel's own task iterator, with direct reads.
#include "candidate_by_cast.bpf.h"
#include "task_walk.bpf.h"

extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __ksym __weak;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym __weak;

#define ALL_PROCESSES 0 /* BPF_TASK_ITER_ALL_PROCS */

static __always_inline __u32 walk_iterator(__u64 started_ns)
{
	struct bpf_iter_task iterator;
	struct task_struct *task;
	__u32 stop = WIRE_WALK_COMPLETE;

	gathered.count = 0;
	bpf_iter_task_new(&iterator, 0, ALL_PROCESSES);
	while ((task = bpf_iter_task_next(&iterator))) {
		__u32 bound = walk_bound_reached(started_ns);
		if (bound) {
			stop = bound;
			break;
		}
		invocation.tasks_seen++;
		__u64 index = gathered.count;
		if (index < TASKS_PER_STEP)
			gathered.tasks[index].task = (__u64)task;
		gathered.count = index + 1;
		if (index + 1 >= TASKS_PER_STEP)
			walk_gathered();
	}
	bpf_iter_task_destroy(&iterator);
	walk_gathered();
	return stop;
}

SEC("?tp_btf/mark_victim")
int BPF_PROG(walk_iterator_at_mark, struct task_struct *victim)
{
	__u64 started_ns = start_at_mark(ctx, address_of(victim));

	if (started_ns)
		end_at_mark(walk_iterator(started_ns), started_ns);
	return 0;
}
