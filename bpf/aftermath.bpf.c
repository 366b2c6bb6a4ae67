// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// After the kill, outside oom_lock: the reaper, the exit, the memory that comes back. Every program returns at its first line
// while nothing is being followed.
#include "kernel_compat.bpf.h"
#include "process_identity.bpf.h"
#include "read_task.bpf.h"
#include "victims.bpf.h"
#include "wire_emit.bpf.h"

static __always_inline struct followed_task *task_to_reap(__u32 pid)
{
	struct followed_task *followed = bpf_map_lookup_elem(&followed_tasks, &pid);

	if (followed)
		return followed;
	followed = bpf_map_lookup_elem(&exited_tasks, &pid);
	if (!followed)
		return 0;
	__u64 mm = followed->mm;
	return bpf_map_lookup_elem(&followed_mms, &mm) ? followed : 0;
}

__noinline int emit_reaper(__u32 pid, __u32 event)
{
	struct followed_task *followed = task_to_reap(pid);
	struct wire_reaper *record;

	if (!followed)
		return 0;
	record = WIRE_RESERVE_AFTER(wire_reaper, WIRE_REAPER, followed->episode);
	if (!record)
		return 0;
	record->event = event;
	record->pid = pid;
	record->tgid = followed->tgid;
	/* The address is trusted only while the mm has not been released: its entry is still in the map. */
	__u64 mm = followed->mm;
	if (bpf_map_lookup_elem(&followed_mms, &mm)) {
		read_mm(&record->mm, (struct mm_struct *)mm);
		record->mm_valid = 1;
	}
	wire_submit_and_wake(record);
	return 0;
}

SEC("?tp_btf/wake_reaper")
int BPF_PROG(reaper_woken, int pid)
{
	return is_anything_followed() ? emit_reaper(pid, WIRE_REAPER_WAKE) : 0;
}

SEC("?tp_btf/start_task_reaping")
int BPF_PROG(reaper_started, int pid)
{
	return is_anything_followed() ? emit_reaper(pid, WIRE_REAPER_START) : 0;
}

SEC("?tp_btf/finish_task_reaping")
int BPF_PROG(reaper_finished, int pid)
{
	return is_anything_followed() ? emit_reaper(pid, WIRE_REAPER_FINISH) : 0;
}

SEC("?tp_btf/skip_task_reaping")
int BPF_PROG(reaper_skipped, int pid)
{
	return is_anything_followed() ? emit_reaper(pid, WIRE_REAPER_SKIP) : 0;
}

/*
 * What happens to many tasks at once has two programs that do the same. Newer kernels (7.3 does, 6.18 does not) let a program of a
 * tracepoint be preempted, and meanwhile skip it for every other task on that CPU. What it is skipped for the second does, which
 * perf runs on the tracepoint's record with preemption off; else one of them has nothing left to do: what the other has told of is
 * out of the maps by then. Either may come first.
 */
static __always_inline int on_process_exit(struct task_struct *task)
{
	if (awaited_count)
		emit_awaited_identity();
	if (!followed_task_count && !(tracer.release_at_exit && followed_mm_count))
		return 0;
	__u64 address = address_of(task);

	emit_exit(address);
	/* The one of a victim's threads that lets its mm go last may come here after the process was seen to exit. */
	return tracer.release_at_exit ? emit_release_at_exit((__u64)BPF_CORE_READ(task, signal, oom_mm)) : 0;
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	return on_process_exit(task);
}

/* The record names the current task; what it looks like differs between kernels. */
SEC("?tp/sched/sched_process_exit")
int process_exit_again(void *record)
{
	return on_process_exit((void *)bpf_get_current_task());
}

SEC("?tp_btf/exit_mmap")
int BPF_PROG(mm_released, struct mm_struct *mm)
{
	if (!followed_mm_count)
		return 0;
	__u64 address = address_of(mm);
	return emit_mm_released(address);
}

SEC("?tp/mmap/exit_mmap")
int mm_released_again(struct trace_event_raw_exit_mmap *record)
{
	return followed_mm_count ? emit_mm_released((__u64)record->mm) : 0;
}
