// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// An OOM that kills nobody passes no tracepoint but printk()'s: its line wakes the collector, which reads the kernel's report.
#include "state.bpf.h"

#include "wire_emit.bpf.h"

/* What oom_kill.c prints last of such an OOM, behind a prefix of 30 characters at most and, until 5.15, a time stamp:
 *   "Out of memory and no killable processes..."
 *   "Memory cgroup out of memory: OOM victim 1170 (sharer) is already exiting. Skip killing the task" */
#define LINE_HEAD 64
#define NO_KILLABLE PACKED('a', 'n', 'd', ' ', 'n', 'o', ' ', 'k')
#define OOM_VICTIM PACKED('O', 'O', 'M', ' ', 'v', 'i', 'c', 't')
#define PACKED(a, b, c, d, e, f, g, h)                                                                                     \
	((__u64)(a) << 56 | (__u64)(b) << 48 | (__u64)(c) << 40 | (__u64)(d) << 32 | (__u64)(e) << 24 | (__u64)(f) << 16 | \
	 (__u64)(g) << 8 | (__u64)(h))

SEC("?tp_btf/console")
int BPF_PROG(report_without_kill, const char *text)
{
	char head[LINE_HEAD] = {};
	__u64 last_eight = 0;

	/* Not ended by a zero byte; what stands behind it in the kernel's buffer is no such line's beginning. */
	bpf_probe_read_kernel(head, sizeof(head), text);
#pragma unroll
	for (int i = 0; i < LINE_HEAD; i++) {
		last_eight = last_eight << 8 | (__u8)head[i];
		if (last_eight == NO_KILLABLE || last_eight == OOM_VICTIM) {
			struct wire_header *notice = WIRE_RESERVE_AFTER(wire_header, SAMPLE_OF_NOTICE, 0);
			if (notice)
				wire_submit_and_wake(notice);
			return 0;
		}
	}
	return 0;
}
