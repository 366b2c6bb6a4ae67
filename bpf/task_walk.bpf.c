// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Attach method `tracepoint`: the episode around the walk, and the walk for kernels without a task iterator.
#include "task_walk.bpf.h"

#include "kernel_compat.bpf.h"
#include "oom_control.bpf.h"
#include "process_identity.bpf.h"
#include "read_task.bpf.h"
#include "victims.bpf.h"

#define SIGKILL 9

static __always_inline bool stack_has(__u64 begin, __u64 end)
{
	for (int i = 0; i < WIRE_MAX_STACK; i++) {
		if (invocation.stack[i] >= begin && invocation.stack[i] < end)
			return true;
	}
	return false;
}

/* Memcg or global? The functions on the trigger's stack say so; which level of the hierarchy, its counters do. */
__noinline int find_scope(__u64 victim_memcg, __u64 trigger_memcg)
{
	if (!tracer.memcg_oom_begin || !invocation.stack_depth) {
		find_limit_memcg(victim_memcg, trigger_memcg);
		return 0;
	}
	invocation.scope_from_stack = 1;
	if (stack_has(tracer.memcg_oom_begin, tracer.memcg_oom_end))
		find_limit_memcg(victim_memcg, trigger_memcg);
	return 0;
}

__noinline int mark_group_member(__u64 victim)
{
	struct task_struct *trigger = (void *)bpf_get_current_task();

	if (!invocation.oom_group_id || !invocation.marks || !in_open_invocation())
		return 0;
	if (BPF_CORE_READ(trigger, start_boottime) != invocation.trigger_start_ns)
		return 0;
	if (oom_group_of(memcg_of_task(victim), invocation.oom_memcg) != invocation.oom_group_id)
		return 0;
	if (last_sigkill.task == victim && last_sigkill.sender == (__u64)trigger)
		emit_kill(victim, WIRE_KILL_SIGNAL, WIRE_KILL_OOM_GROUP);
	emit_kill(victim, WIRE_KILL_MARK, WIRE_KILL_OOM_GROUP);
	return 1;
}

__noinline int begin_at_mark(__u64 victim)
{
	struct task_struct *trigger = (void *)bpf_get_current_task();
	bool signalled = last_sigkill.task == victim && last_sigkill.sender == (__u64)trigger;

	/* It has been signalled a moment ago: ahead of all that takes time. */
	await_identity(victim, invocation.episode + 1);
	if (!adopt_oom_control(victim))
		find_scope(memcg_of_task(victim), (__u64)task_memcg(trigger));
	begin_episode(victim);
	if (signalled)
		emit_kill(victim, WIRE_KILL_SIGNAL, WIRE_KILL_CHOSEN);
	emit_kill(victim, WIRE_KILL_MARK, signalled ? WIRE_KILL_CHOSEN : WIRE_KILL_ALREADY_EXITING);
	/* A task that marks itself without a signal took the way out at the top of out_of_memory(): nothing was weighed. */
	return signalled || BPF_CORE_READ((struct task_struct *)victim, signal) != BPF_CORE_READ(trigger, signal);
}

__noinline int end_at_mark(__u32 walk_stop, __u64 started_ns)
{
	__u32 outcome = invocation.signals ? WIRE_OUTCOME_KILLED : WIRE_OUTCOME_ALREADY_DYING;

	close_episode(outcome, -1, walk_stop, started_ns ? bpf_ktime_get_ns() - started_ns : 0);
	return 0;
}

SEC("?tp_btf/mark_victim")
int BPF_PROG(walk_list_at_mark, struct task_struct *victim)
{
	__u64 started_ns = start_at_mark(ctx, address_of(victim));

	if (started_ns)
		end_at_mark(walk_task_list(started_ns), started_ns);
	return 0;
}

/* The first victim of a group is killed again with the rest, and not marked again. The sharers of its mm are not among those. */
static __always_inline bool is_killed_again(__u64 address)
{
	struct task_struct *task = (void *)address;

	return BPF_CORE_READ(task, signal, oom_mm) && ((__u64)BPF_CORE_READ(task, mm) != invocation.victim_mm ||
						       (__u32)BPF_CORE_READ(task, tgid) == invocation.victim_tgid);
}

/* The kernel signals a victim right before it marks it, and those who share its mm right after, all from the same task. */
SEC("?tp_btf/signal_generate")
int BPF_PROG(signal_around_mark, int sig, struct kernel_siginfo *info, struct task_struct *task)
{
	if (sig != SIGKILL)
		return 0;
	__u64 address = address_of(task);

	if (in_open_invocation() && followed_mm_count &&
	    (__u64)BPF_CORE_READ((struct task_struct *)address, mm) == invocation.victim_mm &&
	    !BPF_CORE_READ((struct task_struct *)address, signal, oom_mm)) {
		emit_kill(address, WIRE_KILL_SIGNAL, WIRE_KILL_SHARES_MM);
		return 0;
	}
	if (in_open_invocation() && followed_mm_count && invocation.oom_group_id && is_killed_again(address))
		count_kill();
	last_sigkill.sender = (__u64)bpf_get_current_task();
	last_sigkill.task = address;
	return 0;
}
