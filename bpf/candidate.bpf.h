/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * candidate.bpf.h: one task that was weighed, to the ring. Compiled with direct reads where the pointer is typed, and with probed
 * reads in candidate.bpf.c for the rest; the result is the same record.
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

/* Do the task's allowed nodes miss the trigger's? Only for masks that fit one word; others are left to user space as unknown. */
static __always_inline void compare_mems_allowed(struct wire_task *out, struct task_struct *task)
{
	if (!invocation.mems_allowed)
		return;
	__u64 mems = KERNEL_READ(task, mems_allowed.bits[0]);
	out->facts |= WIRE_TASK_MEMS_READ;
	if (!(mems & invocation.mems_allowed))
		out->facts |= WIRE_TASK_MEMS_DISJOINT;
}

static __always_inline void announce_memcg_of(struct task_struct *task)
{
	struct mem_cgroup *memcg = task_memcg(task);

	if (memcg && (__u64)memcg != invocation.last_memcg) {
		invocation.last_memcg = (__u64)memcg;
		announce_memcg(address_of(memcg));
	}
}

static __always_inline void emit_candidate(struct task_struct *task, struct evaluation *evaluation)
{
	struct wire_candidate *record;

	announce_memcg_of(task);
	record = WIRE_RESERVE(wire_candidate, WIRE_CANDIDATE);
	if (!record)
		return;
	read_task(&record->task, task);
	read_task_mm(&record->task, &record->mm, task);
	record->task.memcg_id = memcg_id_of(task_memcg(task));
	compare_mems_allowed(&record->task, task);
	if (invocation.policy_nodes)
		record->task.facts |= policy_facts(address_of(task));
	record->points = evaluation->points;
	record->chosen_points = evaluation->chosen_points;
	record->facts = evaluation->facts;
	if (++invocation.candidates_sent % CANDIDATES_PER_WAKEUP == 0)
		wire_submit_and_wake(record);
	else
		wire_submit(record);
}

/* A user process whose leader has no mm while other threads live: those have to be looked at, by address. */
static __always_inline bool leader_lost_its_mm(struct task_struct *task)
{
	return !KERNEL_READ(task, mm) && !(KERNEL_READ(task, flags) & PF_KTHREAD) && KERNEL_READ(task, signal, nr_threads) > 1;
}

#endif /* OOMTRACE_CANDIDATE_BPF_H */
