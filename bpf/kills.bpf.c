// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Who is killed, where function hooks watch the invocation: the signal, then the mark.
#include "invocation.bpf.h"
#include "process_identity.bpf.h"
#include "read_task.bpf.h"
#include "victims.bpf.h"

#define SIGKILL 9

/* Inside out_of_memory() every SIGKILL is the OOM killer's: the victim's first, then those of processes that share its mm, then
 * the same for each member of an oom group. */
SEC("?tp_btf/signal_generate")
int BPF_PROG(signal_in_invocation, int sig, struct kernel_siginfo *info, struct task_struct *task)
{
	if (sig != SIGKILL || !in_open_invocation())
		return 0;
	__u64 address = address_of(task);
	__u32 why = WIRE_KILL_OOM_GROUP;

	if (!invocation.signals)
		why = WIRE_KILL_CHOSEN;
	else if (invocation.marks && (__u64)BPF_CORE_READ((struct task_struct *)address, mm) == invocation.victim_mm &&
		 (__u32)BPF_CORE_READ((struct task_struct *)address, tgid) != invocation.victim_tgid)
		why = WIRE_KILL_SHARES_MM; /* and not the first victim of a group, which is killed again with the rest */
	begin_episode(address);
	/* Its siglock is held: it cannot get the signal before this returns. */
	if (!invocation.signals && !invocation.marks)
		await_identity(address, invocation.episode);
	emit_kill(address, WIRE_KILL_SIGNAL, why);
	return 0;
}

SEC("?tp_btf/mark_victim")
int BPF_PROG(mark_in_invocation, struct task_struct *task)
{
	if (!in_open_invocation())
		return 0;
	__u64 address = address_of(task);
	__u32 why = invocation.marks ? WIRE_KILL_OOM_GROUP : WIRE_KILL_CHOSEN;

	if (invocation.signal_task != address)
		why = WIRE_KILL_ALREADY_EXITING;
	begin_episode(address);
	if (!invocation.signals && !invocation.marks)
		await_identity(address, invocation.episode);
	emit_kill(address, WIRE_KILL_MARK, why);
	return 0;
}
