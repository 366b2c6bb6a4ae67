// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Run once by user space, before anything is attached: writes to every page of the ring. On a virtual machine whose page tables the
// hypervisor shadows, the first write to each costs it several microseconds, which an OOM would pay, task by task, under its locks.
#include "maps.bpf.h"

/* A record that takes one page with its header, which the kernel writes. */
#define PAGE_RECORD_BYTES (TOUCHED_PAGE_BYTES - 8 /* BPF_RINGBUF_HDR_SZ */)

SEC("?raw_tp/mark_victim")
int touch_ring(void *context)
{
	for (int pages = 0; pages < PAGES_PER_TOUCH; pages++) {
		void *record = bpf_ringbuf_reserve(&records, PAGE_RECORD_BYTES, 0);
		if (!record)
			return pages;
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
	}
	return PAGES_PER_TOUCH;
}
