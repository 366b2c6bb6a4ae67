/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * read_task.bpf.h: a process and its address space, as the OOM killer looks at them. The hot path: it runs once per task weighed.
 */
#ifndef OOMTRACE_READ_TASK_BPF_H
#define OOMTRACE_READ_TASK_BPF_H

#include "kernel_compat.bpf.h"
#include "per_cpu.bpf.h"
#include "state.bpf.h"

#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

static __always_inline struct mem_cgroup *task_memcg(struct task_struct *task)
{
	/* The css is a mem_cgroup's first member. */
	return (struct mem_cgroup *)KERNEL_READ(task, cgroups,
						subsys[bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)]);
}

/* The same by addresses. */
static __always_inline __u64 memcg_of_task(__u64 task)
{
	return (__u64)task_memcg((struct task_struct *)task);
}

static __always_inline __u64 memcg_id_of(struct mem_cgroup *memcg)
{
	return KERNEL_READ(memcg, css.cgroup, kn, id);
}

/*
 * get_mm_counter_sum(): what each CPU has not added to the central counts yet, added up in `out`, which is zeroed. Returns 1; 0: this
 * kernel's counters have none, or they cannot be read.
 */
static __always_inline __u16 sum_rss_deltas(__s32 *out, struct mm_struct *mm)
{
	if (!rss_is_percpu() || !per_cpu_areas_are_known())
		return 0;
	__u64 deltas = mm_rss_deltas(mm);

	for (__u32 cpu = 0; cpu < MAX_CPUS; cpu++) {
		__s32 delta[WIRE_RSS_COUNT] = {};
		if (cpu >= tracer.nr_cpus)
			break;
		bpf_probe_read_kernel(delta, sizeof(delta), per_cpu_address(deltas, cpu));
		for (int counter = 0; counter < WIRE_RSS_COUNT; counter++)
			out[counter] += delta[counter];
	}
	return 1;
}

/* What a wire_mm and a sampled_candidate both have of an address space. */
#define READ_MM(out, mm_struct)                                                         \
	do {                                                                            \
		(out)->mm = (__u64)(mm_struct);                                         \
		(out)->total_vm = KERNEL_READ(mm_struct, total_vm);                     \
		(out)->rss[WIRE_RSS_FILE] = mm_rss(mm_struct, WIRE_RSS_FILE);           \
		(out)->rss[WIRE_RSS_ANON] = mm_rss(mm_struct, WIRE_RSS_ANON);           \
		(out)->rss[WIRE_RSS_SWAP] = mm_rss(mm_struct, WIRE_RSS_SWAP);           \
		(out)->rss[WIRE_RSS_SHMEM] = mm_rss(mm_struct, WIRE_RSS_SHMEM);         \
		(out)->pgtables_bytes = KERNEL_READ(mm_struct, pgtables_bytes.counter); \
		(out)->mm_users = KERNEL_READ(mm_struct, mm_users.counter);             \
	} while (0)

static __always_inline void read_mm(struct wire_mm *out, struct mm_struct *mm)
{
	__s32 deltas[WIRE_RSS_COUNT] = {};

	READ_MM(out, mm);
	if (!tracer.sum_rss || !sum_rss_deltas(deltas, mm))
		return;
	for (int counter = 0; counter < WIRE_RSS_COUNT; counter++)
		out->rss_exact[counter] = out->rss[counter] + deltas[counter];
	out->rss_exact_valid = 1;
}

/*
 * Of a task with PF_EXITING: has its process left what a memcg's scan goes through? A leader that is dead is still gone through, for
 * as long as another thread has not begun to exit.
 */
static __always_inline bool has_left_cgroup(struct task_struct *task)
{
	if (KERNEL_READ(task, signal, live.counter))
		return false;
	return exiting_tasks_are_passed_over() || KERNEL_READ(task, group_leader, exit_state);
}

/* The thread's name. */
static __always_inline void read_comm(struct wire_task *out, struct task_struct *task)
{
#ifdef OOMTRACE_CAST_READS
	const __u64 *words = (const __u64 *)task->comm;

	((__u64 *)out->comm)[0] = words[0];
	((__u64 *)out->comm)[1] = words[1];
#else
	bpf_probe_read_kernel(out->comm, sizeof(out->comm), task->comm);
#endif
}

/* In memory one by one: the verifier would go through what comes after for each set of facts that a register may hold. */
static __always_inline void add_facts(struct wire_task *out, __u32 facts)
{
	out->facts |= facts;
	barrier();
}

/*
 * What identifies a task and decides whether it may be killed: all of *out but memcg_id; to its facts is added. `task` is the group
 * leader, the thread that holds its mm, or the victim itself. `is_leader`: its pid need not be read, it is that of the group.
 */
static __always_inline void read_task(struct wire_task *out, struct task_struct *task, bool is_leader)
{
	struct signal_struct *signal = KERNEL_READ(task, signal);
	__u32 flags = KERNEL_READ(task, flags);

	out->start_boottime_ns = KERNEL_READ(task, start_boottime);
	__u32 tgid = KERNEL_READ(task, tgid);
	out->pid = is_leader ? tgid : KERNEL_READ(task, pid);
	out->tgid = tgid;
	out->ppid = KERNEL_READ(task, real_parent, tgid);
	out->uid = KERNEL_READ(task, real_cred, uid.val);
	out->flags = flags;
	out->oom_score_adj = KERNEL_READ(signal, oom_score_adj);
	out->threads = KERNEL_READ(signal, nr_threads);
	read_comm(out, task);

	if (flags & PF_KTHREAD)
		add_facts(out, WIRE_TASK_KTHREAD);
	if (flags & PF_EXITING) {
		add_facts(out, WIRE_TASK_EXITING);
		if (has_left_cgroup(task))
			add_facts(out, WIRE_TASK_NOT_IN_CGROUP);
	}
	if (tgid == 1)
		add_facts(out, WIRE_TASK_GLOBAL_INIT);
	struct mm_struct *oom_mm = KERNEL_READ(signal, oom_mm);
	if (oom_mm) {
		add_facts(out, WIRE_TASK_OOM_VICTIM);
		/* Of a victim the kernel asks the mm it was killed for, which outlives the task's own pointer to it. */
		if (mm_has_oom_skip(oom_mm))
			add_facts(out, WIRE_TASK_MMF_OOM_SKIP);
	}
	if (KERNEL_READ(signal, oom_flag_origin))
		add_facts(out, WIRE_TASK_OOM_ORIGIN);
}

/* What its address space, of so many users, says of a task that has one. */
static __always_inline void add_mm_facts(struct wire_task *out, struct task_struct *task, struct mm_struct *mm, __u32 mm_users)
{
	add_facts(out, WIRE_TASK_HAS_MM);
	if (mm_has_oom_skip(mm))
		add_facts(out, WIRE_TASK_MMF_OOM_SKIP);
	/* in_vfork(): the parent is a user of it as well. */
	if (mm_users > 1 && KERNEL_READ(task, vfork_done) && KERNEL_READ(task, real_parent, mm) == mm)
		add_facts(out, WIRE_TASK_IN_VFORK);
}

/* The address space into a record's zeros, and what of the task's facts depends on it. */
static __always_inline void read_task_mm(struct wire_task *out, struct wire_mm *out_mm, struct task_struct *task)
{
	struct mm_struct *mm = KERNEL_READ(task, mm);

	/* That of a kernel thread is borrowed at best (kthread_use_mm()). */
	if (!mm || out->facts & WIRE_TASK_KTHREAD)
		return;
	read_mm(out_mm, mm);
	add_mm_facts(out, task, mm, out_mm->mm_users);
}

#endif /* OOMTRACE_READ_TASK_BPF_H */
