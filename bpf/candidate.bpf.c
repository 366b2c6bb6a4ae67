// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Candidates by address, with probed reads.
#include "candidate.bpf.h"

/* How many threads of a group are asked for an mm when its leader has none (find_lock_task_mm() asks all). */
#define MAX_THREADS_LOOKED_AT 32

/*
 * The first other thread of the group that still has an mm, as find_lock_task_mm() looks for it: a leader may exit before its
 * threads. By address, because the list can only be walked with probed reads. 0: none among those looked at.
 */
static __always_inline __u64 thread_with_mm(__u64 leader, __u32 *bound_reached)
{
	struct signal_struct *signal = BPF_CORE_READ((struct task_struct *)leader, signal);
	__u64 head = (__u64)signal + bpf_core_field_offset(struct signal_struct, thread_head);
	__u64 node = (__u64)BPF_CORE_READ(signal, thread_head.next);

	for (int i = 0; i < MAX_THREADS_LOOKED_AT; i++) {
		if (!node || node == head)
			return 0;
		struct task_struct *thread = (void *)(node - bpf_core_field_offset(struct task_struct, thread_node));
		if (BPF_CORE_READ(thread, mm))
			return (__u64)thread;
		node = (__u64)BPF_CORE_READ((struct list_head *)node, next);
	}
	*bound_reached = 1;
	return 0;
}

/* A task bound to other nodes is passed over, and its cpuset is not asked. */
__noinline int policy_facts(__u64 task)
{
	__u64 nodes = ~0ULL;
	void *bound = task_bind_nodes((struct task_struct *)task);

	if (bound)
		bpf_probe_read_kernel(&nodes, sizeof(nodes), bound);
	return nodes & invocation.policy_nodes ? WIRE_TASK_POLICY_READ : WIRE_TASK_POLICY_READ | WIRE_TASK_POLICY_DISJOINT;
}

__noinline int emit_candidate_by_address(__u64 address, __s64 points, __s64 chosen_points, __u32 facts)
{
	struct evaluation evaluation = {.points = points, .chosen_points = chosen_points, .facts = facts};
	struct task_struct *leader = (void *)address, *task = leader;
	__u32 bound_reached = 0, leader_facts = 0;

	if (leader_lost_its_mm(leader, BPF_CORE_READ(leader, mm))) {
		__u64 thread = thread_with_mm(address, &bound_reached);
		if (thread) {
			task = (void *)thread;
			leader_facts |= WIRE_TASK_LEADER_HAS_NO_MM;
		}
		if (bound_reached)
			leader_facts |= WIRE_TASK_LOOK_BOUND;
	}
	write_candidate(leader, task, BPF_CORE_READ(task, mm), leader_facts, &evaluation);
	return 0;
}
