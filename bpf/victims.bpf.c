// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "victims.bpf.h"

#include "kernel_compat.bpf.h"
#include "memory_state.bpf.h"
#include "read_task.bpf.h"
#include "wire_emit.bpf.h"

/* The kernel's own test of a task that it meets in a scan. A function of its own, so that the verifier looks at it once. */
__noinline int victim_aborts_scan(__u64 slot, __u64 oom_memcg)
{
	if (slot >= OUTSTANDING_SLOTS)
		return 0;
	struct outstanding_victim *victim = &outstanding[slot];
	if (!victim->mm || mm_has_oom_skip((struct mm_struct *)victim->mm))
		return 0;
	struct task_struct *leader = (void *)victim->leader;
	if (BPF_CORE_READ(leader, start_boottime) != victim->leader_start_ns)
		return 0; /* reaped by its parent: off every list, though its mm lives on */
	if (oom_memcg && (!memcg_is_within(victim->memcg, oom_memcg) ||
			  (BPF_CORE_READ(leader, flags) & PF_EXITING && has_left_cgroup(leader))))
		return 0;
	return 1;
}

__noinline int scan_will_be_aborted(__u64 oom_memcg)
{
	if (invocation.suppressed && victim_aborts_scan(invocation.expected_slot, oom_memcg))
		return 1;
	for (__u64 slot = 0; slot < OUTSTANDING_SLOTS; slot++) {
		if (victim_aborts_scan(slot, oom_memcg)) {
			invocation.expected_slot = slot;
			return 1;
		}
	}
	return 0;
}

__noinline int count_aborted_scan(void)
{
	__u32 slot = invocation.expected_slot;

	__sync_fetch_and_add(&counters.suppressed_scans, 1);
	if (slot < OUTSTANDING_SLOTS) {
		outstanding[slot].rescans++;
		outstanding[slot].last_rescan_ns = bpf_ktime_get_ns();
	}
	return 0;
}

/* OUTSTANDING_SLOTS where there is none, or where `mm` has one: a sharer's. Apart for the verifier: it looks at what is done with a
 * slot once, and not for each that it may be. */
__noinline int find_outstanding_slot(__u64 mm)
{
	__u32 free_slot = OUTSTANDING_SLOTS;

	for (__u32 i = 0; i < OUTSTANDING_SLOTS; i++) {
		if (outstanding[i].mm == mm)
			return OUTSTANDING_SLOTS;
		if (!outstanding[i].mm)
			free_slot = i;
	}
	return free_slot;
}

static __always_inline __u32 take_outstanding_slot(__u64 mm, __u64 memcg, struct task_struct *leader)
{
	__u32 found = find_outstanding_slot(mm);

	if (found >= OUTSTANDING_SLOTS)
		return OUTSTANDING_SLOTS;
	struct outstanding_victim *slot = &outstanding[found];
	slot->memcg = memcg;
	slot->leader = (__u64)leader;
	slot->leader_start_ns = BPF_CORE_READ(leader, start_boottime);
	slot->rescans = 0;
	slot->last_rescan_ns = 0;
	slot->mm = mm;
	return found;
}

/* From here on the reaper, the exit and the release of this process belong to the episode. */
static __noinline int follow(__u64 address, __u32 event)
{
	struct task_struct *task = (void *)address;
	__u64 mm = (__u64)BPF_CORE_READ(task, mm), memcg = memcg_of_task(address);
	__u32 pid = BPF_CORE_READ(task, pid), tgid = BPF_CORE_READ(task, tgid);
	struct followed_task followed = {.episode = invocation.episode, .mm = mm, .pid = pid, .tgid = tgid};
	struct followed_mm followed_mm = {
		.episode = invocation.episode,
		.memcg = invocation.oom_memcg ? invocation.oom_memcg : memcg,
		.tgid = tgid,
		.outstanding_slot = OUTSTANDING_SLOTS,
	};

	if (!bpf_map_lookup_elem(&followed_tasks, &tgid)) {
		if (bpf_map_update_elem(&followed_tasks, &tgid, &followed, BPF_ANY))
			count_drop(WIRE_DROP_VICTIM_TABLE_FULL);
		else
			__sync_fetch_and_add(&followed_task_count, 1);
	}
	/* The reaper's tracepoints name the thread that was queued, which need not be the leader. */
	if (tgid != pid && bpf_map_update_elem(&followed_tasks, &pid, &followed, BPF_ANY))
		count_drop(WIRE_DROP_VICTIM_TABLE_FULL);
	if (!mm || bpf_map_lookup_elem(&followed_mms, &mm))
		return 0;
	followed_mm.memcg_id = memcg_id_of((struct mem_cgroup *)followed_mm.memcg);
	if (event == WIRE_KILL_MARK)
		followed_mm.outstanding_slot = take_outstanding_slot(mm, memcg, BPF_CORE_READ(task, group_leader));
	if (bpf_map_update_elem(&followed_mms, &mm, &followed_mm, BPF_ANY)) {
		count_drop(WIRE_DROP_VICTIM_TABLE_FULL);
		return 0;
	}
	__sync_fetch_and_add(&followed_mm_count, 1);
	return 0;
}

__noinline int emit_kill(__u64 address, __u32 event, __u32 why)
{
	struct task_struct *task = (void *)address;
	struct wire_kill *record;

	announce_memcg(memcg_of_task(address));
	record = WIRE_RESERVE(wire_kill, WIRE_KILL);
	if (record) {
		read_task(&record->task, task, false);
		read_task_mm(&record->task, &record->mm, task);
		record->task.memcg_id = memcg_id_of(task_memcg(task));
		record->oom_group_id = oom_group_of(memcg_of_task(address), invocation.oom_memcg);
		record->event = event;
		record->why = why;
		if (!invocation.marks)
			invocation.oom_group_id = record->oom_group_id;
		if (invocation.closed)
			wire_submit_and_wake(record);
		else
			wire_submit(record);
	}
	if (event == WIRE_KILL_SIGNAL) {
		invocation.signals++;
		invocation.signal_task = address;
		invocation.signal_counted = why != WIRE_KILL_SHARES_MM;
		if (invocation.signal_counted)
			count_kill();
	} else {
		invocation.marks++;
		invocation.victim_mm = (__u64)BPF_CORE_READ(task, mm);
		invocation.victim_tgid = BPF_CORE_READ(task, tgid);
		/* Its signal looked like that of a sharer, who is not marked: it is one, and a member of the group as well. */
		if (invocation.signal_task == address && !invocation.signal_counted)
			count_kill();
	}
	/* A sharer is signalled and never marked; everyone else is followed from the mark, when its mm is known to be held. */
	if (event == WIRE_KILL_MARK || why == WIRE_KILL_SHARES_MM) {
		follow(address, event);
		/* The signal comes before the mark, so that the process may have passed the exit tracepoint before it was followed;
		 * behind exit_mm() it cannot: that waits for the victim's task_lock, which is held here. */
		if (exit_tracepoint_precedes_exit_mm())
			emit_exit(address);
	}
	return 0;
}

__noinline int emit_mm_released(__u64 mm)
{
	struct followed_mm *found = bpf_map_lookup_elem(&followed_mms, &mm);
	struct wire_mm_released *record;

	if (!found)
		return 0;
	record = WIRE_RESERVE_AFTER(wire_mm_released, WIRE_MM_RELEASED, found->episode);
	__u32 slot = found->outstanding_slot;
	if (record) {
		record->mm = mm;
		record->tgid = found->tgid;
		if (slot < OUTSTANDING_SLOTS) {
			record->rescans = outstanding[slot].rescans;
			record->last_rescan_ns = outstanding[slot].last_rescan_ns;
		}
		/* The group may be gone by now; its id says whether the address still holds what it held. */
		struct mem_cgroup *memcg = (void *)found->memcg;
		if (memcg && memcg_id_of(memcg) == found->memcg_id) {
			record->memcg_id = found->memcg_id;
			record->memcg_usage = BPF_CORE_READ(memcg, memory.usage.counter);
		}
		wire_submit_and_wake(record);
	}
	if (slot < OUTSTANDING_SLOTS)
		outstanding[slot].mm = 0;
	/* Two threads that let go at once may both have found it. */
	if (!bpf_map_delete_elem(&followed_mms, &mm))
		__sync_fetch_and_add(&followed_mm_count, -1);
	return 0;
}

__noinline int emit_release_at_exit(__u64 mm)
{
	if (mm && !BPF_CORE_READ((struct mm_struct *)mm, mm_users.counter))
		emit_mm_released(mm);
	return 0;
}

__noinline int emit_exit(__u64 address)
{
	struct task_struct *task = (void *)address;
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct followed_task *followed = bpf_map_lookup_elem(&followed_tasks, &tgid);
	struct wire_exit *record;

	if (!followed || BPF_CORE_READ(task, signal, live.counter))
		return 0;
	struct followed_task gone = *followed;
	/* The exit and the mark may meet on two CPUs: who takes the entry out sends the record. */
	if (bpf_map_delete_elem(&followed_tasks, &tgid))
		return 0;
	if (gone.pid != tgid)
		bpf_map_delete_elem(&followed_tasks, &gone.pid);
	__sync_fetch_and_add(&followed_task_count, -1);
	/* Its memory takes as long as before to come back, and the reaper may still be sent for it. */
	if (exit_tracepoint_precedes_exit_mm())
		bpf_map_update_elem(&exited_tasks, &gone.pid, &gone, BPF_ANY);
	record = WIRE_RESERVE_AFTER(wire_exit, WIRE_EXIT, gone.episode);
	if (record) {
		record->pid = BPF_CORE_READ(task, pid);
		record->tgid = tgid;
		/* In a group exit this is what wait(2) will report; task->exit_code is only the last thread's. */
		record->exit_code = BPF_CORE_READ(task, signal, group_exit_code);
		wire_submit_and_wake(record);
	}
	/* Such kernels have the tracepoint behind exit_mm(). A marked victim's mm stays in memory until its signal_struct goes. */
	return tracer.release_at_exit ? emit_release_at_exit(gone.mm) : 0;
}
