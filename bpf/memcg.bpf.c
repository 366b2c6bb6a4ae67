// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Memory cgroups: the chain of limits above a task.
#include "kernel_compat.bpf.h"
#include "memory_state.bpf.h"
#include "read_task.bpf.h"
#include "wire_emit.bpf.h"

/* PAGE_COUNTER_MAX is LONG_MAX / PAGE_SIZE; the page size is not in BTF, so anything of that magnitude is "max". */
#define PAGE_COUNTER_MAX_MIN (1ULL << 44)

/* try_charge() asks for this many pages at once (MEMCG_CHARGE_BATCH): a counter that near to its limit is full. */
#define CHARGE_BATCH 64

static __always_inline __u64 limit_or_unlimited(__u64 pages)
{
	return pages >= PAGE_COUNTER_MAX_MIN ? WIRE_UNLIMITED : pages;
}

static __always_inline void read_page_counter(struct wire_page_counter *out, struct page_counter *counter)
{
	out->usage = BPF_CORE_READ(counter, usage.counter);
	out->min = limit_or_unlimited(BPF_CORE_READ(counter, min));
	out->low = limit_or_unlimited(BPF_CORE_READ(counter, low));
	out->high = limit_or_unlimited(BPF_CORE_READ(counter, high));
	out->max = limit_or_unlimited(BPF_CORE_READ(counter, max));
	out->failcnt = BPF_CORE_READ(counter, failcnt);
	out->watermark = BPF_CORE_READ(counter, watermark);
}

#define page_counter_of(memcg, field) ((void *)(memcg) + bpf_core_field_offset(struct mem_cgroup, field))

static __always_inline struct mem_cgroup *memcg_parent(struct mem_cgroup *memcg)
{
	/* The css is a mem_cgroup's first member. */
	return (struct mem_cgroup *)BPF_CORE_READ(memcg, css.parent);
}

static __always_inline __u64 memcg_event(struct mem_cgroup *memcg, __u32 index)
{
	__u64 value = 0;
	void *events = (void *)memcg + bpf_core_field_offset(struct mem_cgroup, memory_events);

	bpf_probe_read_kernel(&value, sizeof(value), events + index * sizeof(__u64));
	return value;
}

static __always_inline void read_memcg_v1(struct wire_memcg *record, struct mem_cgroup *memcg)
{
	struct page_counter *kmem = memcg_kmem(memcg);
	int swappiness = memcg_swappiness(memcg);

	if (kmem) {
		read_page_counter(&record->kmem, kmem);
		record->valid |= WIRE_MEMCG_KMEM;
	}
	if (memcg_has_oom_lock()) {
		record->valid |= WIRE_MEMCG_HAS_OOM_LOCK;
		if (memcg_oom_locked(memcg))
			record->valid |= WIRE_MEMCG_OOM_LOCKED;
	}
	if (memcg_oom_kill_disabled(memcg))
		record->valid |= WIRE_MEMCG_OOM_KILL_DISABLE;
	if (swappiness >= 0) {
		record->swappiness = swappiness;
		record->valid |= WIRE_MEMCG_SWAPPINESS;
	}
}

__noinline int emit_memcg(__u64 address, __u64 id)
{
	struct mem_cgroup *memcg = (void *)address, *parent = memcg_parent(memcg);
	struct wire_memcg *record = WIRE_RESERVE(wire_memcg, WIRE_MEMCG);

	if (!record)
		return 0;
	record->id = id;
	read_page_counter(&record->memory, page_counter_of(memcg, memory));
	read_page_counter(&record->swap, page_counter_of(memcg, swap));
	record->event_max = memcg_event(memcg, memcg_event_index(MEMCG_MAX));
	record->event_oom = memcg_event(memcg, memcg_event_index(MEMCG_OOM));
	record->event_oom_kill = memcg_event(memcg, memcg_event_index(MEMCG_OOM_KILL));
	record->valid = WIRE_MEMCG_EVENTS;
	if (parent)
		record->parent_id = BPF_CORE_READ(parent, css.cgroup, kn, id);
	else
		record->valid |= WIRE_MEMCG_ROOT;
	/* cgroup_init() gives the unified hierarchy, and no other, the number 0. */
	if (BPF_CORE_READ(memcg, css.cgroup, root, hierarchy_id) == 0) {
		record->valid |= WIRE_MEMCG_V2;
		if (failcnt_is_v1_only()) {
			record->memory.failcnt = record->event_max;
			record->swap.failcnt = memcg_event(memcg, memcg_event_index(MEMCG_SWAP_MAX));
		}
	}
	if (BPF_CORE_READ(memcg, oom_group))
		record->valid |= WIRE_MEMCG_OOM_GROUP;
	read_memcg_v1(record, memcg);
	bpf_probe_read_kernel_str(record->name, sizeof(record->name), BPF_CORE_READ(memcg, css.cgroup, kn, name));
	wire_submit(record);
	return 0;
}

__noinline int announce_memcg(__u64 address)
{
	struct mem_cgroup *memcg = (void *)address;
	__u64 episode = invocation.episode;

	for (__u64 level = 0; level < WIRE_MAX_MEMCG_DEPTH; level++) {
		if (!memcg)
			return 0;
		__u64 id = BPF_CORE_READ(memcg, css.cgroup, kn, id);
		__u64 *seen = bpf_map_lookup_elem(&announced_memcgs, &id);
		if (seen && *seen == episode)
			return 0; /* and so are all above it */
		if (bpf_map_update_elem(&announced_memcgs, &id, &episode, BPF_ANY))
			count_drop(WIRE_DROP_MEMCG_TABLE_FULL);
		emit_memcg((__u64)memcg, id);
		memcg = memcg_parent(memcg);
	}
	count_drop(WIRE_DROP_DEPTH_LIMIT);
	return 0;
}

__noinline int memcg_is_within(__u64 address, __u64 ancestor)
{
	struct mem_cgroup *memcg = (void *)address;

	for (__u64 level = 0; level < WIRE_MAX_MEMCG_DEPTH; level++) {
		if (!memcg)
			return 0;
		if ((__u64)memcg == ancestor)
			return 1;
		memcg = memcg_parent(memcg);
	}
	return 0;
}

static __always_inline bool counter_is_full(__u64 usage, __u64 max)
{
	return max < PAGE_COUNTER_MAX_MIN && usage + CHARGE_BATCH >= max;
}

/* Apart from the loop below: with the ledger's check in it clang enters that in the middle, which 5.10's verifier refuses. */
__noinline int is_oom_locked(__u64 memcg)
{
	return memcg_oom_locked((struct mem_cgroup *)memcg);
}

/* Locking marks a whole subtree, so the topmost group locked is the one whose limit fired. */
__noinline __u64 topmost_locked_memcg(__u64 address)
{
	struct mem_cgroup *memcg = (void *)address;

	invocation.found_memcg = 0;
	if (!memcg_has_oom_lock())
		return 0;
	for (__u64 level = 0; level < WIRE_MAX_MEMCG_DEPTH && memcg; level++) {
		if (is_oom_locked((__u64)memcg))
			invocation.found_memcg = (__u64)memcg;
		memcg = memcg_parent(memcg);
	}
	return invocation.found_memcg;
}

__noinline int memcg_is_full(__u64 address)
{
	struct mem_cgroup *memcg = (void *)address;

	return counter_is_full(BPF_CORE_READ(memcg, memory.usage.counter), BPF_CORE_READ(memcg, memory.max)) ||
	       counter_is_full(BPF_CORE_READ(memcg, swap.usage.counter), BPF_CORE_READ(memcg, swap.max));
}

/* The innermost full group from `address` up that `member` is in as well; `member` 0: any. */
__noinline __u64 innermost_full_memcg(__u64 address, __u64 member)
{
	struct mem_cgroup *memcg = (void *)address;

	for (__u64 level = 0; level < WIRE_MAX_MEMCG_DEPTH && memcg; level++) {
		if (memcg_is_full((__u64)memcg) && (!member || memcg_is_within(member, (__u64)memcg)))
			return (__u64)memcg;
		memcg = memcg_parent(memcg);
	}
	return 0;
}

/* For a group that got room again between the failed charge and now: the innermost one with any limit. */
__noinline __u64 innermost_limited_memcg(__u64 address)
{
	struct mem_cgroup *memcg = (void *)address;

	for (__u64 level = 0; level < WIRE_MAX_MEMCG_DEPTH && memcg; level++) {
		if (BPF_CORE_READ(memcg, memory.max) < PAGE_COUNTER_MAX_MIN)
			return (__u64)memcg;
		memcg = memcg_parent(memcg);
	}
	return 0;
}

__noinline int find_limit_memcg(__u64 address, __u64 trigger_memcg)
{
	__u64 found = topmost_locked_memcg(address);

	invocation.memcg_locked = found != 0;
	if (!found)
		found = innermost_full_memcg(address, trigger_memcg);
	if (!found)
		found = innermost_full_memcg(address, 0);
	if (!found)
		found = innermost_limited_memcg(address);
	struct mem_cgroup *memcg = (void *)found;
	invocation.oom_memcg = found;
	invocation.oom_memcg_id = memcg ? BPF_CORE_READ(memcg, css.cgroup, kn, id) : 0;
	return 0;
}

__noinline __u64 oom_group_of(__u64 address, __u64 domain)
{
	struct mem_cgroup *memcg = (void *)address;

	/* Kept in memory that the verifier does not follow: in a register it would be a new state at every level. */
	invocation.found_memcg = 0;
	invocation.found_memcg_id = 0;
	/* mem_cgroup_get_oom_group(): v2 only, never the root, and not above the group whose limit fired. */
	for (__u64 level = 0; level < WIRE_MAX_MEMCG_DEPTH && memcg; level++) {
		struct mem_cgroup *parent = memcg_parent(memcg);
		if (!parent)
			break;
		if (BPF_CORE_READ(memcg, oom_group)) {
			invocation.found_memcg = (__u64)memcg;
			invocation.found_memcg_id = memcg_id_of(memcg);
		}
		if ((__u64)memcg == domain)
			break;
		memcg = parent;
	}
	return invocation.found_memcg_id;
}

__noinline __u64 kill_counting_memcg(__u64 victim)
{
	struct task_struct *task = (void *)victim;
	/* memcg_memory_event_mm() goes by the owner of the mm. */
	struct task_struct *owner = BPF_CORE_READ(task, mm, owner);

	if (oom_group_of((__u64)task_memcg(task), invocation.oom_memcg))
		return invocation.found_memcg;
	return (__u64)task_memcg(owner ? owner : task);
}

__noinline __u64 memcg_oom_kills(__u64 memcg)
{
	return memcg_event((struct mem_cgroup *)memcg, memcg_event_index(MEMCG_OOM_KILL));
}

__noinline __u64 memcg_group_kills(__u64 memcg)
{
	return memcg_counts_group_kills() ? memcg_event((struct mem_cgroup *)memcg, memcg_event_index(MEMCG_OOM_GROUP_KILL))
					  : 0;
}
