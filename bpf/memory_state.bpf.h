/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * memory_state.bpf.h: the state of memory when the OOM began: cgroups, nodes, zones. Functions of their own (the verifier checks
 * each once), called with addresses. Defined in memcg.bpf.c and zones.bpf.c.
 */
#ifndef OOMTRACE_MEMORY_STATE_BPF_H
#define OOMTRACE_MEMORY_STATE_BPF_H

#include "kernel_read.bpf.h"

/* Sends one group as it is now, whether or not it was sent before. */
extern int emit_memcg(__u64 address, __u64 id);

/* Sends one WIRE_MEMCG for the group at this address and for each above it that this episode has not mentioned yet. */
extern int announce_memcg(__u64 memcg);

/* Is `memcg` the group `ancestor` or below it? */
extern int memcg_is_within(__u64 memcg, __u64 ancestor);

/* The level, from `memcg` up, whose limit most likely fired: held by memcg->oom_lock, else the innermost one that is full and
 * that the trigger is charged to too. Sets invocation.oom_memcg, .oom_memcg_id and .memcg_locked. */
extern int find_limit_memcg(__u64 memcg, __u64 trigger_memcg);

/* The topmost group at or above the victim's, below `domain`, with memory.oom.group: its cgroup id, or 0. */
extern __u64 oom_group_of(__u64 memcg, __u64 domain);

/* Sends every node and populated zone. Nodes are reached from any memcg; without one, from oom_control's zonelist. */
extern int emit_memory_state(__u64 memcg, __u64 zonelist);

/* The cgroup in whose memory.events the kernel counts the kill of this task: 0: none. With memory.oom.group, the whole group's. */
extern __u64 kill_counting_memcg(__u64 victim);
extern __u64 memcg_oom_kills(__u64 memcg);
extern __u64 memcg_group_kills(__u64 memcg); /* 0 also where !memcg_counts_group_kills() */

#endif /* OOMTRACE_MEMORY_STATE_BPF_H */
