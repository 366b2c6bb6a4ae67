/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * process_identity.bpf.h: what the trigger and the victim execute, and with what arguments, copied from their own memory while they
 * run themselves. From outside, as through /proc/PID, it takes a reference on the mm, and pages to copy through: while a victim
 * dies that keeps its memory from coming back, and the kernel, for which the process is gone, kills another one.
 */
#ifndef OOMTRACE_PROCESS_IDENTITY_BPF_H
#define OOMTRACE_PROCESS_IDENTITY_BPF_H

#include "state.bpf.h"

/* The current task's, as a record of the open invocation. */
extern int emit_trigger_identity(void);

/* `task` is the first victim of `episode`: its identity is sent when it dies. To be called before it can have got its signal. */
extern int await_identity(__u64 task, __u64 episode);

/* The current task's, if it is awaited. With the last thread that has no mm any more it is given up. */
extern int emit_awaited_identity(void);

#endif /* OOMTRACE_PROCESS_IDENTITY_BPF_H */
