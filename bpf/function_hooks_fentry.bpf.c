// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Attach method `fentry`: BPF trampolines on the OOM path.
#define OOMTRACE_DIRECT_READS
#include "function_hooks.bpf.h"
#include "victims.bpf.h"

SEC("?fentry/out_of_memory")
int BPF_PROG(fentry_out_of_memory, struct oom_control *oc)
{
	__u64 address = address_of(oc);
	return on_out_of_memory(ctx, address);
}

SEC("?fexit/oom_badness")
int BPF_PROG(fexit_oom_badness, struct task_struct *task, unsigned long total_pages, long points)
{
	return on_badness(points);
}

/* fexit sees the arguments and the result: a fentry on the same function would only cost. */
SEC("?fexit/oom_evaluate_task")
int BPF_PROG(fexit_oom_evaluate_task, struct task_struct *task, void *oom_control, int result)
{
	__u64 address = address_of(task), oc = (__u64)oom_control;

	if (!is_of_open_invocation(oc))
		return 0;
	if (candidates_are_sent(address, oc, result))
		emit_evaluated(task, address, oc, result);
	invocation.badness = BADNESS_NOT_SEEN;
	return 0;
}

SEC("?fentry/oom_kill_process")
int BPF_PROG(fentry_oom_kill_process, struct oom_control *oc, const char *message)
{
	__u64 address = address_of(message);
	return on_kill_process(address);
}

SEC("?fentry/dump_header")
int BPF_PROG(fentry_dump_header, struct oom_control *oc)
{
	__u64 address = address_of(oc);
	return on_dump_header(address);
}

SEC("?fexit/out_of_memory")
int BPF_PROG(fexit_out_of_memory, struct oom_control *oc, bool returned)
{
	return on_out_of_memory_return(returned);
}

/* Kernels before 6.1 have no exit_mmap tracepoint. */
SEC("?fexit/exit_mmap")
int BPF_PROG(fexit_exit_mmap, struct mm_struct *mm)
{
	__u64 address = address_of(mm);

	if (followed_mm_count)
		emit_mm_released(address);
	return 0;
}
