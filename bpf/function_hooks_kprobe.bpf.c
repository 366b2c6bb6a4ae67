// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Attach method `kprobe`: the same functions, for kernels without BPF trampolines.
#include "function_hooks.bpf.h"
#include "victims.bpf.h"

/* A return probe has no arguments: those of the functions that need them are kept by task. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, __u64);
} mms_in_exit SEC(".maps");

SEC("?kprobe/out_of_memory")
int BPF_KPROBE(kprobe_out_of_memory, struct oom_control *oc)
{
	return on_out_of_memory(ctx, (__u64)oc);
}

SEC("?kretprobe/oom_badness")
int BPF_KRETPROBE(kretprobe_oom_badness, long points)
{
	return on_badness(points);
}

SEC("?kprobe/oom_evaluate_task")
int BPF_KPROBE(kprobe_oom_evaluate_task, struct task_struct *task, void *oom_control)
{
	if (is_of_open_invocation((__u64)oom_control)) {
		invocation.evaluated_task = (__u64)task;
		invocation.badness = BADNESS_NOT_SEEN; /* here, since a return may be missed */
	}
	return 0;
}

SEC("?kretprobe/oom_evaluate_task")
int BPF_KRETPROBE(kretprobe_oom_evaluate_task, int result)
{
	struct evaluation evaluation;
	__u64 task = take_evaluated_task(), oc = invocation.oom_control;

	if (!task || !candidates_are_sent(task, oc, result))
		return 0;
	read_evaluation(&evaluation, task, oc, result);
	emit_candidate_by_address(task, evaluation.points, evaluation.chosen_points, evaluation.facts);
	return 0;
}

SEC("?kprobe/oom_kill_process")
int BPF_KPROBE(kprobe_oom_kill_process, struct oom_control *oc, const char *message)
{
	return on_kill_process((__u64)message);
}

SEC("?kprobe/dump_header")
int BPF_KPROBE(kprobe_dump_header, struct oom_control *oc)
{
	return on_dump_header((__u64)oc);
}

SEC("?kretprobe/out_of_memory")
int BPF_KRETPROBE(kretprobe_out_of_memory, int returned)
{
	return on_out_of_memory_return(returned & 1);
}

SEC("?kprobe/exit_mmap")
int BPF_KPROBE(kprobe_exit_mmap, struct mm_struct *mm)
{
	__u64 task = (__u64)bpf_get_current_task(), address = (__u64)mm;

	if (followed_mm_count && bpf_map_lookup_elem(&followed_mms, &address))
		bpf_map_update_elem(&mms_in_exit, &task, &address, BPF_ANY);
	return 0;
}

SEC("?kretprobe/exit_mmap")
int BPF_KRETPROBE(kretprobe_exit_mmap)
{
	__u64 task = (__u64)bpf_get_current_task();

	if (!followed_mm_count)
		return 0;
	__u64 *mm = bpf_map_lookup_elem(&mms_in_exit, &task);
	if (mm) {
		emit_mm_released(*mm);
		bpf_map_delete_elem(&mms_in_exit, &task);
	}
	return 0;
}
