// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Where the per-CPU areas of the running kernel lie.
#include "per_cpu.bpf.h"

#include "kernel_compat.bpf.h"

/*
 * A per-CPU map with one value: the helper tells the address of each CPU's copy, the map holds the address that they are all
 * relative to. So the areas are found on kernels that hide __per_cpu_offset[] too (arm64, lockdown).
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} per_cpu_landmark SEC(".maps");

static __always_inline __u64 area_by_landmark(__u32 cpu)
{
	__u32 key = 0;
	__u64 base = 0;
	void *copy = bpf_map_lookup_percpu_elem(&per_cpu_landmark, &key, cpu);

	if (!copy)
		return 0;
	bpf_probe_read_kernel(&base, sizeof(base),
			      (void *)(address_of(&per_cpu_landmark) + bpf_core_field_offset(struct bpf_array, pptrs)));
	return base ? address_of(copy) - base : 0;
}

static __always_inline __u64 area_by_symbol(__u32 cpu)
{
	__u64 area = 0;

	if (tracer.per_cpu_offset)
		bpf_probe_read_kernel(&area, sizeof(area), (void *)tracer.per_cpu_offset + cpu * sizeof(__u64));
	return area;
}

__noinline int learn_per_cpu_areas(void)
{
	if (per_cpu_areas.tried)
		return 0;
	per_cpu_areas.tried = 1;
	for (__u32 cpu = 0; cpu < MAX_CPUS; cpu++) {
		if (cpu >= tracer.nr_cpus)
			break;
		__u64 area = has_lookup_percpu_elem() ? area_by_landmark(cpu) : area_by_symbol(cpu);
		if (!area)
			return 0;
		per_cpu_areas.offset[cpu] = area;
		per_cpu_areas.known = cpu + 1;
	}
	return 0;
}
