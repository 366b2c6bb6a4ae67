// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Every decision of kernel_compat.bpf.h, taken against the BTF that user space names, and written down.
//
// CO-RE settles them when the object is loaded, against whatever BTF it is given, so that no kernel but the running one is
// needed. An accessor is given `object` in place of the kernel's: where each word tells its own offset, what comes back says
// what was read.
#include "kernel_compat.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define OBJECT_SIZE (1 << 19) /* pglist_data with its zonelists is the largest */

__u8 object[OBJECT_SIZE] = {};

/* Offsets in bytes, numbers of enumerators, or 0 and 1; -1: this kernel has none. */
struct decisions {
    __s64 rss_is_percpu, mm_rss_file, mm_rss_anon, mm_rss_swap, mm_rss_shmem, mm_rss_deltas;
    __s64 mm_has_oom_skip;
    __s64 zone_pcp_count;
    __s64 zone_has_free_highatomic, zone_free_highatomic, zone_has_cma, zone_cma_pages;
    __s64 node_kswapd_failures;
    __s64 NR_FREE_PAGES, NR_ZONE_INACTIVE_ANON, NR_ZONE_ACTIVE_ANON, NR_ZONE_INACTIVE_FILE, NR_ZONE_ACTIVE_FILE;
    __s64 NR_ZONE_UNEVICTABLE, NR_ZONE_WRITE_PENDING, NR_MLOCK, NR_BOUNCE, NR_ZSPAGES, NR_FREE_CMA_PAGES;
    __s64 NR_INACTIVE_ANON, NR_ACTIVE_ANON, NR_INACTIVE_FILE, NR_ACTIVE_FILE, NR_UNEVICTABLE;
    __s64 NR_SLAB_RECLAIMABLE_B, NR_SLAB_UNRECLAIMABLE_B, NR_ISOLATED_ANON, NR_ISOLATED_FILE;
    __s64 NR_ANON_MAPPED, NR_FILE_MAPPED, NR_FILE_PAGES, NR_FILE_DIRTY, NR_WRITEBACK;
    __s64 NR_SHMEM, NR_SHMEM_THPS, NR_FILE_THPS, NR_ANON_THPS, NR_KERNEL_MISC_RECLAIMABLE;
    __s64 NR_FOLL_PIN_ACQUIRED, NR_FOLL_PIN_RELEASED, NR_KERNEL_STACK_KB, NR_PAGETABLE;
    __s64 NR_SECONDARY_PAGETABLE, NR_SWAPCACHE;
    __s64 MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_HIGHATOMIC, MIGRATE_CMA, MIGRATE_ISOLATE;
    __s64 memcg_kmem, memcg_has_oom_lock, memcg_oom_locked, memcg_oom_kill_disabled, memcg_swappiness;
    __s64 failcnt_is_v1_only;
    __s64 exiting_tasks_are_passed_over;
    __s64 thps_are_counted_whole;
    __s64 MEMCG_MAX, MEMCG_OOM, MEMCG_OOM_KILL, MEMCG_SWAP_MAX;
    __s64 exit_tracepoint_precedes_exit_mm;
    __s64 chosen_points_is_signed;
    __s64 has_lookup_percpu_elem;
    __s64 has_cpusets, task_cpuset;
    __s64 has_mempolicy, task_bind_nodes, nodes_of_another_policy;
    __s64 memcg_counts_group_kills;
    __s64 COMPACT_NOT_SUITABLE_ZONE, COMPACT_SKIPPED, COMPACT_DEFERRED, COMPACT_NO_SUITABLE_PAGE, COMPACT_CONTINUE;
    __s64 COMPACT_COMPLETE, COMPACT_PARTIAL_SKIPPED, COMPACT_CONTENDED, COMPACT_SUCCESS;
    __s64 COMPACT_PRIO_SYNC_FULL, COMPACT_PRIO_SYNC_LIGHT, COMPACT_PRIO_ASYNC;
};

struct decisions decisions = {};

/* Each word of `object` holds this and its offset, so that a word that was read is not 0, which is what a failed read gives. */
#define WORD_BASE (1 << 30)

/* Of what an accessor read from `object`: where it was; -1: it read nothing. */
static __always_inline __s64 offset_of_word(__u64 word)
{
    return word ? (__s64)(word & 0xffffffff) - WORD_BASE : -1;
}

static __always_inline void decide_mm(__u64 address)
{
    struct mm_struct *mm = (void *)address;

    decisions.rss_is_percpu = rss_is_percpu();
    decisions.mm_rss_file = offset_of_word(mm_rss(mm, 0));
    decisions.mm_rss_anon = offset_of_word(mm_rss(mm, 1));
    decisions.mm_rss_swap = offset_of_word(mm_rss(mm, 2));
    decisions.mm_rss_shmem = offset_of_word(mm_rss(mm, 3));
    decisions.mm_rss_deltas = rss_is_percpu() ? offset_of_word(mm_rss_deltas(mm)) : -1;
    decisions.mm_has_oom_skip = mm_has_oom_skip(mm);
}

static __always_inline void decide_zone(__u64 address)
{
    struct zone *zone = (void *)address;

    decisions.zone_pcp_count = offset_of_word(zone_pcp_count_offset(zone));
    decisions.zone_has_free_highatomic = zone_has_free_highatomic();
    decisions.zone_free_highatomic = offset_of_word(zone_free_highatomic(zone));
    decisions.zone_has_cma = zone_has_cma();
    decisions.zone_cma_pages = offset_of_word(zone_cma_pages(zone));
    decisions.node_kswapd_failures = offset_of_word(node_kswapd_failures((void *)address));
}

#define DECIDE(index, item) decisions.item = index(item)

static __always_inline void decide_numbers(void)
{
    DECIDE(zone_stat_index, NR_FREE_PAGES);
    DECIDE(zone_stat_index, NR_ZONE_INACTIVE_ANON);
    DECIDE(zone_stat_index, NR_ZONE_ACTIVE_ANON);
    DECIDE(zone_stat_index, NR_ZONE_INACTIVE_FILE);
    DECIDE(zone_stat_index, NR_ZONE_ACTIVE_FILE);
    DECIDE(zone_stat_index, NR_ZONE_UNEVICTABLE);
    DECIDE(zone_stat_index, NR_ZONE_WRITE_PENDING);
    DECIDE(zone_stat_index, NR_MLOCK);
    DECIDE(zone_stat_index, NR_BOUNCE);
    DECIDE(zone_stat_index, NR_ZSPAGES);
    DECIDE(zone_stat_index, NR_FREE_CMA_PAGES);
    DECIDE(node_stat_index, NR_INACTIVE_ANON);
    DECIDE(node_stat_index, NR_ACTIVE_ANON);
    DECIDE(node_stat_index, NR_INACTIVE_FILE);
    DECIDE(node_stat_index, NR_ACTIVE_FILE);
    DECIDE(node_stat_index, NR_UNEVICTABLE);
    DECIDE(node_stat_index, NR_SLAB_RECLAIMABLE_B);
    DECIDE(node_stat_index, NR_SLAB_UNRECLAIMABLE_B);
    DECIDE(node_stat_index, NR_ISOLATED_ANON);
    DECIDE(node_stat_index, NR_ISOLATED_FILE);
    DECIDE(node_stat_index, NR_ANON_MAPPED);
    DECIDE(node_stat_index, NR_FILE_MAPPED);
    DECIDE(node_stat_index, NR_FILE_PAGES);
    DECIDE(node_stat_index, NR_FILE_DIRTY);
    DECIDE(node_stat_index, NR_WRITEBACK);
    DECIDE(node_stat_index, NR_SHMEM);
    DECIDE(node_stat_index, NR_SHMEM_THPS);
    DECIDE(node_stat_index, NR_FILE_THPS);
    DECIDE(node_stat_index, NR_ANON_THPS);
    DECIDE(node_stat_index, NR_KERNEL_MISC_RECLAIMABLE);
    DECIDE(node_stat_index, NR_FOLL_PIN_ACQUIRED);
    DECIDE(node_stat_index, NR_FOLL_PIN_RELEASED);
    DECIDE(node_stat_index, NR_KERNEL_STACK_KB);
    DECIDE(node_stat_index, NR_PAGETABLE);
    DECIDE(node_stat_index, NR_SECONDARY_PAGETABLE);
    DECIDE(node_stat_index, NR_SWAPCACHE);
    DECIDE(migrate_type_index, MIGRATE_UNMOVABLE);
    DECIDE(migrate_type_index, MIGRATE_MOVABLE);
    DECIDE(migrate_type_index, MIGRATE_RECLAIMABLE);
    DECIDE(migrate_type_index, MIGRATE_HIGHATOMIC);
    DECIDE(migrate_type_index, MIGRATE_CMA);
    DECIDE(migrate_type_index, MIGRATE_ISOLATE);
    DECIDE(memcg_event_index, MEMCG_MAX);
    DECIDE(memcg_event_index, MEMCG_OOM);
    DECIDE(memcg_event_index, MEMCG_OOM_KILL);
    DECIDE(memcg_event_index, MEMCG_SWAP_MAX);
    DECIDE(compact_result_index, COMPACT_NOT_SUITABLE_ZONE);
    DECIDE(compact_result_index, COMPACT_SKIPPED);
    DECIDE(compact_result_index, COMPACT_DEFERRED);
    DECIDE(compact_result_index, COMPACT_NO_SUITABLE_PAGE);
    DECIDE(compact_result_index, COMPACT_CONTINUE);
    DECIDE(compact_result_index, COMPACT_COMPLETE);
    DECIDE(compact_result_index, COMPACT_PARTIAL_SKIPPED);
    DECIDE(compact_result_index, COMPACT_CONTENDED);
    DECIDE(compact_result_index, COMPACT_SUCCESS);
    DECIDE(compact_priority_index, COMPACT_PRIO_SYNC_FULL);
    DECIDE(compact_priority_index, COMPACT_PRIO_SYNC_LIGHT);
    DECIDE(compact_priority_index, COMPACT_PRIO_ASYNC);
}

static __always_inline void decide_memcg(__u64 address)
{
    struct mem_cgroup *memcg = (void *)address;
    __u64 kmem = (__u64)memcg_kmem(memcg);

    decisions.memcg_kmem = kmem ? (__s64)(kmem - address) : -1;
    decisions.memcg_has_oom_lock = memcg_has_oom_lock();
    decisions.memcg_oom_locked = memcg_has_oom_lock() && memcg_oom_locked(memcg);
    decisions.memcg_oom_kill_disabled = memcg_oom_kill_disabled(memcg);
    decisions.memcg_swappiness = memcg_swappiness(memcg) < 0 ? -1 : offset_of_word(memcg_swappiness(memcg));
}

/* The task's css_set is the same object: a first word that names it, and the rest as before. */
static __always_inline void decide_cpuset(__u64 address)
{
    __u64 cgroups = bpf_core_field_offset(struct task_struct, cgroups);

    decisions.has_cpusets = has_cpusets();
    if (cgroups <= OBJECT_SIZE - sizeof(__u64))
        *(__u64 *)&object[cgroups] = address;
    decisions.task_cpuset = has_cpusets() ? offset_of_word((__u64)task_cpuset((void *)address)) : -1;
}

static __always_inline __s64 bind_nodes(__u64 address)
{
    __u64 nodes = (__u64)task_bind_nodes((void *)address);

    return nodes ? (__s64)(nodes - address) : -1;
}

#define MPOL_INTERLEAVE_MODE 3

/* The same object is the task and its policy. */
static __always_inline void decide_mempolicy(__u64 address)
{
    __u64 pointer = bpf_core_field_offset(struct task_struct___numa, mempolicy);
    __u64 mode = bpf_core_field_offset(struct mempolicy, mode);

    decisions.has_mempolicy = has_mempolicy();
    if (pointer > OBJECT_SIZE - sizeof(__u64) || mode > OBJECT_SIZE - sizeof(__u16))
        return;
    *(__u64 *)&object[pointer] = address;
    *(__u16 *)&object[mode] = MPOL_BIND_MODE;
    decisions.task_bind_nodes = bind_nodes(address);
    *(__u16 *)&object[mode] = MPOL_INTERLEAVE_MODE;
    decisions.nodes_of_another_policy = bind_nodes(address);
}

SEC("raw_tp")
int decide(void *context)
{
    __u64 address = address_of(object);

    decide_mm(address);
    decide_zone(address);
    decide_numbers();
    decide_memcg(address);
    decisions.memcg_counts_group_kills = memcg_counts_group_kills();
    decisions.failcnt_is_v1_only = failcnt_is_v1_only();
    decisions.exiting_tasks_are_passed_over = exiting_tasks_are_passed_over();
    decisions.thps_are_counted_whole = thps_are_counted_whole();
    decisions.exit_tracepoint_precedes_exit_mm = exit_tracepoint_precedes_exit_mm();
    decisions.chosen_points_is_signed = chosen_points_is_signed();
    decisions.has_lookup_percpu_elem = has_lookup_percpu_elem();
    decide_cpuset(address);
    decide_mempolicy(address);
    return 0;
}
