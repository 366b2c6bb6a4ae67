/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * retries.bpf.h: what the page allocator tried for a task before that task invoked the OOM killer. Defined in retries.bpf.c.
 */
#ifndef OOMTRACE_RETRIES_BPF_H
#define OOMTRACE_RETRIES_BPF_H

#include "state.bpf.h"

/* Sends the current task's WIRE_RETRIES, also when there were none, and forgets them. */
extern int emit_retries(void);

#endif /* OOMTRACE_RETRIES_BPF_H */
