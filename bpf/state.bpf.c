// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "state.bpf.h"

const volatile struct tracer_config tracer = {};
struct invocation invocation = {};
struct candidate_batch candidate_batch = {};
struct tracer_counters counters = {};
__u64 followed_mm_count = 0;
__u64 followed_task_count = 0;
__u64 awaited_count = 0;
struct last_sigkill last_sigkill = {};
struct outstanding_victim outstanding[OUTSTANDING_SLOTS] = {};
struct per_cpu_areas per_cpu_areas = {};
struct noted_evaluation noted_evaluations[NOTED_EVALUATIONS] = {};
__u64 stack_piece[STACK_PIECE_WORDS] = {};

/* Refused by user space if it is not the version it was built for. */
const volatile __u32 wire_version = WIRE_VERSION;

char LICENSE[] SEC("license") = "Dual BSD/GPL";
