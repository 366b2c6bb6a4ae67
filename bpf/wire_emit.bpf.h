/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * wire_emit.bpf.h: the one way to the ring. Reserve, zero the whole record (padding too: nothing of the kernel's memory leaks),
 * stamp the header, submit, and count what could not be sent.
 *
 * Candidates go through candidate_batch: the next record of another kind sends those that wait before it, so that the ring holds
 * the records of an episode in the order of their sequence numbers, and the closing record none too few.
 */
#ifndef OOMTRACE_WIRE_EMIT_BPF_H
#define OOMTRACE_WIRE_EMIT_BPF_H

#include "maps.bpf.h"

/* A scan sends thousands of records; waking the collector for each would cost more than the capture. It is woken by the first
 * record of an episode, by the choice, by the last, and once in so many candidates, which is less than any ring can hold. */
#define CANDIDATES_PER_WAKEUP 256

static __always_inline void count_drops(__u32 reason, __u64 records)
{
	if (reason >= WIRE_DROP_REASONS)
		return;
	invocation.dropped[reason] += records;
	__sync_fetch_and_add(&counters.dropped[reason], records);
}

static __always_inline void count_drop(__u32 reason)
{
	count_drops(reason, 1);
}

/* Sends the candidates that wait, or counts every one of them as dropped. No function of its own: calls go deep enough. */
static __always_inline void send_candidates(void)
{
	__u64 count = candidate_batch.count;

	candidate_batch.count = 0;
	if (!count || count > CANDIDATES_PER_SAMPLE)
		return;
	__u64 sent = invocation.candidates_sent, total = sent + count;
	__u64 size = sizeof(struct wire_header) + count * sizeof(struct sampled_candidate);
	bool wake = total / CANDIDATES_PER_WAKEUP != sent / CANDIDATES_PER_WAKEUP;
	candidate_batch.sample.header.size = size;
	invocation.sequence += count;
	if (bpf_ringbuf_output(&records, &candidate_batch.sample, size, wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP))
		count_drops(WIRE_DROP_RING_FULL, count);
	else
		invocation.candidates_sent = total;
}

static __always_inline void zero_words(__u64 *words, __u32 count)
{
	/* A loop and not memset(): clang turns a large one into a call that BPF does not have. */
	for (__u32 i = 0; i < count; i++) {
		barrier_var(i);
		words[i] = 0;
	}
}

static __always_inline void *wire_reserve(__u64 size, __u16 kind)
{
	struct wire_header *header = bpf_ringbuf_reserve(&records, size, 0);
	if (!header)
		return 0;
	if (size <= 256)
		__builtin_memset(header, 0, size <= 256 ? size : 8);
	else
		zero_words((__u64 *)header, size / sizeof(__u64));
	header->size = size;
	header->kind = kind;
	header->cpu = bpf_get_smp_processor_id();
	header->time_ns = bpf_ktime_get_ns();
	return header;
}

/* A record of the open invocation: takes the next sequence number even when there is no room, so that the gap shows. */
static __always_inline void *wire_reserve_in_invocation(__u64 size, __u16 kind)
{
	send_candidates();

	__u32 sequence = ++invocation.sequence;
	struct wire_header *header = wire_reserve(size, kind);
	if (!header) {
		count_drop(WIRE_DROP_RING_FULL);
		return 0;
	}
	header->episode = invocation.episode;
	/* After the closing record nothing is numbered: what follows an invocation happens outside its lock. */
	header->sequence = invocation.closed ? 0 : sequence;
	return header;
}

static __always_inline void *wire_reserve_after(__u64 size, __u16 kind, __u64 episode)
{
	struct wire_header *header = wire_reserve(size, kind);
	if (!header) {
		__sync_fetch_and_add(&counters.dropped[WIRE_DROP_RING_FULL], 1);
		return 0;
	}
	header->episode = episode;
	return header;
}

static __always_inline void wire_submit(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

static __always_inline void wire_submit_and_wake(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
}

/*
 * The place of the next candidate. It holds what another candidate left there, so every byte has to be written. Nothing may be sent
 * before candidate_is_written(): call what announces a cgroup first.
 */
static __always_inline struct sampled_candidate *next_candidate(void)
{
	__u64 index = candidate_batch.count;

	if (index >= CANDIDATES_PER_SAMPLE)
		return 0; /* for the verifier: they are sent as soon as there are so many */
	if (!index) {
		struct wire_header *header = &candidate_batch.sample.header;
		header->kind = SAMPLE_OF_CANDIDATES;
		header->cpu = bpf_get_smp_processor_id();
		header->time_ns = bpf_ktime_get_ns();
		header->episode = invocation.episode;
		header->sequence = invocation.sequence + 1;
	}
	struct sampled_candidate *candidate = &candidate_batch.sample.candidates[index];
	barrier_var(candidate); /* kept, instead of worked out for each member */
	if (!candidate)
		__builtin_unreachable();
	return candidate;
}

static __always_inline void candidate_is_written(void)
{
	if (++candidate_batch.count >= CANDIDATES_PER_SAMPLE)
		send_candidates();
}

#define WIRE_RESERVE(type, kind) ((struct type *)wire_reserve_in_invocation(sizeof(struct type), kind))
#define WIRE_RESERVE_AFTER(type, kind, episode) ((struct type *)wire_reserve_after(sizeof(struct type), kind, episode))

#endif /* OOMTRACE_WIRE_EMIT_BPF_H */
