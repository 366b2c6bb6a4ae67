/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * kernel_compat.bpf.h: the one ledger of kernel differences.
 *
 * The only file with flavours (struct x___v6_2) and existence checks; scripts/lint.sh keeps it so. Ask for the
 * feature, never for the version: distributions backport. An entry begins with a comment that says, a line each,
 *
 *   until 6.1, since 6.2   the two shapes, which the flavours are named for: by version, or by the option they depend on
 *   by                     the commit in the mainline kernel, and its subject
 *   goes at                the oldest supported kernel at which the entry is dead; or: never, and why not
 *
 * and offers accessors named for the fact. The check lists the entries that are past that. tests/unit/compat runs every decision
 * and every accessor against the BTF of the kernels in tests/data/btf: a new one goes there too.
 *
 * oldest kernel: 5.8, the first with a BPF ring buffer; the oldest that is tested is 5.10.
 *
 * The accessors read through kernel_read.bpf.h's KERNEL_READ where they serve both direct and probed reads.
 */
#ifndef OOMTRACE_KERNEL_COMPAT_BPF_H
#define OOMTRACE_KERNEL_COMPAT_BPF_H

#include "kernel_read.bpf.h"

/*
 * mm_struct.rss_stat, the counters of resident pages
 *   until 6.1  struct mm_rss_stat { atomic_long_t count[NR_MM_COUNTERS]; }
 *   since 6.2  an array of struct percpu_counter
 *   by         f1a7941243c1 "mm: convert mm's rss stats into percpu_counter"
 *   goes at    6.2
 */
struct mm_rss_stat___v6_1 {
	atomic_long_t count[4];
} __attribute__((preserve_access_index));

struct mm_struct___v6_1 {
	struct mm_rss_stat___v6_1 rss_stat;
} __attribute__((preserve_access_index));

struct mm_struct___v6_2 {
	struct percpu_counter rss_stat[4];
} __attribute__((preserve_access_index));

#define rss_is_percpu() (!bpf_core_type_exists(struct mm_rss_stat___v6_1))

/*
 * The central count of one of the four counters; on a per-CPU counter what percpu_counter_read() gives, not clamped. The old shape
 * is always probed: the verifier of its time does not follow a typedef inside an array.
 */
#define mm_rss(mm, index)                                                                             \
	(rss_is_percpu() ? (__s64)KERNEL_READ((struct mm_struct___v6_2 *)(mm), rss_stat[index].count) \
			 : (__s64)BPF_CORE_READ((struct mm_struct___v6_1 *)(mm), rss_stat.count[index].counter))

/*
 * The address, within each CPU's area, of the four counters' deltas (__s32 each): percpu_counter_init_many() gives the four one
 * block (6.6, c439d5e8a0de "pcpcntr: add group allocation/free"). Only for kernels that sum them, 7.0 and later.
 */
#define mm_rss_deltas(mm) ((__u64)KERNEL_READ((struct mm_struct___v6_2 *)(mm), rss_stat[0].counters))

/*
 * mm_struct.flags; the same bits in the first word either way
 *   until 6.17  unsigned long
 *   since 6.18  mm_flags_t, a bitmap in a struct
 *   by          bb6525f2f8c4 "mm: add bitmap mm->flags field"
 *   goes at     6.18
 */
struct mm_struct___v6_17 {
	unsigned long flags;
} __attribute__((preserve_access_index));

typedef struct {
	unsigned long __mm_flags[1];
} mm_flags_t___v6_18;

struct mm_struct___v6_18 {
	mm_flags_t___v6_18 flags;
} __attribute__((preserve_access_index));

#define MMF_OOM_SKIP_BIT 21 /* include/linux/sched/coredump.h, mm_types.h: the same bit in 5.4 .. 7.3 */

static __always_inline bool mm_has_oom_skip(struct mm_struct *mm)
{
#ifdef OOMTRACE_CAST_READS
	__u64 word = bpf_core_field_exists(((struct mm_struct___v6_18 *)0)->flags)
			     ? ((struct mm_struct___v6_18 *)mm)->flags.__mm_flags[0]
			     : ((struct mm_struct___v6_17 *)mm)->flags;
	return word & (1UL << MMF_OOM_SKIP_BIT);
#else
	__u64 offset = bpf_core_field_exists(((struct mm_struct___v6_18 *)0)->flags)
			       ? bpf_core_field_offset(struct mm_struct___v6_18, flags)
			       : bpf_core_field_offset(struct mm_struct___v6_17, flags);
	unsigned long flags = 0;

	bpf_probe_read_kernel(&flags, sizeof(flags), (void *)mm + offset);
	return flags & (1UL << MMF_OOM_SKIP_BIT);
#endif
}

/*
 * The pages on a zone's per-CPU lists
 *   until 5.13  zone.pageset, a struct per_cpu_pageset with pcp.count
 *   since 5.14  zone.per_cpu_pageset, a struct per_cpu_pages with count
 *   by          28f836b6777b "mm/page_alloc: split per cpu page lists and zone stats"
 *   goes at     5.14
 */
struct per_cpu_pages___v5_13 {
	int count;
} __attribute__((preserve_access_index));

struct per_cpu_pageset___v5_13 {
	struct per_cpu_pages___v5_13 pcp;
} __attribute__((preserve_access_index));

struct zone___v5_13 {
	struct per_cpu_pageset___v5_13 *pageset;
} __attribute__((preserve_access_index));

struct per_cpu_pages___v5_14 {
	int count;
} __attribute__((preserve_access_index));

struct zone___v5_14 {
	struct per_cpu_pages___v5_14 *per_cpu_pageset;
} __attribute__((preserve_access_index));

/* Address, within each CPU's area, of a zone's count of pages on per-CPU lists (an int). */
static __always_inline __u64 zone_pcp_count_offset(struct zone *zone)
{
	struct zone___v5_14 *new = (void *)zone;
	if (bpf_core_field_exists(new->per_cpu_pageset))
		return (__u64)BPF_CORE_READ(new, per_cpu_pageset) + bpf_core_field_offset(struct per_cpu_pages___v5_14, count);
	struct zone___v5_13 *old = (void *)zone;
	return (__u64)BPF_CORE_READ(old, pageset) + bpf_core_field_offset(struct per_cpu_pageset___v5_13, pcp.count);
}

/*
 * zone.nr_free_highatomic
 *   until 6.12  not counted; stable releases of 6.12 have it (6.12.107), and none of 6.6 that was looked at
 *   since 6.13  a counter
 *   by          c928807f6f6b "mm/page_alloc: keep track of free highatomic"
 *   goes at     6.13
 */
struct zone___v6_13 {
	unsigned long nr_free_highatomic;
} __attribute__((preserve_access_index));

static __always_inline bool zone_has_free_highatomic(void)
{
	return bpf_core_field_exists(((struct zone___v6_13 *)0)->nr_free_highatomic);
}

static __always_inline __u64 zone_free_highatomic(struct zone *zone)
{
	struct zone___v6_13 *new = (void *)zone;
	return zone_has_free_highatomic() ? BPF_CORE_READ(new, nr_free_highatomic) : 0;
}

/*
 * zone.cma_pages
 *   until 5.11  not counted
 *   since 5.12  a counter, with CONFIG_CMA
 *   by          3c381db1fac8 "mm/page_alloc: count CMA pages per zone and print them in /proc/zoneinfo"
 *   goes at     never: an option of the configuration
 */
struct zone___cma {
	unsigned long cma_pages;
} __attribute__((preserve_access_index));

static __always_inline bool zone_has_cma(void)
{
	return bpf_core_field_exists(((struct zone___cma *)0)->cma_pages);
}

static __always_inline __u64 zone_cma_pages(struct zone *zone)
{
	struct zone___cma *cma = (void *)zone;
	return zone_has_cma() ? BPF_CORE_READ(cma, cma_pages) : 0;
}

/*
 * pglist_data.kswapd_failures; four bytes either way
 *   until 6.17  int
 *   since 6.18  atomic_t
 *   by          a commit whose hash and subject are not known here
 *   goes at     6.18
 */
struct pglist_data___v6_17 {
	int kswapd_failures;
} __attribute__((preserve_access_index));

struct pglist_data___v6_18 {
	atomic_t kswapd_failures;
} __attribute__((preserve_access_index));

static __always_inline int node_kswapd_failures(struct pglist_data *pgdat)
{
	if (bpf_core_field_exists(((struct pglist_data___v6_18 *)0)->kswapd_failures)) {
		struct pglist_data___v6_18 *new = (void *)pgdat;
		return BPF_CORE_READ(new, kswapd_failures.counter);
	}
	struct pglist_data___v6_17 *old = (void *)pgdat;
	return BPF_CORE_READ(old, kswapd_failures);
}

/*
 * enum zone_stat_item, enum node_stat_item: renumbered in almost every release, and items come and go
 *   until 5.8   NR_SLAB_RECLAIMABLE
 *   since 5.9   NR_SLAB_RECLAIMABLE_B, of a node in pages all the same
 *   by          d42f3245c7e2 "mm: memcg: convert vmstat slab counters to bytes"
 *   until 5.10  NR_PAGETABLE of the zone
 *   since 5.11  NR_PAGETABLE of the node
 *   by          f0c0c115fb81 "mm: memcontrol: account pagetables per node"
 *   until 6.15  NR_BOUNCE of the zone
 *   since 6.16  none
 *   by          194df9f66db8 "mm: remove NR_BOUNCE zone stat"
 *   goes at     never: every item is asked for by name, since no kernel and no vmlinux.h has them all
 */
enum zone_stat_item___all {
	NR_FREE_PAGES___all,
	NR_ZONE_INACTIVE_ANON___all,
	NR_ZONE_ACTIVE_ANON___all,
	NR_ZONE_INACTIVE_FILE___all,
	NR_ZONE_ACTIVE_FILE___all,
	NR_ZONE_UNEVICTABLE___all,
	NR_ZONE_WRITE_PENDING___all,
	NR_MLOCK___all,
	NR_BOUNCE___all,
	NR_ZSPAGES___all,
	NR_FREE_CMA_PAGES___all,
};

enum node_stat_item___all {
	NR_INACTIVE_ANON___all,
	NR_ACTIVE_ANON___all,
	NR_INACTIVE_FILE___all,
	NR_ACTIVE_FILE___all,
	NR_UNEVICTABLE___all,
	NR_SLAB_RECLAIMABLE_B___all,
	NR_SLAB_UNRECLAIMABLE_B___all,
	NR_ISOLATED_ANON___all,
	NR_ISOLATED_FILE___all,
	NR_ANON_MAPPED___all,
	NR_FILE_MAPPED___all,
	NR_FILE_PAGES___all,
	NR_FILE_DIRTY___all,
	NR_WRITEBACK___all,
	NR_SHMEM___all,
	NR_SHMEM_THPS___all,
	NR_FILE_THPS___all,
	NR_ANON_THPS___all,
	NR_KERNEL_MISC_RECLAIMABLE___all,
	NR_FOLL_PIN_ACQUIRED___all,
	NR_FOLL_PIN_RELEASED___all,
	NR_KERNEL_STACK_KB___all,
	NR_PAGETABLE___all,
	NR_SECONDARY_PAGETABLE___all,
	NR_SWAPCACHE___all,
};

/* Index of an item in vm_stat[] on the running kernel, or -1. */
#define zone_stat_index(item)                                                        \
	(bpf_core_enum_value_exists(enum zone_stat_item___all, item##___all)         \
		 ? (int)bpf_core_enum_value(enum zone_stat_item___all, item##___all) \
		 : -1)
#define node_stat_index(item)                                                        \
	(bpf_core_enum_value_exists(enum node_stat_item___all, item##___all)         \
		 ? (int)bpf_core_enum_value(enum node_stat_item___all, item##___all) \
		 : -1)

/*
 * enum migratetype: MIGRATE_CMA with CONFIG_CMA, MIGRATE_ISOLATE with CONFIG_MEMORY_ISOLATION; what follows them moves
 *   goes at  never: options of the configuration
 */
enum migratetype___all {
	MIGRATE_UNMOVABLE___all,
	MIGRATE_MOVABLE___all,
	MIGRATE_RECLAIMABLE___all,
	MIGRATE_HIGHATOMIC___all,
	MIGRATE_CMA___all,
	MIGRATE_ISOLATE___all,
};

#define migrate_type_index(type)                                                  \
	(bpf_core_enum_value_exists(enum migratetype___all, type##___all)         \
		 ? (int)bpf_core_enum_value(enum migratetype___all, type##___all) \
		 : -1)

/*
 * mem_cgroup: what belongs to cgroup v1
 *   until 6.10  always there
 *   since 6.11  with CONFIG_MEMCG_V1, which Debian's kernels do without; swappiness with or without, until it goes in 7.x by a
 *               commit not known here
 *   by          e93d4166b40a "mm: memcg: put cgroup v1-specific code under a config option"
 *   goes at     never: an option of the configuration
 */
struct mem_cgroup___v1 {
	struct page_counter kmem;
	bool oom_lock;
	int oom_kill_disable;
	int swappiness;
} __attribute__((preserve_access_index));

#define memcg_has(field) bpf_core_field_exists(((struct mem_cgroup___v1 *)0)->field)

/* 0 where the kernel has none. */
static __always_inline struct page_counter *memcg_kmem(struct mem_cgroup *memcg)
{
	return memcg_has(kmem) ? (void *)memcg + bpf_core_field_offset(struct mem_cgroup___v1, kmem) : 0;
}

static __always_inline bool memcg_has_oom_lock(void)
{
	return memcg_has(oom_lock);
}

/* Only with memcg_has_oom_lock(): a second check inside a loop is laid out in a way that the verifier of 5.10 refuses. */
static __always_inline bool memcg_oom_locked(struct mem_cgroup *memcg)
{
	return BPF_CORE_READ((struct mem_cgroup___v1 *)memcg, oom_lock);
}

static __always_inline bool memcg_oom_kill_disabled(struct mem_cgroup *memcg)
{
	return memcg_has(oom_kill_disable) && BPF_CORE_READ((struct mem_cgroup___v1 *)memcg, oom_kill_disable);
}

/* -1 where the kernel has none. */
static __always_inline int memcg_swappiness(struct mem_cgroup *memcg)
{
	return memcg_has(swappiness) ? BPF_CORE_READ((struct mem_cgroup___v1 *)memcg, swappiness) : -1;
}

/*
 * page_counter.failcnt
 *   until 6.15  kept for every cgroup
 *   since 6.16  kept for cgroup v1 only, told by a new member; on v2 the OOM report prints the memory.events counters `max` and
 *               `swap.max` in its place
 *   by          "page_counter: track failcnt only for legacy cgroups"; its hash is not known here
 *   goes at     6.16
 */
struct page_counter___v6_16 {
	bool track_failcnt;
} __attribute__((preserve_access_index));

#define failcnt_is_v1_only() bpf_core_field_exists(((struct page_counter___v6_16 *)0)->track_failcnt)

/*
 * css_task_iter, by which a memcg's tasks are scanned
 *   until 6.19  a dying process leaves it in cgroup_exit(), shortly before it becomes a zombie
 *   since 7.0   it stays on the list and is passed over without CSS_TASK_ITER_WITH_DEAD, as soon as its last thread has begun to
 *               exit: a memcg scan is no longer stopped by a victim that still holds its memory
 *   by          a commit whose hash and subject are not known here
 *   goes at     7.0
 */
enum css_task_iter_flags___v7_0 {
	CSS_TASK_ITER_WITH_DEAD___v7_0 = 4,
};

#define exiting_tasks_are_passed_over() \
	bpf_core_enum_value_exists(enum css_task_iter_flags___v7_0, CSS_TASK_ITER_WITH_DEAD___v7_0)

/*
 * NR_ANON_THPS, NR_FILE_THPS and NR_SHMEM_THPS of node_stat_item
 *   until 5.11  huge pages; told from a member that the same series took out of memcontrol.c's table of units
 *   since 5.12  pages
 *   by          69473e5de873 "mm: memcontrol: convert NR_ANON_THPS account to pages" and those after it
 *   goes at     5.12
 */
struct memory_stat___v5_11 {
	unsigned int ratio;
} __attribute__((preserve_access_index));

#define thps_are_counted_whole() bpf_core_field_exists(((struct memory_stat___v5_11 *)0)->ratio)

/*
 * mem_cgroup.memory_events[]: what follows MEMCG_OOM_KILL
 *   until 5.16  MEMCG_SWAP_HIGH, MEMCG_SWAP_MAX
 *   since 5.17  MEMCG_OOM_GROUP_KILL first
 *   by          b6bf9abb0aa4 "mm/memcg: add oom_group_kill memory event"
 *   goes at     never: other events will come, so that every one is asked for by name
 */
#define memcg_event_index(event) bpf_core_enum_value(enum memcg_memory_event, event)
#define memcg_counts_group_kills() bpf_core_enum_value_exists(enum memcg_memory_event, MEMCG_OOM_GROUP_KILL)

/*
 * The tracepoint sched:sched_process_exit in do_exit()
 *   until 6.15  behind exit_mm(), with the record of sched_process_template
 *   since 6.16  in front of exit_mm(), with a record of its own
 *   by          "exit: move and extend sched_process_exit() tracepoint"; its hash is not known here
 *   goes at     6.16
 */
struct trace_event_raw_sched_process_exit___v6_16 {
	bool group_dead;
} __attribute__((preserve_access_index));

#define exit_tracepoint_precedes_exit_mm() \
	bpf_core_field_exists(((struct trace_event_raw_sched_process_exit___v6_16 *)0)->group_dead)

/*
 * oom_badness(), and oom_control.chosen_points with it; the same size, so that the signedness is asked for
 *   until 5.8  unsigned long, at least 1
 *   since 5.9  long
 *   by         9066e5cfb73c "mm, oom: make the calculation of oom badness more accurate"
 *   goes at    5.9
 */
#define chosen_points_is_signed() \
	(__builtin_preserve_field_info(((struct oom_control *)0)->chosen_points, BPF_FIELD_SIGNED) != 0)

/*
 * bpf_map_lookup_percpu_elem()
 *   until 5.18  no such helper
 *   since 5.19  a helper
 *   by          07343110b293 "bpf: add bpf_map_lookup_percpu_elem for percpu map"
 *   goes at     5.19
 */
#define has_lookup_percpu_elem() bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_map_lookup_percpu_elem)

/*
 * The cpuset controller: with CONFIG_CPUSETS; its number depends on what else is configured
 *   goes at  never: an option of the configuration
 */
#define has_cpusets() bpf_core_enum_value_exists(enum cgroup_subsys_id, cpuset_cgrp_id)

/* The task's cpuset; 0 where the kernel has none. */
static __always_inline struct cgroup_subsys_state *task_cpuset(struct task_struct *task)
{
	if (!has_cpusets())
		return 0;
	return BPF_CORE_READ(task, cgroups, subsys[bpf_core_enum_value(enum cgroup_subsys_id, cpuset_cgrp_id)]);
}

/*
 * task_struct.mempolicy
 *   goes at  never: CONFIG_NUMA
 */
struct task_struct___numa {
	struct mempolicy *mempolicy;
} __attribute__((preserve_access_index));

#define has_mempolicy() bpf_core_field_exists(((struct task_struct___numa *)0)->mempolicy)

/*
 * The nodes of a struct mempolicy
 *   until 5.13  v.nodes, in a union with preferred_node
 *   since 5.14  nodes
 *   by          269fbe72cded "mm/mempolicy: use unified 'nodes' for bind/interleave/prefer policies"
 *   goes at     5.14
 */
struct mempolicy___v5_13 {
	union {
		nodemask_t nodes;
	} v;
} __attribute__((preserve_access_index));

struct mempolicy___v5_14 {
	nodemask_t nodes;
} __attribute__((preserve_access_index));

#define MPOL_BIND_MODE 2 /* MPOL_BIND of include/uapi/linux/mempolicy.h, an enum without a name: the same in 5.4 .. 7.3 */

/* The address of the nodemask_t that the task's own policy confines its allocations to; 0: none does. */
static __always_inline void *task_bind_nodes(struct task_struct *task)
{
	struct mempolicy *policy = has_mempolicy() ? BPF_CORE_READ((struct task_struct___numa *)task, mempolicy) : 0;

	if (!policy || BPF_CORE_READ(policy, mode) != MPOL_BIND_MODE)
		return 0;
	return (void *)policy + (bpf_core_field_exists(((struct mempolicy___v5_14 *)0)->nodes)
					 ? bpf_core_field_offset(struct mempolicy___v5_14, nodes)
					 : bpf_core_field_offset(struct mempolicy___v5_13, v.nodes));
}

/*
 * enum compact_result, enum compact_priority: internal to the allocator
 *   goes at  never: nothing promises that they keep their numbers
 */
#define compact_result_index(result) \
	(bpf_core_enum_value_exists(enum compact_result, result) ? (int)bpf_core_enum_value(enum compact_result, result) : -1)
#define compact_priority_index(priority)                                     \
	(bpf_core_enum_value_exists(enum compact_priority, priority)         \
		 ? (int)bpf_core_enum_value(enum compact_priority, priority) \
		 : -1)

/*
 * Looked at, and in no need of an entry: kernfs_node.parent became __parent in 6.15 (633488947ef6 "kernfs: Use RCU to access
 * kernfs_node::parent."), but the hierarchy is walked through css.parent, which is the same in all versions.
 */

#endif /* OOMTRACE_KERNEL_COMPAT_BPF_H */
