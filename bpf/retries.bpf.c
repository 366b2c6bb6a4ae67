// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Before the OOM: the ledger of each allocating task's retries. These tracepoints fire only in the allocator's slow path, after a
// reclaim (and a compaction) that did not help, so that they cost nothing as long as there is memory.
#define OOMTRACE_DIRECT_READS
#include "retries.bpf.h"

#include "kernel_compat.bpf.h"
#include "wire_emit.bpf.h"

/* Of tasks that retry at the same time; more, and those that have not retried for longest are forgotten. See maps.bpf.h. */
#define RETRYING_TASKS 1024

/* With the start time the number of a task cannot be taken for that of an earlier one. */
struct retrying_task {
	__u64 start_boottime_ns;
	__u32 pid;
	__u32 reserved;
};

struct retried_zone {
	__u64 reclaimable;
	__u64 available;
	__u64 min_wmark;
	__u32 node;
	__u32 index;
	__u32 wmark_check;
	__u32 reserved;
};

/*
 * What would show that a task got on between two retries, which then were for different requests: it has finished a page fault, was
 * seen in user mode, or came from there with other registers. None of it can happen inside the allocator.
 */
struct progress {
	__u64 faults;
	__u64 utime;
	__u64 registers; /* a hash of them */
};

/* For requests of a task that does none of it (a kernel thread, a long system call): no round takes that long. */
#define LONGEST_ROUND_NS 10000000000ULL

/*
 * Each tracepoint has two programs, because the kernel may skip one (see aftermath.bpf.c). What one notes it leaves here, so that the
 * other passes it over; that one notes what the former was skipped for.
 */
enum which_program {
	FIRST_PROGRAM = 1,
	SECOND_PROGRAM,
};

enum noted_retry {
	NOTED_RECLAIM = 1,
	NOTED_COMPACTION,
};

struct retry_ledger {
	struct progress progress;
	__u64 last_ns; /* of either kind */
	__u64 reclaim_first_ns;
	__u64 reclaim_last_ns;
	__u64 first_place; /* of the round, and the last one seen: see place_of() */
	__u64 last_place;
	__u64 last_available;
	__u64 compact_first_ns;
	__u64 compact_last_ns;
	__u32 reclaim_rounds;
	__u32 round_over; /* the zone seen last was good enough, so that the kernel looked no further */
	__u32 noted;      /* enum noted_retry, of the last retry, which still has to pass the other program; 0: none */
	__u32 noted_by;   /* enum which_program */
	__s32 order;
	__s32 no_progress_loops;
	__u32 zones; /* of the last round; those beyond the array are counted too */
	__u32 compact_checks;
	__s32 compact_priority;
	__s32 compact_result;
	__s32 compact_retries;
	__s32 compact_max_retries;
	__u32 compact_again;
	struct retried_zone zone[WIRE_MAX_RETRIED_ZONES];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(map_flags, BPF_F_NO_COMMON_LRU);
	__uint(max_entries, RETRYING_TASKS);
	__type(key, struct retrying_task);
	__type(value, struct retry_ledger);
} retry_ledgers SEC(".maps");

/* A pglist_data, of which the names of the zones are: they are the same on every node. 0: not seen yet. */
static __u64 some_node = 0;

static const struct retry_ledger empty_ledger = {}; /* too large for the stack */

static __always_inline struct retrying_task retrying_task(struct task_struct *task)
{
	struct retrying_task key = {
		.start_boottime_ns = BPF_CORE_READ(task, start_boottime),
		.pid = bpf_get_current_pid_tgid(),
	};
	return key;
}

/*
 * Those that the task had in user mode stand at the end of its kernel stack: by so little off in some kernels (CONFIG_X86_FRED) that
 * it does not matter for a hash. FNV-1a, by words: read one by one and inlined, as the callers have used up nearly all of the stack
 * that a chain of calls may have.
 */
static __always_inline __u64 user_registers_hash(struct task_struct *task)
{
	__u64 hash = 0xcbf29ce484222325ULL, word = 0;
	__u64 registers = (__u64)BPF_CORE_READ(task, stack) + tracer.stack_bytes - sizeof(struct pt_regs);

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < sizeof(struct pt_regs) / sizeof(word); i++) {
		bpf_probe_read_kernel(&word, sizeof(word), (void *)(registers + i * sizeof(word)));
		hash = (hash ^ word) * 0x100000001b3ULL;
	}
	return hash;
}

static __always_inline struct progress progress_of(struct task_struct *task)
{
	struct progress progress = {
		.faults = BPF_CORE_READ(task, min_flt) + BPF_CORE_READ(task, maj_flt),
		.utime = BPF_CORE_READ(task, utime),
		.registers = user_registers_hash(task),
	};
	return progress;
}

static __always_inline bool same_request(struct retry_ledger *ledger, struct progress *progress, __u64 now_ns)
{
	return ledger->last_ns && ledger->progress.faults == progress->faults && ledger->progress.utime == progress->utime &&
	       ledger->progress.registers == progress->registers && now_ns - ledger->last_ns < LONGEST_ROUND_NS;
}

static __always_inline struct retry_ledger *find_ledger(void)
{
	struct retrying_task key = retrying_task((void *)bpf_get_current_task());

	return bpf_map_lookup_elem(&retry_ledgers, &key);
}

/* `ledger`: of the current task, as found. Begun anew if this is the first retry for another request. 0: no room. */
static __always_inline struct retry_ledger *open_ledger(struct retry_ledger *ledger, __s32 order, __u64 now_ns)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!ledger) {
		struct retrying_task key = retrying_task(task);
		bpf_map_update_elem(&retry_ledgers, &key, &empty_ledger, BPF_NOEXIST);
		ledger = bpf_map_lookup_elem(&retry_ledgers, &key);
		if (!ledger)
			return 0;
	}
	struct progress progress = progress_of(task);
	if (!same_request(ledger, &progress, now_ns) || ledger->order != order) {
		ledger->progress = progress;
		ledger->order = order;
		ledger->reclaim_rounds = 0;
		ledger->round_over = 1;
		ledger->compact_checks = 0;
	}
	ledger->last_ns = now_ns;
	return ledger;
}

/* Is the retry that `which` is told of the last one noted, and by the other program? `same`: what the ledger says of it holds of this
 * one too; either program may have been skipped for another in between. */
static __always_inline bool take_noted(struct retry_ledger *ledger, enum which_program which, enum noted_retry kind, bool same)
{
	if (ledger->noted != kind || ledger->noted_by == which || !same)
		return false;
	ledger->noted = 0;
	if (which == FIRST_PROGRAM)
		__sync_fetch_and_add(&counters.retries_made_up, -1);
	return true;
}

static __always_inline void set_noted(struct retry_ledger *ledger, enum which_program which, enum noted_retry kind)
{
	ledger->noted = kind;
	ledger->noted_by = which;
	/* For the time being, where the first comes after the second. */
	if (which == SECOND_PROGRAM)
		__sync_fetch_and_add(&counters.retries_made_up, 1);
}

static __always_inline __u64 place_of(struct retried_zone *zone)
{
	return (__u64)zone->node << 32 | zone->index;
}

/* should_reclaim_retry() goes through the zonelist until a zone is good enough, so a round ends there or where the list begins
 * again. */
static __always_inline int note_reclaim(enum which_program which, struct retried_zone *zone, int order, int no_progress_loops)
{
	__u64 place = place_of(zone);
	struct retry_ledger *ledger = find_ledger();

	if (ledger && take_noted(ledger, which, NOTED_RECLAIM,
				 ledger->last_place == place && ledger->last_available == zone->available &&
					 ledger->order == order && ledger->no_progress_loops == no_progress_loops))
		return 0;
	__u64 now_ns = bpf_ktime_get_ns();
	ledger = open_ledger(ledger, order, now_ns);
	if (!ledger)
		return 0;
	set_noted(ledger, which, NOTED_RECLAIM);
	if (ledger->round_over || place == ledger->first_place || no_progress_loops != ledger->no_progress_loops) {
		if (!ledger->reclaim_rounds)
			ledger->reclaim_first_ns = now_ns;
		ledger->reclaim_rounds++;
		ledger->reclaim_last_ns = now_ns;
		ledger->no_progress_loops = no_progress_loops;
		ledger->first_place = place;
		ledger->zones = 0;
	}
	ledger->last_place = place;
	ledger->last_available = zone->available;
	ledger->round_over = zone->wmark_check;

	__u32 index = ledger->zones++;
	if (index < WIRE_MAX_RETRIED_ZONES)
		ledger->zone[index] = *zone;
	return 0;
}

SEC("?tp_btf/reclaim_retry_zone")
int BPF_PROG(reclaim_retried, struct zoneref *zoneref, int order, unsigned long reclaimable, unsigned long available,
	     unsigned long min_wmark, int no_progress_loops, bool wmark_check)
{
	/* Probed: the number is too far into the node for a load. */
	__u64 pgdat = address_of(KERNEL_READ(zoneref, zone, zone_pgdat));
	struct retried_zone zone = {
		.reclaimable = reclaimable,
		.available = available,
		.min_wmark = min_wmark,
		.node = BPF_CORE_READ((struct pglist_data *)pgdat, node_id),
		.index = KERNEL_READ(zoneref, zone_idx),
		.wmark_check = wmark_check,
	};

	if (!some_node)
		some_node = pgdat;
	return note_reclaim(FIRST_PROGRAM, &zone, order, no_progress_loops);
}

SEC("?tp/oom/reclaim_retry_zone")
int reclaim_retried_again(struct trace_event_raw_reclaim_retry_zone *record)
{
	struct retried_zone zone = {
		.reclaimable = record->reclaimable,
		.available = record->available,
		.min_wmark = record->min_wmark,
		.node = record->node,
		.index = record->zone_idx,
		.wmark_check = record->wmark_check,
	};

	return note_reclaim(SECOND_PROGRAM, &zone, record->order, record->no_progress_loops);
}

static __always_inline int note_compaction(enum which_program which, int order, int priority, int result, int retries,
					   int max_retries, bool again)
{
	struct retry_ledger *ledger = find_ledger();

	if (ledger && take_noted(ledger, which, NOTED_COMPACTION,
				 ledger->compact_retries == retries && ledger->compact_priority == priority &&
					 ledger->compact_result == result && ledger->order == order))
		return 0;
	__u64 now_ns = bpf_ktime_get_ns();
	ledger = open_ledger(ledger, order, now_ns);
	if (!ledger)
		return 0;
	set_noted(ledger, which, NOTED_COMPACTION);
	if (!ledger->compact_checks)
		ledger->compact_first_ns = now_ns;
	ledger->compact_checks++;
	ledger->compact_last_ns = now_ns;
	ledger->compact_priority = priority;
	ledger->compact_result = result;
	ledger->compact_retries = retries;
	ledger->compact_max_retries = max_retries;
	ledger->compact_again = again;
	return 0;
}

SEC("?tp_btf/compact_retry")
int BPF_PROG(compaction_retried, int order, int priority, int result, int retries, int max_retries, bool again)
{
	return note_compaction(FIRST_PROGRAM, order, priority, result, retries, max_retries, again);
}

/* Not on the record of the tracepoint: in it the result is simplified (compact_result_to_feedback()). */
SEC("?tp_btf/compact_retry")
int BPF_PROG(compaction_retried_again, int order, int priority, int result, int retries, int max_retries, bool again)
{
	return note_compaction(SECOND_PROGRAM, order, priority, result, retries, max_retries, again);
}

static __always_inline void fill_reclaim(struct wire_retries *record, struct retry_ledger *ledger)
{
	record->reclaim_rounds = ledger->reclaim_rounds;
	record->reclaim_first_ns = ledger->reclaim_first_ns;
	record->reclaim_last_ns = ledger->reclaim_last_ns;
	record->reclaim_order = ledger->order;
	record->no_progress_loops = ledger->no_progress_loops;
	record->nr_zones = ledger->zones;
	if (record->nr_zones > WIRE_MAX_RETRIED_ZONES) {
		record->zones_beyond = record->nr_zones - WIRE_MAX_RETRIED_ZONES;
		record->nr_zones = WIRE_MAX_RETRIED_ZONES;
	}
	for (__u32 i = 0; i < WIRE_MAX_RETRIED_ZONES; i++) {
		struct retried_zone *retried = &ledger->zone[i];
		struct wire_retried_zone *out = &record->zone[i];
		if (i >= record->nr_zones)
			break;
		__u64 zone = some_node + bpf_core_field_offset(struct pglist_data, node_zones) +
			     retried->index * bpf_core_type_size(struct zone);
		out->reclaimable = retried->reclaimable;
		out->available = retried->available;
		out->min_wmark = retried->min_wmark;
		out->node = retried->node;
		out->index = retried->index;
		out->wmark_check = retried->wmark_check;
		if (some_node)
			bpf_probe_read_kernel_str(out->name, sizeof(out->name), BPF_CORE_READ((struct zone *)zone, name));
	}
}

#define IS_RESULT(name) (result == compact_result_index(COMPACT_##name))
#define IS_PRIORITY(name) (priority == compact_priority_index(COMPACT_PRIO_##name))

static __always_inline __u32 wire_compact_result_of(int result)
{
	return IS_RESULT(NOT_SUITABLE_ZONE)  ? WIRE_COMPACT_NOT_SUITABLE_ZONE
	       : IS_RESULT(SKIPPED)          ? WIRE_COMPACT_SKIPPED
	       : IS_RESULT(DEFERRED)         ? WIRE_COMPACT_DEFERRED
	       : IS_RESULT(NO_SUITABLE_PAGE) ? WIRE_COMPACT_NO_SUITABLE_PAGE
	       : IS_RESULT(CONTINUE)         ? WIRE_COMPACT_CONTINUE
	       : IS_RESULT(COMPLETE)         ? WIRE_COMPACT_COMPLETE
	       : IS_RESULT(PARTIAL_SKIPPED)  ? WIRE_COMPACT_PARTIAL_SKIPPED
	       : IS_RESULT(CONTENDED)        ? WIRE_COMPACT_CONTENDED
	       : IS_RESULT(SUCCESS)          ? WIRE_COMPACT_SUCCESS
					     : WIRE_COMPACT_UNKNOWN;
}

static __always_inline __u32 wire_compact_priority_of(int priority)
{
	return IS_PRIORITY(SYNC_FULL)    ? WIRE_COMPACT_PRIO_SYNC_FULL
	       : IS_PRIORITY(SYNC_LIGHT) ? WIRE_COMPACT_PRIO_SYNC_LIGHT
	       : IS_PRIORITY(ASYNC)      ? WIRE_COMPACT_PRIO_ASYNC
					 : WIRE_COMPACT_PRIO_UNKNOWN;
}

static __always_inline void fill_compaction(struct wire_retries *record, struct retry_ledger *ledger)
{
	record->compact_checks = ledger->compact_checks;
	record->compact_order = ledger->order;
	record->compact_first_ns = ledger->compact_first_ns;
	record->compact_last_ns = ledger->compact_last_ns;
	record->compact_priority = wire_compact_priority_of(ledger->compact_priority);
	record->compact_result = wire_compact_result_of(ledger->compact_result);
	record->compact_retries = ledger->compact_retries;
	record->compact_max_retries = ledger->compact_max_retries;
	record->compact_again = ledger->compact_again;
}

__noinline int emit_retries(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct retrying_task key = retrying_task(task);
	struct wire_retries *record = WIRE_RESERVE(wire_retries, WIRE_RETRIES);

	if (!record)
		return 0;
	record->watched = tracer.retries_watched;
	struct retry_ledger *ledger = bpf_map_lookup_elem(&retry_ledgers, &key);
	struct progress progress = progress_of(task);
	/* A ledger that the task left behind when it got its memory says nothing about this request. */
	if (ledger && same_request(ledger, &progress, bpf_ktime_get_ns())) {
		if (ledger->reclaim_rounds)
			fill_reclaim(record, ledger);
		if (ledger->compact_checks)
			fill_compaction(record, ledger);
	}
	wire_submit(record);
	if (ledger)
		bpf_map_delete_elem(&retry_ledgers, &key);
	return 0;
}
