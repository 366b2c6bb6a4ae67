// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Attach method `tracepoint`, kernel 6.7 and later: the walk by the kernel's own task iterator, with direct reads.
#define OOMTRACE_DIRECT_READS
#include "task_walk.bpf.h"

extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __ksym __weak;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym __weak;

#define ALL_PROCESSES 0 /* BPF_TASK_ITER_ALL_PROCS */

static __always_inline void emit_weighed(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;

	if (!in_oom_domain(task_memcg(task)))
		return;
	if (leader_lost_its_mm(task, mm))
		emit_candidate_by_address(address_of(task), 0, 0, 0);
	else
		write_candidate(task, task, mm, 0, &(struct evaluation){});
}

static __always_inline __u32 walk_iterator(__u64 started_ns)
{
	struct bpf_iter_task iterator;
	struct task_struct *task;
	__u32 stop = WIRE_WALK_COMPLETE;

	bpf_iter_task_new(&iterator, 0, ALL_PROCESSES);
	while ((task = bpf_iter_task_next(&iterator))) {
		__u32 bound = walk_bound_reached(started_ns);
		if (bound) {
			stop = bound;
			break;
		}
		invocation.tasks_seen++;
		emit_weighed(task);
	}
	bpf_iter_task_destroy(&iterator);
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
