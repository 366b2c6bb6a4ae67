// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Candidates by address, with direct reads: kernel 6.2 and later. All that casts is in this file, because the linker of libbpf 1.1
// takes a kernel function from one object only.
#define OOMTRACE_CAST_READS
#include "function_hooks.bpf.h"

/* oom_evaluate_task(task, oc) of the open invocation is about to return `result`. */
static __always_inline void on_evaluated(__u64 task, __u64 oc, int result)
{
	if (candidates_are_sent(task, oc, result))
		emit_evaluated(KERNEL_POINTER(struct task_struct, task), task, oc, result);
}

SEC("?fexit/oom_evaluate_task")
int BPF_PROG(fexit_evaluated_by_cast, struct task_struct *task, void *oom_control, int result)
{
	volatile __u64 *slot = &invocation.evaluated_task;

	if (!is_of_open_invocation((__u64)oom_control))
		return 0;
	/* A typed pointer is no number, but one that has been in memory is. */
	*slot = (__u64)task;
	on_evaluated(*slot, (__u64)oom_control, result);
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
