/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * invocation.bpf.h: one OOM from the entry of out_of_memory() to its return, whatever the hooks that watch it. The programs of
 * function_hooks_*.bpf.c, task_walk.bpf.h and kills.bpf.c call these.
 */
#ifndef OOMTRACE_INVOCATION_BPF_H
#define OOMTRACE_INVOCATION_BPF_H

#include "state.bpf.h"

/* Opens an invocation of the current task; sends nothing yet, since most calls end without weighing anything. */
extern int open_invocation(__u64 oom_control);

/* Sends WIRE_INVOCATION_BEGIN and the state of memory, once. */
extern int begin_episode(__u64 victim);

/* Of a suppressed scan: the victim that would have stopped it may have let go of its memory meanwhile. Then it is suppressed no
 * longer, and what was noted of it is sent. */
extern int look_at_suppression(void);

/* oom_kill_process(oc, message) was entered. */
extern int emit_choice(__u64 message);

/* Sends WIRE_INVOCATION_END. Nothing more is numbered after it. */
extern int close_episode(__u32 outcome, int returned, __u32 walk_stop, __u64 walk_ns);

/* out_of_memory() has returned. */
extern int finish_invocation(int returned);

static __always_inline void take_stack(void *context)
{
	/* Into the state and not into the record: a record is reserved in functions that have no context. */
	long bytes = bpf_get_stack(context, invocation.stack, sizeof(invocation.stack), 0);
	invocation.stack_depth = bytes > 0 ? (__u64)bytes / sizeof(__u64) : 0;
}

#endif /* OOMTRACE_INVOCATION_BPF_H */
