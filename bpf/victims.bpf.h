/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * victims.bpf.h: the processes that an OOM kills, from the signal or the mark until their memory is back; and the kernel's scans that
 * one of them stops meanwhile.
 */
#ifndef OOMTRACE_VICTIMS_BPF_H
#define OOMTRACE_VICTIMS_BPF_H

#include "state.bpf.h"

/*
 * While a victim dies, every other allocating task enters out_of_memory() again and again, and the kernel aborts its scan as soon
 * as it meets that victim. Told in advance on the same data, under the same lock; such scans are counted and not sent.
 */
extern int scan_will_be_aborted(__u64 oom_memcg);

/* It was: for the victim that was expected to. */
extern int count_aborted_scan(void);

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

/* A thread of a process is in do_exit(): sends WIRE_EXIT if it is the last one of a followed process. */
extern int emit_exit(__u64 task);

/* The mm of a followed process is gone, or is about to be: its memory is back. */
extern int emit_mm_released(__u64 mm);

/* The same where no hook tells (tracer.release_at_exit): if no process has it any more. 0: there is no mm. */
extern int emit_release_at_exit(__u64 mm);

#endif /* OOMTRACE_VICTIMS_BPF_H */
