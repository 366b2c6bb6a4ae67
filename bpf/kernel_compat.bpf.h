/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * kernel_compat.bpf.h: the one ledger of kernel differences.
 *
 * The only file with flavours (struct x___v6_2) and existence checks. Each entry says since which version and commit, shows both
 * shapes, offers one accessor named for the fact, and says when it may go. The header vmlinux.h is that of 6.12; a flavour
 * is needed only for what that kernel lacks or shapes differently. Ask for the feature, never for the version.
 *
 * The accessors read through kernel_read.bpf.h's KERNEL_READ where they serve both direct and probed reads.
 */
#ifndef OOMTRACE_KERNEL_COMPAT_BPF_H
#define OOMTRACE_KERNEL_COMPAT_BPF_H

#include "kernel_read.bpf.h"

/*
 * mm_struct.rss_stat: until 6.1 `struct mm_rss_stat { atomic_long_t count[NR_MM_COUNTERS]; }`, since 6.2 an array of
 * percpu_counter (f1a7941243c1 "mm: convert mm's rss stats into percpu_counter").
 * Goes when 6.1 is no longer supported.
 */
struct mm_rss_stat___v6_1 {
	atomic_long_t count[4];
} __attribute__((preserve_access_index));

struct mm_struct___v6_1 {
	struct mm_rss_stat___v6_1 rss_stat;
} __attribute__((preserve_access_index));

#define rss_is_percpu() (!bpf_core_type_exists(struct mm_rss_stat___v6_1))

/*
 * The central count of one of the four counters; on a per-CPU counter what percpu_counter_read() gives, not clamped. The old shape
 * is always probed: the verifier of its time does not follow a typedef inside an array.
 */
#define mm_rss(mm, index)                                                \
	(rss_is_percpu() ? (__s64)KERNEL_READ(mm, rss_stat[index].count) \
			 : (__s64)BPF_CORE_READ((struct mm_struct___v6_1 *)(mm), rss_stat.count[index].counter))

/*
 * The address, within each CPU's area, of the four counters' deltas (__s32 each): percpu_counter_init_many() gives the four one
 * block (6.6, c439d5e8a0a9 "pcpcntr: add group allocation/free"). Only for kernels that sum them, 7.0 and later.
 */
#define mm_rss_deltas(mm) ((__u64)KERNEL_READ(mm, rss_stat[0].counters))

/*
 * mm_struct.flags: unsigned long until 6.17, `mm_flags_t { unsigned long __mm_flags[]; }` since 6.18
 * (bb6525f2f8c4 "mm: add bitmap mm->flags field"). Same bits, in the first word either way.
 * Goes when 6.17 is no longer supported.
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
	__u64 offset = bpf_core_field_exists(((struct mm_struct___v6_18 *)0)->flags)
			       ? bpf_core_field_offset(struct mm_struct___v6_18, flags)
			       : bpf_core_field_offset(struct mm_struct___v6_17, flags);
	unsigned long flags = 0;

	bpf_probe_read_kernel(&flags, sizeof(flags), (void *)mm + offset);
	return flags & (1UL << MMF_OOM_SKIP_BIT);
}

/*
 * kernfs_node.parent became __parent (RCU) in 6.15 (633488947ef6 "kernfs: Use RCU to access kernfs_node::parent").
 * Not needed: the hierarchy is walked through css.parent, which is the same in all versions.
 */

/*
 * zone->pageset (per_cpu_pageset.pcp.count) until 5.13, per_cpu_pageset (per_cpu_pages.count) since 5.14
 * (28f836b6777b "mm/page_alloc: split per cpu page lists and zone stats").
 * Goes when 5.10 is no longer supported.
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

/* Address, within each CPU's area, of a zone's count of pages on per-CPU lists (an int). */
static __always_inline __u64 zone_pcp_count_offset(struct zone *zone)
{
	if (bpf_core_field_exists(zone->per_cpu_pageset))
		return (__u64)BPF_CORE_READ(zone, per_cpu_pageset) + bpf_core_field_offset(struct per_cpu_pages, count);
	struct zone___v5_13 *old = (void *)zone;
	return (__u64)BPF_CORE_READ(old, pageset) + bpf_core_field_offset(struct per_cpu_pageset___v5_13, pcp.count);
}

/*
 * zone.nr_free_highatomic: since 6.13, and in 6.12.y (c928807f6f6b "mm/page_alloc: keep track of free highatomic").
 * zone.cma_pages: with CONFIG_CMA, since 5.12
 * (3c381db1fac8 "mm/page_alloc: count CMA pages per zone and print them in /proc/zoneinfo").
 * Neither goes: one is a backport, the other a config option.
 */
struct zone___v6_13 {
	unsigned long nr_free_highatomic;
} __attribute__((preserve_access_index));

struct zone___cma {
	unsigned long cma_pages;
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
 * pglist_data.kswapd_failures: int until 6.17, atomic_t since 6.18. Four bytes either way.
 * Goes when 6.17 is no longer supported.
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
 * The stat enums are renumbered in almost every release, and items come and go:
 *   NR_SLAB_RECLAIMABLE -> NR_SLAB_RECLAIMABLE_B (5.9, d42f3245c7e2 "mm: memcg: convert vmstat slab counters to bytes"),
 *   NR_PAGETABLE from the zone to the node (5.11, f0c0c115fb81 "mm: memcontrol: account pagetables per node"), ...
 * Every item is asked for by name; no kernel and no vmlinux.h has them all, so they are declared here. Never goes.
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
 * migratetype: MIGRATE_CMA and MIGRATE_ISOLATE are config options, so their numbers differ. Never goes.
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
 * mem_cgroup: what belongs to cgroup v1 moved under CONFIG_MEMCG_V1 in 6.11 (e93d4166b40a "mm: memcg: put cgroup
 * v1-specific code under a config option") and is absent on Debian since then; swappiness went in 7.x.
 * Never goes: a config option.
 */
struct mem_cgroup___v1 {
	struct page_counter kmem;
	struct page_counter tcpmem;
	bool oom_lock;
	int oom_kill_disable;
	int swappiness;
} __attribute__((preserve_access_index));

#define memcg_has(field) bpf_core_field_exists(((struct mem_cgroup___v1 *)0)->field)

/*
 * page_counter.failcnt: kept only for cgroup v1 since 6.16, told by a new member; on v2 the OOM report prints the memory.events
 * counters `max` and `swap.max` in its place ("page_counter: track failcnt only for legacy cgroups").
 * Goes when 6.15 is no longer supported.
 */
struct page_counter___v6_16 {
	bool track_failcnt;
} __attribute__((preserve_access_index));

#define failcnt_is_v1_only() bpf_core_field_exists(((struct page_counter___v6_16 *)0)->track_failcnt)

/*
 * css_task_iter, by which a memcg's tasks are scanned: until 6.19 a dying process leaves it in cgroup_exit(), shortly before it
 * becomes a zombie; with CSS_TASK_ITER_WITH_DEAD (7.0, "cgroup: Hide dead tasks") it stays on the list and is passed over without that
 * flag, as soon as its last thread has begun to exit. So from then on a memcg scan is no longer stopped by a victim that still
 * holds its memory.
 * Goes when 6.19 is no longer supported.
 */
enum css_task_iter_flags___v7_0 {
	CSS_TASK_ITER_WITH_DEAD___v7_0 = 4,
};

#define exiting_tasks_are_passed_over() \
	bpf_core_enum_value_exists(enum css_task_iter_flags___v7_0, CSS_TASK_ITER_WITH_DEAD___v7_0)

/* memory_events[]: MEMCG_OOM_GROUP_KILL was inserted in 5.17 and moves what follows; ask for the number. Never goes. */
#define memcg_event_index(event) bpf_core_enum_value(enum memcg_memory_event, event)

/*
 * sched:sched_process_exit: in do_exit() behind exit_mm() until 6.15, in front of it since 6.16, where it also got a record of its
 * own instead of the sched_process_template's.
 * Goes when 6.15 is no longer supported.
 */
struct trace_event_raw_sched_process_exit___v6_16 {
	bool group_dead;
} __attribute__((preserve_access_index));

#define exit_tracepoint_precedes_exit_mm() \
	bpf_core_field_exists(((struct trace_event_raw_sched_process_exit___v6_16 *)0)->group_dead)

/*
 * oom_badness() returns unsigned long until 5.8 and long since 5.9 (9066e5cfb73c "mm, oom: make the calculation of oom badness
 * more accurate"); oom_control.chosen_points changed with it. The members have the same size, so the type's signedness is asked.
 * Goes when 5.10 is the oldest supported kernel.
 */
#define chosen_points_is_signed() \
	(__builtin_preserve_field_info(((struct oom_control *)0)->chosen_points, BPF_FIELD_SIGNED) != 0)

/*
 * bpf_map_lookup_percpu_elem(): since 5.19 (07343110b293 "bpf: add bpf_map_lookup_percpu_elem for percpu map").
 * Goes when 5.18 is no longer supported.
 */
#define has_lookup_percpu_elem() bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_map_lookup_percpu_elem)

#endif /* OOMTRACE_KERNEL_COMPAT_BPF_H */
