/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * maps.bpf.h: every map. All are preallocated: during an OOM nothing may ask for memory. Weak, so that the objects which include
 * this header share one of each after linking.
 *
 * Of a common LRU list each CPU takes 128 entries in advance, and a CPU that finds none left gives up its latest entry for the next
 * (before d4adf1c9ee77, 6.17). So what must not be forgotten early has a list per CPU, and the size of each LRU map is the least one:
 * user space adds for the host's CPUs.
 */
#ifndef OOMTRACE_MAPS_BPF_H
#define OOMTRACE_MAPS_BPF_H

#include "state.bpf.h"

/* Its size is set from the host by user space: it must hold a whole scan while the collector cannot run. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} records __weak SEC(".maps");

/* cgroup id -> the episode in which it was last announced. LRU: groups come and go for years. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u64);
} announced_memcgs __weak SEC(".maps");

/* pid or tgid of a killed process -> what it belongs to. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * MAX_FOLLOWED);
	__type(key, __u32);
	__type(value, struct followed_task);
} followed_tasks __weak SEC(".maps");

/*
 * The same of those that passed the exit tracepoint with their memory still to give back, by the pid that the reaper's tracepoints
 * name. LRU: an entry counts only as long as its mm is in followed_mms, and nobody takes it out.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(map_flags, BPF_F_NO_COMMON_LRU);
	__uint(max_entries, MAX_FOLLOWED);
	__type(key, __u32);
	__type(value, struct followed_task);
} exited_tasks __weak SEC(".maps");

/* address of a killed process's mm_struct -> what it belongs to. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_FOLLOWED);
	__type(key, __u64);
	__type(value, struct followed_mm);
} followed_mms __weak SEC(".maps");

/* tgid of a victim -> the task to name in the record of its identity. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_AWAITED);
	__type(key, __u32);
	__type(value, struct awaited_identity);
} awaited_identities __weak SEC(".maps");

#endif /* OOMTRACE_MAPS_BPF_H */
