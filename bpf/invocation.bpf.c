// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The life of one OOM invocation, independent of the kind of hook that watches it.
#include "invocation.bpf.h"

#include "candidate.bpf.h"
#include "kernel_compat.bpf.h"
#include "memory_state.bpf.h"
#include "oom_control.bpf.h"
#include "per_cpu.bpf.h"
#include "process_identity.bpf.h"
#include "read_task.bpf.h"
#include "retries.bpf.h"
#include "task_list.bpf.h"
#include "victims.bpf.h"
#include "wire_emit.bpf.h"

#define GFP_FS 0x80u /* ___GFP_FS: the same bit in 5.4 .. 7.3 */

static __always_inline void reset_invocation(void)
{
	__u64 episode = invocation.episode;

	zero_words((__u64 *)&invocation, sizeof(invocation) / sizeof(__u64));
	invocation.episode = episode;
}

__noinline int open_invocation(__u64 oom_control)
{
	struct oom_control *oc = (void *)oom_control;
	struct task_struct *task = (void *)bpf_get_current_task();

	learn_per_cpu_areas();
	send_candidates(); /* of an invocation whose end was not seen */
	reset_invocation();
	invocation.task = (__u64)task;
	invocation.trigger_start_ns = BPF_CORE_READ(task, start_boottime);
	invocation.entered_ns = bpf_ktime_get_ns();
	invocation.oom_control = oom_control;
	invocation.badness = BADNESS_NOT_SEEN;
	if (!oom_control)
		return 0;
	read_oom_memcg();
	if (followed_mm_count && BPF_CORE_READ(oc, order) != -1 && scan_will_be_aborted(invocation.oom_memcg))
		invocation.suppressed = 1;
	return 0;
}

static __always_inline void read_nodemasks(struct wire_invocation_begin *record, struct task_struct *task,
					   struct oom_control *oc)
{
	__u32 size = bpf_core_field_size(task->mems_allowed);
	__u32 bytes = size > sizeof(record->mems_allowed) ? sizeof(record->mems_allowed) : size;
	/* Without oom_control: what the allocation was handed, unless the range of memory has a policy of its own (mbind). */
	void *nodemask = oc ? BPF_CORE_READ(oc, nodemask) : task_bind_nodes(task);

	bpf_probe_read_kernel(record->mems_allowed, bytes,
			      (void *)task + bpf_core_field_offset(struct task_struct, mems_allowed));
	record->valid |= WIRE_BEGIN_MEMS_ALLOWED;
	if (nodemask) {
		bpf_probe_read_kernel(record->nodemask, bytes, nodemask);
		record->valid |= WIRE_BEGIN_NODEMASK;
	}
	if (!oc && has_mempolicy())
		record->valid |= WIRE_BEGIN_POLICY;

	__u64 beyond = 0;
	for (int word = 1; word < WIRE_NODEMASK_WORDS; word++)
		beyond |= record->mems_allowed[word] | record->nodemask[word];
	/* A memcg's scan asks nobody for nodes. */
	if (beyond || invocation.oom_memcg)
		return;
	invocation.mems_allowed = record->mems_allowed[0];
	invocation.policy_nodes = record->nodemask[0];
}

static __always_inline void read_cpuset_name(struct wire_invocation_begin *record, struct task_struct *task)
{
	struct cgroup_subsys_state *css = task_cpuset(task);

	if (!css)
		return;
	if (BPF_CORE_READ(css, parent))
		bpf_probe_read_kernel_str(record->cpuset, sizeof(record->cpuset), BPF_CORE_READ(css, cgroup, kn, name));
	else
		record->cpuset[0] = '/';
}

static __always_inline void read_oom_control(struct wire_invocation_begin *record, struct oom_control *oc)
{
	record->gfp_mask = BPF_CORE_READ(oc, gfp_mask);
	record->order = BPF_CORE_READ(oc, order);
	record->valid |= WIRE_BEGIN_OOM_CONTROL;
	if (BPF_CORE_READ(oc, zonelist))
		record->valid |= WIRE_BEGIN_ZONELIST;
	/* constrained_alloc() sets totalpages, never to 0. */
	record->total_pages = BPF_CORE_READ(oc, totalpages);
	record->constraint = BPF_CORE_READ(oc, constraint);
	if (record->total_pages)
		record->valid |= WIRE_BEGIN_CONSTRAINT;
}

__noinline int emit_begin(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct oom_control *oc = (void *)invocation.oom_control;
	struct wire_invocation_begin *record = WIRE_RESERVE(wire_invocation_begin, WIRE_INVOCATION_BEGIN);

	if (!record)
		return 0;
	read_task(&record->trigger, task, false);
	record->trigger.memcg_id = memcg_id_of(task_memcg(task));
	record->attach_method = tracer.attach_method;
	if (invocation.entered_ns) {
		record->entered_ns = invocation.entered_ns;
		record->valid |= WIRE_BEGIN_ENTERED;
	}
	if (oc)
		read_oom_control(record, oc);
	if (invocation.memcg_locked)
		record->valid |= WIRE_BEGIN_MEMCG_LOCKED;
	if (invocation.scope_from_stack)
		record->valid |= WIRE_BEGIN_SCOPE_FROM_STACK;
	if (!chosen_points_is_signed())
		record->valid |= WIRE_BEGIN_BADNESS_UNSIGNED;
	record->oom_memcg_id = invocation.oom_memcg_id;
	read_nodemasks(record, task, oc);
	read_cpuset_name(record, task);
	for (int i = 0; i < WIRE_MAX_STACK; i++)
		record->stack[i] = invocation.stack[i];
	record->stack_depth = invocation.stack_depth;
	if (record->stack_depth)
		record->valid |= WIRE_BEGIN_STACK;
	wire_submit_and_wake(record);
	return 0;
}

__noinline int begin_episode(__u64 victim)
{
	if (invocation.begun)
		return 0;
	invocation.begun = 1;
	invocation.episode++;
	__sync_fetch_and_add(&counters.episodes, 1);
	emit_begin();
	emit_trigger_identity();
	emit_retries();

	__u64 trigger_memcg = memcg_of_task((__u64)bpf_get_current_task());
	struct oom_control *oc = (void *)invocation.oom_control;
	__u64 zonelist = oc ? (__u64)BPF_CORE_READ(oc, zonelist) : 0;
	announce_memcg(invocation.oom_memcg);
	announce_memcg(trigger_memcg);
	if (victim)
		announce_memcg(memcg_of_task(victim));
	emit_memory_state(trigger_memcg, zonelist);
	return 0;
}

/* The tasks that a suppressed scan weighed, with what was noted of them. */
__noinline int emit_noted_evaluations(void)
{
	for (__u64 i = 0; i < NOTED_EVALUATIONS; i++) {
		if (i >= invocation.evaluations)
			break;
		struct noted_evaluation *noted = &noted_evaluations[i & (NOTED_EVALUATIONS - 1)];
		struct task_struct *task = (void *)noted->task; /* apart: CO-RE would relocate our own struct */
		if (BPF_CORE_READ(task, start_boottime) == noted->start_ns)
			emit_candidate_by_address((__u64)task, noted->points, noted->chosen_points, noted->facts);
	}
	return 0;
}

__noinline int look_at_suppression(void)
{
	if (invocation.evaluations > NOTED_EVALUATIONS || scan_will_be_aborted(invocation.oom_memcg))
		return 0;
	invocation.suppressed = 0;
	begin_episode(0);
	return emit_noted_evaluations();
}

/*
 * The scan was expected to be aborted, and was not: the victim that would have stopped it let go of its memory in the middle of it.
 * What it weighed is read now, before anybody is killed.
 */
static __always_inline int send_suppressed_scan(void)
{
	invocation.suppressed = 0;
	if (invocation.evaluations <= NOTED_EVALUATIONS)
		return emit_noted_evaluations();
	__u64 started_ns = bpf_ktime_get_ns();
	invocation.tasks_seen = 0;
	invocation.walk_stop = walk_task_list(started_ns);
	invocation.walk_ns = bpf_ktime_get_ns() - started_ns;
	return 0;
}

/* Before the kill; what has changed when out_of_memory() returns is the kernel's count of this invocation. */
static __always_inline void note_kill_counts(__u64 victim)
{
	__u64 memcg = kill_counting_memcg(victim);

	if (!memcg || !tracer.kills_counted)
		return;
	invocation.counting_memcg = memcg;
	invocation.counting_memcg_id = memcg_id_of((struct mem_cgroup *)memcg);
	invocation.oom_kill_before = memcg_oom_kills(memcg);
	invocation.group_kill_before = memcg_group_kills(memcg);
}

static __always_inline void emit_kill_counts(void)
{
	__u64 memcg = invocation.counting_memcg;

	/* The group may be gone by now; its id says whether the address still holds what it held. */
	if (!memcg || memcg_id_of((struct mem_cgroup *)memcg) != invocation.counting_memcg_id)
		return;
	struct wire_kill_counts *record = WIRE_RESERVE(wire_kill_counts, WIRE_KILL_COUNTS);
	if (!record)
		return;
	record->memcg_id = invocation.counting_memcg_id;
	record->oom_kill_before = invocation.oom_kill_before;
	record->oom_kill_after = memcg_oom_kills(memcg);
	if (memcg_counts_group_kills()) {
		record->group_kill_before = invocation.group_kill_before;
		record->group_kill_after = memcg_group_kills(memcg);
		record->valid |= WIRE_KILL_COUNTS_GROUP;
	}
	record->kills_seen = invocation.kills_seen;
	wire_submit(record);
}

__noinline int emit_choice(__u64 message)
{
	struct oom_control *oc = (void *)invocation.oom_control;
	struct task_struct *task = BPF_CORE_READ(oc, chosen);
	struct wire_choice *record;

	begin_episode(0);
	if (invocation.suppressed)
		send_suppressed_scan();
	announce_memcg(memcg_of_task((__u64)task));
	/* The kernel prints its report next. While it scanned, the memory of an earlier victim may have come back. */
	if (invocation.oom_memcg)
		emit_memcg(invocation.oom_memcg, invocation.oom_memcg_id);
	invocation.chosen_seen = 1;
	note_kill_counts((__u64)task);
	record = WIRE_RESERVE(wire_choice, WIRE_CHOICE);
	if (!record)
		return 0;
	read_task(&record->task, task, false);
	record->task.memcg_id = memcg_id_of(task_memcg(task));
	record->points = BPF_CORE_READ(oc, chosen_points);
	record->total_pages = BPF_CORE_READ(oc, totalpages);
	record->constraint = BPF_CORE_READ(oc, constraint);
	record->valid = WIRE_CHOICE_OOM_CONTROL;
	bpf_probe_read_kernel_str(record->message, sizeof(record->message), (void *)message);
	/* The collector has until the end of the kernel's report to see the victim whole. */
	wire_submit_and_wake(record);
	return 0;
}

__noinline int close_episode(__u32 outcome, int returned, __u32 walk_stop, __u64 walk_ns)
{
	struct wire_invocation_end *record;

	if (invocation.closed)
		return 0;
	record = WIRE_RESERVE(wire_invocation_end, WIRE_INVOCATION_END);
	invocation.closed = 1;
	if (!record)
		return 0;
	record->outcome = outcome;
	if (returned >= 0) {
		record->returned = returned;
		record->returned_valid = 1;
	}
	record->walk_stop = walk_stop;
	record->walk_ns = walk_ns;
	record->last_sequence = invocation.sequence;
	for (int reason = 0; reason < WIRE_DROP_REASONS; reason++)
		record->dropped[reason] = invocation.dropped[reason];
	record->tasks_seen = invocation.tasks_seen;
	record->candidates_sent = invocation.candidates_sent;
	record->aborted_by_tgid = invocation.aborted_by_tgid;
	wire_submit_and_wake(record);
	return 0;
}

/*
 * A victim that asks for memory again on its way out: out_of_memory() sees that it is dying and returns at once, and
 * mark_oom_victim() does not mark twice. Nothing tells this from a notifier that freed memory but the victim itself.
 */
static __always_inline bool trigger_is_oom_victim(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, signal, oom_mm) != 0;
}

__noinline int finish_invocation(int returned)
{
	struct oom_control *oc = (void *)invocation.oom_control;
	__u64 chosen = (__u64)BPF_CORE_READ(oc, chosen);
	__u32 outcome = WIRE_OUTCOME_UNKNOWN;

	if (invocation.signals)
		outcome = WIRE_OUTCOME_KILLED;
	else if (invocation.marks)
		outcome = WIRE_OUTCOME_ALREADY_DYING;
	else if (chosen == OOM_ABORTED)
		outcome = WIRE_OUTCOME_ABORTED;
	else if (invocation.chosen_seen)
		outcome = WIRE_OUTCOME_ALREADY_DYING; /* "is already exiting. Skip killing the task" */
	else if (invocation.tasks_seen)
		outcome = WIRE_OUTCOME_NO_VICTIM;
	else if (returned && !trigger_is_oom_victim() && (BPF_CORE_READ(oc, gfp_mask) & GFP_FS || invocation.oom_memcg))
		outcome = WIRE_OUTCOME_NOTIFIER_FREED;

	if (invocation.suppressed && chosen == OOM_ABORTED)
		count_aborted_scan();
	/* A call that weighed nothing and says nothing (no __GFP_FS, killer disabled) or a suppressed scan is no episode. */
	if (!invocation.begun && outcome == WIRE_OUTCOME_NOTIFIER_FREED)
		begin_episode(0);
	if (!invocation.closed)
		emit_kill_counts();
	if (invocation.begun)
		close_episode(outcome, returned, invocation.walk_stop, invocation.walk_ns);
	invocation.task = 0;
	invocation.oom_control = 0;
	return 0;
}
