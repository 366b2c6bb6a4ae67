/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * kernel_read.bpf.h: one way to follow kernel pointers, compiled in three ways.
 *
 *   KERNEL_READ(task, signal, oom_score_adj)
 *
 * In a program whose pointer is typed by BTF (fentry, fexit, tp_btf) the chain becomes plain loads, which the verifier checks and
 * the kernel guards: about a tenth of the cost of the probed kind. In kprobes, and for addresses that were kept in a map, it
 * becomes a chain of bpf_probe_read_kernel(). A file defines OOMTRACE_DIRECT_READS before its first include to get the first kind,
 * OOMTRACE_CAST_READS to get it for every address: bpf_rdonly_cast() (6.2 and later) gives a number its type, for nothing. Whatever
 * the kind a broken chain reads as 0, and CO-RE relocates every step.
 */
#ifndef OOMTRACE_KERNEL_READ_BPF_H
#define OOMTRACE_KERNEL_READ_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#ifdef OOMTRACE_CAST_READS
#define OOMTRACE_DIRECT_READS
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;
#define KERNEL_POINTER(type, address) ((type *)bpf_rdonly_cast((const void *)(address), bpf_core_type_id_kernel(type)))
/* Of an address, in files that may have direct reads for typed pointers only. */
#define ADDRESS_READ(type, address, ...) ___arrow(KERNEL_POINTER(type, address), __VA_ARGS__)
#else
#define ADDRESS_READ(type, address, ...) BPF_CORE_READ((type *)(address), __VA_ARGS__)
#endif

#ifdef OOMTRACE_DIRECT_READS
#define KERNEL_READ(source, ...) ___arrow(source, __VA_ARGS__)
#else
#define KERNEL_READ(source, ...) BPF_CORE_READ(source, __VA_ARGS__)
#endif

/*
 * The number in a typed pointer. The verifier lets no typed pointer be passed where a number is expected, and remembers the type
 * through a variable; a probed read of that variable does not.
 */
static __always_inline __u64 address_of(const void *pointer)
{
	const void *volatile slot = pointer;
	__u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), (const void *)&slot);
	return address;
}

/*
 * The same without a call, for hot paths: a typed pointer is no number, but one that has been in memory is. `slot` is a variable
 * of the object, hence in a map: on the stack the verifier would remember the type.
 */
static __always_inline __u64 address_through(volatile __u64 *slot, const void *pointer)
{
	*slot = (__u64)pointer;
	return *slot;
}

#endif /* OOMTRACE_KERNEL_READ_BPF_H */
