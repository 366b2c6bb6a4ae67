/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * state.bpf.h: the maps and variables that the programs share; defined once, in state.bpf.c.
 *
 * No state is per CPU: a memcg scan reschedules between tasks and may change CPU in the middle. The kernel's oom_lock serialises
 * every caller of out_of_memory(), so one `invocation` is enough; what runs outside that lock (reaper, exit, release) touches only
 * the `followed` and `released_mm` maps and the counters, and these with atomic adds.
 */
#ifndef OOMTRACE_STATE_BPF_H
#define OOMTRACE_STATE_BPF_H

#include "kernel_read.bpf.h"

#include "tracer_state.h"

extern const volatile struct tracer_config tracer;
extern struct invocation invocation;
extern struct candidate_batch candidate_batch;
extern struct tracer_counters counters;
extern struct last_sigkill last_sigkill;
extern struct outstanding_victim outstanding[OUTSTANDING_SLOTS];
extern struct per_cpu_areas per_cpu_areas;
extern struct noted_evaluation noted_evaluations[NOTED_EVALUATIONS];
extern __u64 stack_piece[STACK_PIECE_WORDS];

/*
 * Entries of followed_mms, and of followed_tasks by tgid: the cheap gates of every hook outside the OOM path. Above 0 only for the
 * seconds after a kill.
 */
extern __u64 followed_mm_count;
extern __u64 followed_task_count;
extern __u64 awaited_count; /* entries of awaited_identities: likewise */

/* Is the current task the one inside the open invocation? */
static __always_inline bool in_open_invocation(void)
{
	return invocation.task && invocation.task == (__u64)bpf_get_current_task();
}

/* The gate of the hooks that tell of a task or of its mm: either may be gone before the other. */
static __always_inline bool is_anything_followed(void)
{
	return followed_task_count || followed_mm_count;
}

#define MAX_FOLLOWED 4096

#endif /* OOMTRACE_STATE_BPF_H */
