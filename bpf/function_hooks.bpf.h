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
	take_stack(context);
	return 0;
}

/* oom_badness() returned. It is called from /proc/PID/oom_score too, without oom_lock and by other tasks. */
static __always_inline int on_badness(__s64 points)
{
	if (in_open_invocation())
		invocation.badness = points;
	return 0;
}

/* Is it the open invocation that evaluates a task? Its oom_control is on the stack of the task that holds oom_lock. */
static __always_inline bool is_of_open_invocation(__u64 oom_control)
{
	return oom_control == invocation.oom_control;
}

/* At the return of oom_evaluate_task() for the open invocation, from a return probe, which has no arguments. 0: its entry was not seen. */
static __always_inline __u64 take_evaluated_task(void)
{
	__u64 task = invocation.evaluated_task;

	invocation.evaluated_task = 0;
	return task;
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

/* What oom_evaluate_task(task, oc), which is about to return `result`, made of the task. */
static __always_inline void read_evaluation(struct evaluation *evaluation, __u64 task, __u64 oom_control, int result)
{
	__s64 points = invocation.badness;

	invocation.tasks_seen++;
	evaluation->points = 0;
	evaluation->chosen_points = ADDRESS_READ(struct oom_control, oom_control, chosen_points);
	evaluation->facts = WIRE_CANDIDATE_EVALUATED | WIRE_CANDIDATE_CHOSEN_POINTS;
	if (result) {
		evaluation->facts |= WIRE_CANDIDATE_ABORTED_SCAN;
		invocation.aborted_by_tgid = ADDRESS_READ(struct task_struct, task, tgid);
	} else if (points >= evaluation->chosen_points &&
		   (__u64)ADDRESS_READ(struct oom_control, oom_control, chosen) == task) {
		/* Nobody is chosen for less than the best had, and most have less: they are not asked for. */
		evaluation->facts |= WIRE_CANDIDATE_BECAME_CHOSEN;
	}
	if (points != BADNESS_NOT_SEEN) {
		evaluation->points = points;
		evaluation->facts |= WIRE_CANDIDATE_POINTS_OBSERVED;
	}
}

/* Of the open invocation. False: its scan is suppressed, and what is evaluated noted. */
static __always_inline bool candidates_are_sent(__u64 task, __u64 oom_control, int result)
{
	struct evaluation evaluation;

	if (invocation.begun)
		return true;
	if (invocation.suppressed && !(invocation.evaluations & (EVALUATIONS_PER_LOOK - 1)))
		look_at_suppression();
	if (!invocation.suppressed) {
		begin_episode(0);
		return true;
	}
	read_evaluation(&evaluation, task, oom_control, result);
	note_evaluation(task, &evaluation);
	return false;
}

/* The candidate of a leader by a typed pointer, which the thread that holds its mm is in all but a few cases. */
static __always_inline void emit_evaluated(struct task_struct *task, __u64 address, __u64 oom_control, int result)
{
	struct evaluation evaluation;
	struct mm_struct *mm = task->mm;

	if (leader_lost_its_mm(task, mm)) {
		read_evaluation(&evaluation, address, oom_control, result);
		emit_candidate_by_address(address, evaluation.points, evaluation.chosen_points, evaluation.facts);
		return;
	}
	struct sampled_candidate *record = begin_candidate(task);
	if (!record)
		return;
	/* Only now: there are too few registers to keep it through the calls. */
	read_evaluation(&evaluation, address, oom_control, result);
	set_evaluation(record, &evaluation);
	fill_candidate(record, task, task, mm, 0);
}

/* oom_kill_process(oc, message) was entered. */
static __always_inline int on_kill_process(__u64 message)
{
	if (in_open_invocation())
		emit_choice(message);
	return 0;
}

/*
 * dump_header(oc) was entered. Before any choice it announces a panic or the lack of a victim. Before a panic the episode is
 * closed at once, because there is no later; else when out_of_memory() returns, because the report is not printed yet.
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
