/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * candidate.bpf.h: one task that was weighed, to the ring. Compiled with direct reads where the pointer is typed or can be cast, and
 * with probed reads in candidate.bpf.c for the rest; the result is the same record.
 */
#ifndef OOMTRACE_CANDIDATE_BPF_H
#define OOMTRACE_CANDIDATE_BPF_H

#include "memory_state.bpf.h"
#include "read_task.bpf.h"
#include "wire_emit.bpf.h"

/* What the hooks saw of the evaluation; zero in the walk of the tracepoint method. */
struct evaluation {
	__s64 points;
	__s64 chosen_points;
	__u32 facts; /* enum wire_candidate_fact */
};

/* Candidate by address: for kprobes, and for a leader whose threads hold the mm. See candidate.bpf.c. */
extern int emit_candidate_by_address(__u64 task, __s64 points, __s64 chosen_points, __u32 facts);

/* Under a memory policy: what its own says of a task, as enum wire_task_fact. Apart, so that the verifier looks at it once. */
extern int policy_facts(__u64 task);

/*
 * Do the task's allowed nodes miss the trigger's? Only for masks that fit one word; others are left to user space as unknown.
 * enum wire_task_fact.
 */
static __always_inline __u32 compare_mems_allowed(struct task_struct *task)
{
	if (!invocation.mems_allowed)
		return 0;
	return KERNEL_READ(task, mems_allowed.bits[0]) & invocation.mems_allowed
		       ? WIRE_TASK_MEMS_READ
		       : WIRE_TASK_MEMS_READ | WIRE_TASK_MEMS_DISJOINT;
}

/* The id of the task's cgroup, which is sent unless it was: neighbours in a scan often share theirs,
 * and all that a css_set stands for with it. */
static __always_inline __u64 announced_memcg_of(struct task_struct *task)
{
	__u64 css_set = (__u64)KERNEL_READ(task, cgroups);

	if (css_set == invocation.last_css_set)
		return invocation.last_memcg_id;
	struct mem_cgroup *memcg = task_memcg(task);
	invocation.last_css_set = css_set;
	if ((__u64)memcg != invocation.last_memcg) {
		invocation.last_memcg = (__u64)memcg;
		invocation.last_memcg_id = memcg ? memcg_id_of(memcg) : 0;
		if (memcg)
			announce_memcg(address_of(memcg));
	}
	return invocation.last_memcg_id;
}

static __always_inline void read_sampled_mm(struct sampled_candidate *out, struct mm_struct *mm)
{
	READ_MM(out, mm);
	/* Where they are not summed nobody ever writes anything but zeros there. */
	if (tracer.sum_rss) {
		__builtin_memset(out->rss_deltas, 0, sizeof(out->rss_deltas));
		out->rss_exact_valid = sum_rss_deltas(out->rss_deltas, mm);
	}
}

static __always_inline void forget_sampled_mm(struct sampled_candidate *out)
{
	out->mm = 0;
	out->total_vm = 0;
	__builtin_memset(out->rss, 0, sizeof(out->rss));
	out->pgtables_bytes = 0;
	out->mm_users = 0;
	out->rss_exact_valid = 0;
	__builtin_memset(out->rss_deltas, 0, sizeof(out->rss_deltas));
}

/* The place of a candidate, its cgroup sent before it. Then comes what was made of it, then fill_candidate(). */
static __always_inline struct sampled_candidate *begin_candidate(struct task_struct *leader)
{
	__u64 memcg_id = announced_memcg_of(leader);
	struct sampled_candidate *record = next_candidate();

	if (record)
		record->task.memcg_id = memcg_id;
	return record;
}

static __always_inline void set_evaluation(struct sampled_candidate *record, const struct evaluation *evaluation)
{
	record->points = evaluation->points;
	record->chosen_points = evaluation->chosen_points;
	record->facts = evaluation->facts;
}

/* `task` is the thread that holds `mm`; `leader_facts`: what is known of it already (enum wire_task_fact). */
static __always_inline void fill_candidate(struct sampled_candidate *record, struct task_struct *leader,
					   struct task_struct *task, struct mm_struct *mm, __u32 leader_facts)
{
	struct wire_task *out = &record->task;

	out->facts = leader_facts | compare_mems_allowed(leader);
	read_task(out, task, leader == task);
	if (invocation.policy_nodes)
		add_facts(out, policy_facts(address_of(leader)));
	if (mm && !(out->facts & WIRE_TASK_KTHREAD)) {
		read_sampled_mm(record, mm);
		add_mm_facts(out, task, mm, record->mm_users);
	} else {
		forget_sampled_mm(record);
	}
	candidate_is_written();
}

static __always_inline void write_candidate(struct task_struct *leader, struct task_struct *task, struct mm_struct *mm,
					    __u32 leader_facts, const struct evaluation *evaluation)
{
	struct sampled_candidate *record = begin_candidate(leader);

	if (!record)
		return;
	set_evaluation(record, evaluation);
	fill_candidate(record, leader, task, mm, leader_facts);
}

/* A user process whose leader has no mm while other threads live: those have to be looked at, by address. */
static __always_inline bool leader_lost_its_mm(struct task_struct *task, struct mm_struct *mm)
{
	return !mm && !(KERNEL_READ(task, flags) & PF_KTHREAD) && KERNEL_READ(task, signal, nr_threads) > 1;
}

#endif /* OOMTRACE_CANDIDATE_BPF_H */
