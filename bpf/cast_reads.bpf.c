// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The programs that weigh tasks with direct reads, for every attach method: kernel 6.2 and later. All that casts is in this file,
// because the linker of libbpf 1.1 takes a kernel function from one object only.
#define OOMTRACE_CAST_READS
#include "function_hooks.bpf.h"
#include "task_walk.bpf.h"

/* oom_evaluate_task(task, oc) of the open invocation is about to return `result`. */
static __always_inline void on_evaluated(__u64 task, __u64 oc, int result)
{
	if (candidates_are_sent(task, oc, result))
		emit_evaluated(KERNEL_POINTER(struct task_struct, task), task, oc, result);
}

SEC("?fexit/oom_evaluate_task")
int BPF_PROG(fexit_evaluated_by_cast, struct task_struct *task, void *oom_control, int result)
{
	if (!is_of_open_invocation((__u64)oom_control))
		return 0;
	on_evaluated(address_through(&invocation.evaluated_task, task), (__u64)oom_control, result);
	invocation.badness = BADNESS_NOT_SEEN;
	return 0;
}

SEC("?kretprobe/oom_evaluate_task")
int BPF_KRETPROBE(kretprobe_evaluated_by_cast, int result)
{
	__u64 task = take_evaluated_task();

	if (task)
		on_evaluated(task, invocation.oom_control, result);
	return 0;
}

/* Attach method `tracepoint`, kernel 6.7 and later: the walk by the kernel's own task iterator. */
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __ksym __weak;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym __weak;

#define ALL_PROCESSES 0 /* BPF_TASK_ITER_ALL_PROCS */

/* By address, so that the verifier goes through it once and not for each state of the walk. */
__noinline int weigh_task(__u64 address)
{
	struct task_struct *task = KERNEL_POINTER(struct task_struct, address);
	struct mm_struct *mm = task->mm;

	if (!in_oom_domain(task_memcg(task)))
		return 0;
	if (leader_lost_its_mm(task, mm))
		emit_candidate_by_address(address, 0, 0, 0);
	else
		write_candidate(task, task, mm, 0, &(struct evaluation){});
	return 0;
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
		/*
		 * Not through the iterator's pointer: it is trusted, and for each pointer read through one the verifier of 6.18
		 * looks through all names of the kernel's BTF three times.
		 */
		weigh_task(address_through(&invocation.walk_next, task));
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
