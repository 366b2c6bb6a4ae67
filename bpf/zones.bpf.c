// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Nodes and zones, as show_mem() would print them at this instant.
#include "kernel_compat.bpf.h"
#include "memory_state.bpf.h"
#include "per_cpu.bpf.h"
#include "wire_emit.bpf.h"

#define MAX_NODES 64 /* of a walk; more are counted as WIRE_DROP_DEPTH_LIMIT */

static __always_inline __s64 read_stat(void *vm_stat, int index)
{
	__s64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), vm_stat + index * sizeof(__s64));
	return value;
}

#define read_zone_item(record, vm_stat, wire_item, kernel_item)                 \
	do {                                                                    \
		int index_ = zone_stat_index(kernel_item);                      \
		if (index_ >= 0) {                                              \
			(record)->stat[wire_item] = read_stat(vm_stat, index_); \
			(record)->stat_valid |= 1ULL << (wire_item);            \
		}                                                               \
	} while (0)

#define read_node_item(record, vm_stat, wire_item, kernel_item)                 \
	do {                                                                    \
		int index_ = node_stat_index(kernel_item);                      \
		if (index_ >= 0) {                                              \
			(record)->stat[wire_item] = read_stat(vm_stat, index_); \
			(record)->stat_valid |= 1ULL << (wire_item);            \
		}                                                               \
	} while (0)

#define read_thp_item(record, vm_stat, wire_item, kernel_item)                   \
	do {                                                                     \
		read_node_item(record, vm_stat, wire_item, kernel_item);         \
		if (thps_are_counted_whole())                                    \
			(record)->stat[wire_item] *= tracer.pages_per_huge_page; \
	} while (0)

/* Bit per enum wire_migrate_type of the free lists of one order that are not empty. */
__noinline int free_list_types(__u64 free_area)
{
	const int kernel_types[WIRE_MIGRATE_TYPES] = {
		migrate_type_index(MIGRATE_UNMOVABLE),   migrate_type_index(MIGRATE_MOVABLE),
		migrate_type_index(MIGRATE_RECLAIMABLE), migrate_type_index(MIGRATE_HIGHATOMIC),
		migrate_type_index(MIGRATE_CMA),         migrate_type_index(MIGRATE_ISOLATE),
	};
	__u64 lists = free_area + bpf_core_field_offset(struct free_area, free_list);
	int types = 0;

#pragma unroll
	for (int type = 0; type < WIRE_MIGRATE_TYPES; type++) {
		int index = kernel_types[type];
		if (index < 0)
			continue;
		__u64 head = lists + index * sizeof(struct list_head);
		__u64 next = 0;
		bpf_probe_read_kernel(&next, sizeof(next), (void *)head);
		if (next && next != head)
			types |= 1 << type;
	}
	return types;
}

/* Pages on the per-CPU lists of a zone; -1 where the CPUs' areas cannot be found. */
__noinline __s64 zone_free_pcp(__u64 address)
{
	__u64 count_offset = zone_pcp_count_offset((struct zone *)address);
	__s64 sum = 0;

	if (!per_cpu_areas_are_known())
		return -1;
	for (__u32 cpu = 0; cpu < MAX_CPUS; cpu++) {
		int count = 0;
		if (cpu >= tracer.nr_cpus)
			break;
		bpf_probe_read_kernel(&count, sizeof(count), per_cpu_address(count_offset, cpu));
		sum += count;
	}
	return sum;
}

static __always_inline void read_zone_sizes(struct wire_zone *record, struct zone *zone)
{
	record->managed_pages = BPF_CORE_READ(zone, managed_pages.counter);
	record->present_pages = BPF_CORE_READ(zone, present_pages);
	record->spanned_pages = BPF_CORE_READ(zone, spanned_pages);
	record->watermark[0] = BPF_CORE_READ(zone, _watermark[0]);
	record->watermark[1] = BPF_CORE_READ(zone, _watermark[1]);
	record->watermark[2] = BPF_CORE_READ(zone, _watermark[2]);
	record->watermark_boost = BPF_CORE_READ(zone, watermark_boost);
	record->reserved_highatomic = BPF_CORE_READ(zone, nr_reserved_highatomic);
	if (zone_has_free_highatomic()) {
		record->free_highatomic = zone_free_highatomic(zone);
		record->valid |= WIRE_ZONE_FREE_HIGHATOMIC;
	}
	if (zone_has_cma()) {
		record->cma_pages = zone_cma_pages(zone);
		record->valid |= WIRE_ZONE_CMA;
	}
	bpf_probe_read_kernel_str(record->name, sizeof(record->name), BPF_CORE_READ(zone, name));

	__u32 reserves = bpf_core_field_size(zone->lowmem_reserve) / sizeof(long);
	void *lowmem_reserve = (void *)zone + bpf_core_field_offset(struct zone, lowmem_reserve);
	record->nr_zones = reserves > WIRE_MAX_ZONES ? WIRE_MAX_ZONES : reserves;
	for (__u32 i = 0; i < WIRE_MAX_ZONES; i++) {
		if (i >= record->nr_zones)
			break;
		record->lowmem_reserve[i] = read_stat(lowmem_reserve, i);
	}
}

static __always_inline void read_zone_stats(struct wire_zone *record, struct zone *zone)
{
	void *vm_stat = (void *)zone + bpf_core_field_offset(struct zone, vm_stat);

	read_zone_item(record, vm_stat, WIRE_ZONE_FREE, NR_FREE_PAGES);
	read_zone_item(record, vm_stat, WIRE_ZONE_INACTIVE_ANON, NR_ZONE_INACTIVE_ANON);
	read_zone_item(record, vm_stat, WIRE_ZONE_ACTIVE_ANON, NR_ZONE_ACTIVE_ANON);
	read_zone_item(record, vm_stat, WIRE_ZONE_INACTIVE_FILE, NR_ZONE_INACTIVE_FILE);
	read_zone_item(record, vm_stat, WIRE_ZONE_ACTIVE_FILE, NR_ZONE_ACTIVE_FILE);
	read_zone_item(record, vm_stat, WIRE_ZONE_UNEVICTABLE, NR_ZONE_UNEVICTABLE);
	read_zone_item(record, vm_stat, WIRE_ZONE_WRITE_PENDING, NR_ZONE_WRITE_PENDING);
	read_zone_item(record, vm_stat, WIRE_ZONE_MLOCK, NR_MLOCK);
	read_zone_item(record, vm_stat, WIRE_ZONE_BOUNCE, NR_BOUNCE);
	read_zone_item(record, vm_stat, WIRE_ZONE_ZSPAGES, NR_ZSPAGES);
	read_zone_item(record, vm_stat, WIRE_ZONE_FREE_CMA, NR_FREE_CMA_PAGES);
}

__noinline int emit_zone(__u64 address, __u32 node, __u32 index)
{
	struct zone *zone = (void *)address;
	__s64 free_pcp = zone_free_pcp(address);
	struct wire_zone *record = WIRE_RESERVE(wire_zone, WIRE_ZONE);

	if (!record)
		return 0;
	record->node = node;
	record->index = index;
	read_zone_sizes(record, zone);
	read_zone_stats(record, zone);
	if (free_pcp >= 0) {
		record->free_pcp = free_pcp;
		record->valid |= WIRE_ZONE_PCP;
	}

	__u32 area_size = bpf_core_type_size(struct free_area);
	__u32 orders = bpf_core_field_size(zone->free_area) / area_size;
	__u64 area = address + bpf_core_field_offset(struct zone, free_area);
	record->nr_orders = orders > WIRE_MAX_ORDERS ? WIRE_MAX_ORDERS : orders;
	for (__u32 order = 0; order < WIRE_MAX_ORDERS; order++) {
		if (order >= record->nr_orders)
			break;
		record->nr_free[order] = BPF_CORE_READ((struct free_area *)area, nr_free);
		record->free_types[order] = free_list_types(area);
		area += area_size;
	}
	wire_submit(record);
	return 0;
}

static __always_inline void read_node_stats(struct wire_node *record, struct pglist_data *pgdat)
{
	void *vm_stat = (void *)pgdat + bpf_core_field_offset(struct pglist_data, vm_stat);

	read_node_item(record, vm_stat, WIRE_NODE_ACTIVE_ANON, NR_ACTIVE_ANON);
	read_node_item(record, vm_stat, WIRE_NODE_INACTIVE_ANON, NR_INACTIVE_ANON);
	read_node_item(record, vm_stat, WIRE_NODE_ACTIVE_FILE, NR_ACTIVE_FILE);
	read_node_item(record, vm_stat, WIRE_NODE_INACTIVE_FILE, NR_INACTIVE_FILE);
	read_node_item(record, vm_stat, WIRE_NODE_UNEVICTABLE, NR_UNEVICTABLE);
	read_node_item(record, vm_stat, WIRE_NODE_ISOLATED_ANON, NR_ISOLATED_ANON);
	read_node_item(record, vm_stat, WIRE_NODE_ISOLATED_FILE, NR_ISOLATED_FILE);
	read_node_item(record, vm_stat, WIRE_NODE_ANON_MAPPED, NR_ANON_MAPPED);
	read_node_item(record, vm_stat, WIRE_NODE_FILE_MAPPED, NR_FILE_MAPPED);
	read_node_item(record, vm_stat, WIRE_NODE_FILE_PAGES, NR_FILE_PAGES);
	read_node_item(record, vm_stat, WIRE_NODE_FILE_DIRTY, NR_FILE_DIRTY);
	read_node_item(record, vm_stat, WIRE_NODE_WRITEBACK, NR_WRITEBACK);
	read_node_item(record, vm_stat, WIRE_NODE_SHMEM, NR_SHMEM);
	read_node_item(record, vm_stat, WIRE_NODE_SLAB_RECLAIMABLE, NR_SLAB_RECLAIMABLE_B);
	read_node_item(record, vm_stat, WIRE_NODE_SLAB_UNRECLAIMABLE, NR_SLAB_UNRECLAIMABLE_B);
	read_node_item(record, vm_stat, WIRE_NODE_KERNEL_STACK_KB, NR_KERNEL_STACK_KB);
	read_node_item(record, vm_stat, WIRE_NODE_PAGETABLE, NR_PAGETABLE);
	read_node_item(record, vm_stat, WIRE_NODE_SECONDARY_PAGETABLE, NR_SECONDARY_PAGETABLE);
	read_node_item(record, vm_stat, WIRE_NODE_KERNEL_MISC_RECLAIMABLE, NR_KERNEL_MISC_RECLAIMABLE);
	read_node_item(record, vm_stat, WIRE_NODE_FOLL_PIN_ACQUIRED, NR_FOLL_PIN_ACQUIRED);
	read_node_item(record, vm_stat, WIRE_NODE_FOLL_PIN_RELEASED, NR_FOLL_PIN_RELEASED);
	read_node_item(record, vm_stat, WIRE_NODE_SWAPCACHE, NR_SWAPCACHE);
	read_thp_item(record, vm_stat, WIRE_NODE_ANON_THPS, NR_ANON_THPS);
	read_thp_item(record, vm_stat, WIRE_NODE_SHMEM_THPS, NR_SHMEM_THPS);
	read_thp_item(record, vm_stat, WIRE_NODE_FILE_THPS, NR_FILE_THPS);
}

__noinline int emit_node(__u64 address)
{
	struct pglist_data *pgdat = (void *)address;
	__u32 node = BPF_CORE_READ(pgdat, node_id);
	__u32 zone_size = bpf_core_type_size(struct zone);
	__u32 zones = bpf_core_field_size(pgdat->node_zones) / zone_size;
	struct wire_node *record = WIRE_RESERVE(wire_node, WIRE_NODE);

	if (record) {
		record->node = node;
		record->nr_zones = BPF_CORE_READ(pgdat, nr_zones);
		record->present_pages = BPF_CORE_READ(pgdat, node_present_pages);
		record->spanned_pages = BPF_CORE_READ(pgdat, node_spanned_pages);
		record->kswapd_failures = node_kswapd_failures(pgdat);
		read_node_stats(record, pgdat);
		wire_submit(record);
	}
	for (__u32 index = 0; index < WIRE_MAX_ZONES; index++) {
		if (index >= zones)
			break;
		__u64 zone = address + bpf_core_field_offset(struct pglist_data, node_zones) + index * zone_size;
		if (BPF_CORE_READ((struct zone *)zone, present_pages))
			emit_zone(zone, node, index);
	}
	return 0;
}

static __always_inline void emit_nodes_of_memcg(struct mem_cgroup *memcg)
{
	for (__u32 node = 0; node < MAX_NODES; node++) {
		struct mem_cgroup_per_node *info = 0;
		if (node >= tracer.nr_nodes)
			return;
		bpf_probe_read_kernel(&info, sizeof(info),
				      (void *)memcg + bpf_core_field_offset(struct mem_cgroup, nodeinfo) + node * sizeof(info));
		__u64 pgdat = info ? (__u64)BPF_CORE_READ(info, lruvec.pgdat) : 0;
		if (pgdat && (__u32)BPF_CORE_READ((struct pglist_data *)pgdat, node_id) == node)
			emit_node(pgdat);
	}
	if (tracer.nr_nodes > MAX_NODES)
		count_drop(WIRE_DROP_DEPTH_LIMIT);
}

/* 0 at the end of the list. */
__noinline int emit_node_of_zoneref(__u64 zoneref)
{
	struct zone *zone = BPF_CORE_READ((struct zoneref *)zoneref, zone);

	if (!zone)
		return 0;
	__u32 node = BPF_CORE_READ(zone, zone_pgdat, node_id);
	if (node < 64 && !(invocation.nodes_sent & (1ULL << (node & 63)))) {
		invocation.nodes_sent |= 1ULL << (node & 63);
		emit_node((__u64)BPF_CORE_READ(zone, zone_pgdat));
	}
	return 1;
}

/* With the memory controller off: the zonelist of the allocation names the zones, and each zone its node. */
static __always_inline void emit_nodes_of_zonelist(__u64 zonelist)
{
	__u64 zoneref = zonelist + bpf_core_field_offset(struct zonelist, _zonerefs);

	for (__u32 i = 0; i < MAX_NODES; i++) {
		if (!emit_node_of_zoneref(zoneref + i * bpf_core_type_size(struct zoneref)))
			return;
	}
}

/* What get_nr_swap_pages() and the kernel's report read. /proc/meminfo is read when the victim has given its swap back. */
static __noinline int emit_swap(void)
{
	struct wire_swap *record;

	if (!tracer.nr_swap_pages || !tracer.total_swap_pages)
		return 0;
	record = WIRE_RESERVE(wire_swap, WIRE_SWAP);
	if (!record)
		return 0;
	bpf_probe_read_kernel(&record->total_pages, sizeof(record->total_pages), (void *)tracer.total_swap_pages);
	bpf_probe_read_kernel(&record->free_pages, sizeof(record->free_pages), (void *)tracer.nr_swap_pages);
	wire_submit(record);
	return 0;
}

__noinline int emit_memory_state(__u64 memcg, __u64 zonelist)
{
	if (memcg)
		emit_nodes_of_memcg((struct mem_cgroup *)memcg);
	else if (zonelist)
		emit_nodes_of_zonelist(zonelist);
	return emit_swap();
}
