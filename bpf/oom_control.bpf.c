// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Attach method `tracepoint`: the oom_control of an invocation whose functions are not hooked. It lies on the stack of the task that
// asked, in the frame of whoever called out_of_memory(), and is known by the victim that it has as the chosen one.
#include "oom_control.bpf.h"

#include "kernel_compat.bpf.h"
#include "memory_state.bpf.h"

/* So far from the stack's end: x86-64 and arm64 have no more of it, but for kernels with pages of 64 KiB. */
#define SEARCHED_BYTES 16384
#define PIECE_BYTES (STACK_PIECE_WORDS * sizeof(__u64))

#define MAX_ORDER_ASKED 20           /* MAX_ORDER is 10 or 11, up to 13 on arm64 */
#define MAX_TOTAL_PAGES (1ULL << 52) /* mem_cgroup_get_max() of a group without a limit is below it */

/* Does what lies there agree with itself and with the victim? Its `chosen` does. */
__noinline int is_oom_control(__u64 address, __u64 victim)
{
	struct oom_control *oc = (void *)address;
	__u64 memcg = (__u64)BPF_CORE_READ(oc, memcg), total_pages = BPF_CORE_READ(oc, totalpages);
	__s32 order = BPF_CORE_READ(oc, order);
	__u32 constraint = BPF_CORE_READ(oc, constraint);

	if (!total_pages || total_pages > MAX_TOTAL_PAGES || order < -1 || order > MAX_ORDER_ASKED)
		return 0;
	if (!memcg)
		return constraint < CONSTRAINT_MEMCG;
	return constraint == CONSTRAINT_MEMCG && !BPF_CORE_READ(oc, zonelist) && !BPF_CORE_READ(oc, nodemask) &&
	       memcg_is_within(memcg_of_task(victim), memcg);
}

/* Reads a piece of the stack, and gives the address of the topmost oom_control that begins its `chosen` in it; 0: there is none. */
__noinline __u64 oom_control_in_piece(__u64 begin, __u64 victim)
{
	/* The scan chooses leaders, oom_kill_allocating_task the asker; marked is the thread of that process that has an mm. */
	__u64 leader = (__u64)BPF_CORE_READ((struct task_struct *)victim, group_leader);
	__u64 asker = bpf_get_current_task();

	if (bpf_probe_read_kernel(stack_piece, sizeof(stack_piece), (void *)begin))
		return 0;
	for (int word = STACK_PIECE_WORDS - 1; word >= 0; word--) {
		__u64 chosen = stack_piece[word];
		if (chosen != victim && chosen != leader && chosen != asker)
			continue;
		__u64 address = begin + word * sizeof(__u64) - bpf_core_field_offset(struct oom_control, chosen);
		if (is_oom_control(address, victim))
			return address;
	}
	return 0;
}

__noinline int adopt_oom_control(__u64 victim)
{
	struct task_struct *asker = (void *)bpf_get_current_task();
	__u64 end = (__u64)BPF_CORE_READ(asker, stack) + tracer.stack_bytes;

	for (__u64 piece = 1; piece <= SEARCHED_BYTES / PIECE_BYTES; piece++) {
		__u64 address = oom_control_in_piece(end - piece * PIECE_BYTES, victim);
		if (address) {
			invocation.oom_control = address;
			read_oom_memcg();
			return 1;
		}
	}
	return 0;
}
