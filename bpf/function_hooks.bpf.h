/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * function_hooks.bpf.h: what each hooked kernel function means, for both kinds of function hook. function_hooks_fentry.bpf.c
 * and function_hooks_kprobe.bpf.c attach these to the same functions and differ only in how arguments and results are had.
 */
#ifndef OOMTRACE_FUNCTION_HOOKS_BPF_H
#define OOMTRACE_FUNCTION_HOOKS_BPF_H

#include "candidate.bpf.h"
#include "invocation.bpf.h"

/* out_of_memory(oc) was entered, oom_lock held. */
static __always_inline int on_out_of_memory(void *context, __u64 oom_control)
{
	open_invocation(oom_control);
	if (!invocation.suppressed)
		take_stack(context);
	return 0;
}

/* oom_badness() returned. It is called from /proc/PID/oom_score too, without oom_lock and by other tasks. */
static __always_inline int on_badness(__s64 points)
{
	if (!in_open_invocation())
		return 0;
	invocation.badness = points;
	invocation.badness_seen = 1;
	return 0;
}

/* Is it the open invocation that evaluates a task? Its oom_control is on the stack of the task that holds oom_lock. */
static __always_inline bool is_of_open_invocation(__u64 oom_control)
{
	return invocation.task && oom_control == invocation.oom_control;
}

static __always_inline void note_evaluation(__u64 task, struct evaluation *evaluation)
{
	__u64 index = invocation.evaluations++;

	if (index >= NOTED_EVALUATIONS)
		return;
	struct noted_evaluation *noted = &noted_evaluations[index & (NOTED_EVALUATIONS - 1)];
	noted->task = task;
	noted->start_ns = BPF_CORE_READ((struct task_struct *)task, start_boottime);
	noted->points = evaluation->points;
	noted->chosen_points = evaluation->chosen_points;
	noted->facts = evaluation->facts;
}

/* oom_evaluate_task(task, oc) of the open invocation is about to return `result`. True: the candidate is to be sent with *evaluation. */
static __always_inline bool on_evaluated(__u64 task, __u64 oom_control, int result, struct evaluation *evaluation)
{
	if (!invocation.suppressed && !invocation.begun)
		begin_episode(0);
	__u64 chosen = (__u64)ADDRESS_READ(struct oom_control, oom_control, chosen);
	evaluation->facts = WIRE_CANDIDATE_EVALUATED | WIRE_CANDIDATE_CHOSEN_POINTS;
	evaluation->chosen_points = ADDRESS_READ(struct oom_control, oom_control, chosen_points);
	if (result)
		evaluation->facts |= WIRE_CANDIDATE_ABORTED_SCAN;
	else if (chosen == task)
		evaluation->facts |= WIRE_CANDIDATE_BECAME_CHOSEN;
	if (invocation.badness_seen) {
		evaluation->points = invocation.badness;
		evaluation->facts |= WIRE_CANDIDATE_POINTS_OBSERVED;
	}
	if (invocation.suppressed)
		note_evaluation(task, evaluation);
	invocation.tasks_seen++;
	invocation.badness_seen = 0;
	invocation.evaluated_task = 0;
	if (result)
		invocation.aborted_by_tgid = ADDRESS_READ(struct task_struct, task, tgid);
	return !invocation.suppressed;
}

/* oom_kill_process(oc, message) was entered. */
static __always_inline int on_kill_process(__u64 message)
{
	if (in_open_invocation())
		emit_choice(message);
	return 0;
}

/*
 * dump_header(oc) was entered. Before any choice it announces a panic or the lack of a victim; the episode is closed at once,
 * because after a panic there is no later.
 */
static __always_inline int on_dump_header(__u64 oom_control)
{
	struct oom_control *oc = (void *)oom_control;

	if (!in_open_invocation() || invocation.chosen_seen)
		return 0;
	begin_episode(0);
	/* Without a victim a global OOM panics too ("System is deadlocked on memory"), unless sysrq asked for it. */
	if (!invocation.tasks_seen || (!invocation.oom_memcg && BPF_CORE_READ(oc, order) != -1))
		close_episode(WIRE_OUTCOME_PANIC, -1, WIRE_WALK_NONE, 0);
	else
		close_episode(WIRE_OUTCOME_NO_VICTIM, -1, WIRE_WALK_NONE, 0);
	return 0;
}

/* out_of_memory() is about to return. */
static __always_inline int on_out_of_memory_return(int returned)
{
	if (in_open_invocation())
		finish_invocation(returned);
	return 0;
}

#endif /* OOMTRACE_FUNCTION_HOOKS_BPF_H */
