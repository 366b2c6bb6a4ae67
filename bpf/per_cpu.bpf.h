/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * per_cpu.bpf.h: reading other CPUs' copies of a per-CPU variable by its address. Mirrors include/linux/percpu-defs.h,
 * per_cpu_ptr().
 */
#ifndef OOMTRACE_PER_CPU_BPF_H
#define OOMTRACE_PER_CPU_BPF_H

#include "state.bpf.h"

/* Fills per_cpu_areas, the first time it is called. */
extern int learn_per_cpu_areas(void);

/* Can the copies of all CPUs be read? */
static __always_inline bool per_cpu_areas_are_known(void)
{
	return tracer.nr_cpus <= MAX_CPUS && per_cpu_areas.known == tracer.nr_cpus;
}

/* The address of the CPU's copy; `cpu` is below MAX_CPUS and tracer.nr_cpus. */
static __always_inline void *per_cpu_address(__u64 per_cpu_variable, __u32 cpu)
{
	return (void *)(per_cpu_variable + per_cpu_areas.offset[cpu & (MAX_CPUS - 1)]);
}

#endif /* OOMTRACE_PER_CPU_BPF_H */
