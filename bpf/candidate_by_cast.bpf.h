/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * candidate_by_cast.bpf.h: candidates by address at a fraction of the cost of probed reads, for kernels with bpf_rdonly_cast().
 */
#ifndef OOMTRACE_CANDIDATE_BY_CAST_BPF_H
#define OOMTRACE_CANDIDATE_BY_CAST_BPF_H

#include "state.bpf.h"

/* Sends those of the gathered tasks that the OOM weighed. */
extern int walk_gathered(void);

#endif /* OOMTRACE_CANDIDATE_BY_CAST_BPF_H */
