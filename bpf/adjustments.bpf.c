// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Every change of an oom_score_adj is counted: who changes many of them changes whom the next OOM will choose.
#include "state.bpf.h"

SEC("?tp_btf/oom_score_adj_update")
int BPF_PROG(adjustment_changed, struct task_struct *task)
{
	__sync_fetch_and_add(&counters.adjustments, 1);
	return 0;
}
