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
	struct task_struct *leader = (void *)address, *task = leader;
	struct wire_candidate *record;
	__u32 bound_reached = 0;

	announce_memcg_of(leader);
	if (leader_lost_its_mm(leader)) {
		__u64 thread = thread_with_mm(address, &bound_reached);
		if (thread)
			task = (void *)thread;
	}
	record = WIRE_RESERVE(wire_candidate, WIRE_CANDIDATE);
	if (!record)
		return 0;
	read_task(&record->task, task);
	read_task_mm(&record->task, &record->mm, task);
	if (task != leader)
		record->task.facts |= WIRE_TASK_LEADER_HAS_NO_MM;
	if (bound_reached)
		record->task.facts |= WIRE_TASK_LOOK_BOUND;
	record->task.memcg_id = memcg_id_of(task_memcg(leader));
	compare_mems_allowed(&record->task, leader);
	if (invocation.policy_nodes)
		record->task.facts |= policy_facts(address);
	record->points = points;
	record->chosen_points = chosen_points;
	record->facts = facts;
	if (++invocation.candidates_sent % CANDIDATES_PER_WAKEUP == 0)
		wire_submit_and_wake(record);
	else
		wire_submit(record);
	return 0;
}
