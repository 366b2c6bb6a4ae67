/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * invocation.bpf.h: one OOM from the entry of out_of_memory() to its return, whatever the hooks that watch it. The programs of
 * function_hooks_*.bpf.c, task_walk.bpf.h, kills.bpf.c and aftermath.bpf.c call these; defined in invocation.bpf.c.
 */
#ifndef OOMTRACE_INVOCATION_BPF_H
#define OOMTRACE_INVOCATION_BPF_H

#include "memory_state.bpf.h"
#include "read_task.bpf.h"
#include "state.bpf.h"
#include "wire_emit.bpf.h"

#define OOM_ABORTED ((__u64)-1) /* oc->chosen when an earlier victim stops the scan */

/* Opens an invocation of the current task; sends nothing yet, since most calls end without weighing anything. */
extern int open_invocation(__u64 oom_control);

/* Sends WIRE_INVOCATION_BEGIN and the state of memory, once. */
extern int begin_episode(__u64 victim);

/* oom_kill_process(oc, message) was entered. */
extern int emit_choice(__u64 message);

/* One WIRE_KILL, and what becomes of the process is followed from here. */
extern int emit_kill(__u64 task, __u32 event, __u32 why);

/*
 * One kill that the kernel has counted: __oom_kill_process() counts each process that it signals and marks, and the first victim of
 * a group again with the rest, but not those that share its mm.
 */
static __always_inline void count_kill(void)
{
	invocation.kills_seen++;
	__sync_fetch_and_add(&counters.kills_seen, 1);
}

/* Sends WIRE_INVOCATION_END. Nothing more is numbered after it. */
extern int close_episode(__u32 outcome, int returned, __u32 walk_stop, __u64 walk_ns);

/* out_of_memory() has returned. */
extern int finish_invocation(int returned);

/* A thread of a process is in do_exit(): sends WIRE_EXIT if it is the last one of a followed process. */
extern int emit_exit(__u64 task);

/* The mm of a followed process is gone, or is about to be: its memory is back. */
extern int emit_mm_released(__u64 mm);

/* The same where no hook tells (tracer.release_at_exit): if no process has it any more. 0: there is no mm. */
extern int emit_release_at_exit(__u64 mm);

/* The group whose limit fired, from the open invocation's oom_control. */
static __always_inline void read_oom_memcg(void)
{
	struct oom_control *oc = (void *)invocation.oom_control; /* apart: CO-RE would relocate our own struct */
	struct mem_cgroup *memcg = BPF_CORE_READ(oc, memcg);

	invocation.oom_memcg = (__u64)memcg;
	invocation.oom_memcg_id = memcg ? memcg_id_of(memcg) : 0;
}

/* Is the current task the one inside the open invocation? */
static __always_inline bool in_open_invocation(void)
{
	return invocation.task && invocation.task == (__u64)bpf_get_current_task();
}

static __always_inline void take_stack(void *context)
{
	/* Into the state and not into the record: a record is reserved in functions that have no context. */
	long bytes = bpf_get_stack(context, invocation.stack, sizeof(invocation.stack), 0);
	invocation.stack_depth = bytes > 0 ? (__u64)bytes / sizeof(__u64) : 0;
}

#endif /* OOMTRACE_INVOCATION_BPF_H */
