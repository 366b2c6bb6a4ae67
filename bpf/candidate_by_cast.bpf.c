// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Candidates by address, with direct reads: kernel 6.2 and later. All that casts is in this file, because the linker of libbpf 1.1
// takes a kernel function from one object only.
#define OOMTRACE_CAST_READS
#include "candidate_by_cast.bpf.h"

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

/* Keeps the tasks that were weighed, with the addresses of what belongs to each. */
static __always_inline void keep_those_weighed(void)
{
	__u64 count = gathered.count;

	gathered.count = 0;
	for (__u64 i = 0; i < TASKS_PER_STEP; i++) {
		if (i >= count)
			break;
		__u64 address = gathered.tasks[i].task, kept = gathered.count;
		struct task_struct *task = KERNEL_POINTER(struct task_struct, address);
		if (kept >= TASKS_PER_STEP || !in_oom_domain(task_memcg(task)))
			continue;
		struct gathered_task *entry = &gathered.tasks[kept];
		entry->task = address;
		entry->mm = (__u64)task->mm;
		entry->signal = (__u64)task->signal;
		entry->cred = (__u64)task->real_cred;
		gathered.count = kept + 1;
	}
}

/* One load from each line that fill_candidate() will read. */
static __always_inline void touch_gathered(void)
{
	__u64 count = gathered.count, touched = 0;

	for (__u64 i = 0; i < TASKS_PER_STEP; i++) {
		if (i >= count)
			break;
		struct gathered_task *entry = &gathered.tasks[i];
		struct task_struct *task = KERNEL_POINTER(struct task_struct, entry->task);
		struct signal_struct *signal = KERNEL_POINTER(struct signal_struct, entry->signal);
		const struct cred *cred = KERNEL_POINTER(struct cred, entry->cred);
		struct mm_struct *mm = KERNEL_POINTER(struct mm_struct, entry->mm);
		/* A pointer may be stored, but not added up. */
		entry->parent = (__u64)task->real_parent;
		touched += task->flags + task->pid + task->start_boottime;
		touched += signal->nr_threads + signal->oom_score_adj + cred->uid.val;
		touched += mm->mm_users.counter + mm->total_vm + mm_has_oom_skip(mm);
		touched += mm_rss(mm, WIRE_RSS_FILE) + mm_rss(mm, WIRE_RSS_SWAP) + mm_rss(mm, WIRE_RSS_SHMEM);
	}
	gathered.touched = touched;
}

/* A function that the verifier checks once, for whatever index. */
__noinline int emit_gathered(__u64 index)
{
	if (index >= TASKS_PER_STEP)
		return 0;
	__u64 address = gathered.tasks[index].task;
	struct task_struct *task = KERNEL_POINTER(struct task_struct, address);
	struct mm_struct *mm = task->mm;
	if (leader_lost_its_mm(task, mm))
		return emit_candidate_by_address(address, 0, 0, 0);
	write_candidate(task, task, mm, 0, &(struct evaluation){});
	return 0;
}

__noinline int walk_gathered(void)
{
	keep_those_weighed();
	touch_gathered();

	__u64 count = gathered.count;
	for (__u64 i = 0; i < TASKS_PER_STEP; i++) {
		if (i >= count)
			break;
		emit_gathered(i);
	}
	gathered.count = 0;
	return 0;
}
