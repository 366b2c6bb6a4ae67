/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * oom_control.bpf.h: the kernel's own record of the OOM that is under way, which out_of_memory() is called with.
 */
#ifndef OOMTRACE_OOM_CONTROL_BPF_H
#define OOMTRACE_OOM_CONTROL_BPF_H

#include "read_task.bpf.h"
#include "state.bpf.h"

#define OOM_ABORTED ((__u64)-1) /* oc->chosen when an earlier victim stops the scan */

/* The group whose limit fired, from the open invocation's oom_control. */
static __always_inline void read_oom_memcg(void)
{
	struct oom_control *oc = (void *)invocation.oom_control; /* apart: CO-RE would relocate our own struct */
	struct mem_cgroup *memcg = BPF_CORE_READ(oc, memcg);

	invocation.oom_memcg = (__u64)memcg;
	invocation.oom_memcg_id = memcg ? memcg_id_of(memcg) : 0;
}

/*
 * Attach method `tracepoint`, whose hooks are not handed it: looks on the asker's stack for the one that chose the victim, and makes
 * it the open invocation's; 0: not found.
 */
extern int adopt_oom_control(__u64 victim);

#endif /* OOMTRACE_OOM_CONTROL_BPF_H */
