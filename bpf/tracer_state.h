/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * tracer_state.h: the layout of what the programs share with each other and with user space. Plain C, no vmlinux.h: the
 * collector's C++ includes it in front of the skeleton.
 */
#ifndef OOMTRACE_TRACER_STATE_H
#define OOMTRACE_TRACER_STATE_H

#include <oomtrace/wire_record.h>

/* Set by user space before the programs are loaded. */
struct tracer_config {
	wire_u32 attach_method;      /* enum wire_attach_method */
	wire_u32 nr_nodes;           /* highest possible node number + 1 */
	wire_u32 nr_cpus;            /* highest possible CPU number + 1 */
	wire_u32 walk_task_limit;    /* tracepoint method: most tasks one walk looks at */
	wire_u64 walk_time_limit_ns; /* tracepoint method: longest time a walk may hold the victim's lock */
	wire_u64 memcg_oom_begin; /* code of mem_cgroup_out_of_memory(): addresses on a stack say that the OOM is a memcg's */
	wire_u64 memcg_oom_end;
	wire_u32 release_at_exit; /* no hook tells for sure when an mm is released: ask at the exit of its last process */
	wire_u32 sum_rss; /* the kernel adds up the per-cpu deltas of the rss counters (since 7.0), so they are sent too */
	wire_u64 per_cpu_offset;  /* of __per_cpu_offset[]; 0: this kernel does not list data symbols */
	wire_u32 retries_watched; /* enum wire_retries_watched: which of the programs of retries.bpf.c are attached */
	wire_u32 kills_counted;   /* the signals are watched, so that kills can be counted as the kernel does */
	wire_u64 nr_swap_pages;   /* of that variable, and of total_swap_pages; 0: likewise */
	wire_u64 total_swap_pages;
	wire_u32 arguments;           /* enum tracer_arguments */
	wire_u32 stack_bytes;         /* THREAD_SIZE */
	wire_u32 pages_per_huge_page; /* HPAGE_PMD_NR */
};

/* How much of what a process was started with may be told: arguments hold secrets. */
enum tracer_arguments {
	ARGUMENTS_NONE,
	ARGUMENTS_FIRST, /* the program's name for itself */
	ARGUMENTS_ALL,
};

/* Where each CPU's copy of the per-CPU variables lies, relative to their own addresses. Learnt once, in the first invocation. */
#define MAX_CPUS 512
struct per_cpu_areas {
	wire_u64 offset[MAX_CPUS];
	wire_u32 known; /* how many; less than the host's CPUs: no per-CPU variable can be read */
	wire_u32 tried;
};

/*
 * A candidate on its way to the collector, which makes a wire_candidate of it: what those of one sample share is in the sample's
 * header, and the exact counters are told by how far they are from the others. Copying it to the ring is a good part of what it costs.
 */
struct sampled_candidate {
	struct wire_task task;
	wire_u64 mm;
	wire_u64 total_vm;
	wire_s64 rss[WIRE_RSS_COUNT];
	wire_u64 pgtables_bytes;
	wire_u32 mm_users;
	wire_u16 rss_exact_valid;
	wire_u16 facts; /* enum wire_candidate_fact */
	wire_s64 points;
	wire_s64 chosen_points;
	wire_s32 rss_deltas[WIRE_RSS_COUNT]; /* with rss_exact_valid */
};

/*
 * A scan sends thousands of candidates, one right after the other, so they travel together: one sample of the ring holds up to this
 * many. The header is that of the first, and the others follow it in the sequence; its kind is no wire_kind, and its size the
 * sample's. Written under oom_lock, like `invocation`.
 */
#define CANDIDATES_PER_SAMPLE 32
#define SAMPLE_OF_CANDIDATES 0xffff
struct candidate_sample {
	struct wire_header header;
	struct sampled_candidate candidates[CANDIDATES_PER_SAMPLE];
};
struct candidate_batch {
	struct candidate_sample sample;
	wire_u64 count; /* of candidates that wait */
};

/* A header alone, whose kind is no wire_kind either: the kernel is printing what no other hook tells of. Its log is to be read. */
#define SAMPLE_OF_NOTICE 0xfffe

/*
 * touch_ring, before anything is attached: the step in which it goes through the ring, no larger than any kernel's page, and the
 * number of steps that one run takes at most. It returns how many there was room for.
 */
#define TOUCHED_PAGE_BYTES 4096
#define PAGES_PER_TOUCH 256

/* The one OOM invocation that holds oom_lock. Written only by the task in `task`, while it is inside out_of_memory(). */
struct invocation {
	wire_u64 episode;          /* counts up; never 0 once one has begun */
	wire_u64 task;             /* address of the invoking task_struct; 0: none open */
	wire_u64 trigger_start_ns; /* its start_boottime: tells a reused address apart */
	wire_u64 oom_control;      /* address of out_of_memory()'s argument; 0: not seen */
	wire_u64 entered_ns;
	wire_u64 oom_memcg; /* address of the mem_cgroup whose limit fired; 0: global or unknown */
	wire_u64 oom_memcg_id;
	wire_u64 found_memcg; /* results of the walks up the hierarchy */
	wire_u64 found_memcg_id;
	wire_u64 walk_next;  /* where the walk over the task list goes on */
	wire_u64 last_memcg; /* the memcg announced last: neighbours in a scan often share it */
	wire_u64 last_memcg_id;
	wire_u64 last_css_set;       /* of the candidate before; it says what last_memcg is */
	wire_u64 last_memcg_outside; /* the last one found outside the OOM's domain */
	wire_u64 dropped[WIRE_DROP_REASONS];
	wire_u64 tasks_seen;
	wire_u64 candidates_sent;
	wire_u64 evaluated_task; /* kprobe: argument of the oom_evaluate_task() that is running */
	wire_s64 badness;        /* oom_badness()'s last return value, or BADNESS_NOT_SEEN */
	wire_u64 victim_mm;      /* of the process that was marked last: its sharers are signalled right after */
	wire_u64 oom_group_id;   /* of the process that was marked first; 0: none */
	wire_u64 aborted_by_tgid;
	wire_u64
		evaluations; /* seen so far; of a suppressed scan the first NOTED_EVALUATIONS are kept in noted_evaluations[] */
	wire_u64 mems_allowed; /* the trigger's, first word; 0: bits beyond, or a memcg's OOM */
	wire_u64
		policy_nodes; /* first word of the nodes that a memory policy confines a global OOM to; 0: none, or bits beyond */
	wire_u64 nodes_sent;     /* bit by node; only where the nodes are read from the zonelist */
	wire_u64 signal_task;    /* the task last sent SIGKILL from inside */
	wire_u64 counting_memcg; /* whose memory.events count the kills; 0: not known yet */
	wire_u64 counting_memcg_id;
	wire_u64 oom_kill_before; /* its counts at the choice */
	wire_u64 group_kill_before;
	wire_u64 stack[WIRE_MAX_STACK];
	wire_u64 walk_ns;
	wire_u32 walk_stop; /* enum wire_walk_stop */
	wire_u32 stack_depth;
	wire_u32 sequence;
	wire_u32 signals;
	wire_u32 marks;
	wire_u32 begun;         /* its WIRE_INVOCATION_BEGIN was sent or dropped */
	wire_u32 chosen_seen;   /* oom_kill_process() was entered */
	wire_u32 suppressed;    /* the scan will be aborted: a victim in reach is still exiting */
	wire_u32 expected_slot; /* with suppressed: whose, in outstanding[] */
	wire_u32 closed;        /* its WIRE_INVOCATION_END was sent or dropped */
	wire_u32 scope_from_stack;
	wire_u32 memcg_locked;
	wire_u32 victim_tgid;    /* of the process that was marked last */
	wire_u32 signal_counted; /* the kernel counts the kill that signal_task was signalled for */
	wire_u32 kills_seen;     /* of those that the kernel counts */
	wire_u32 reserved;
};

/* No score comes near it. */
#define BADNESS_NOT_SEEN 0x7fffffffffffffffLL

/* Totals over all episodes, read by user space. */
struct tracer_counters {
	wire_u64 dropped[WIRE_DROP_REASONS];
	wire_u64 episodes;
	wire_u64 suppressed_scans;
	wire_u64 kills_seen;      /* of those that the kernel counts */
	wire_u64 adjustments;     /* of an oom_score_adj */
	wire_u64 retries_made_up; /* noted by the second program of their tracepoint alone: the first was skipped */
};

/* Tracepoint method: the last SIGKILL that any task sent. The kernel signals a victim right before it marks it, in the same task. */
struct last_sigkill {
	wire_u64 sender;
	wire_u64 task;
};

/* Victims that can abort a scan. A slot is free when its mm is 0; taken under oom_lock, freed when the mm is released. */
#define OUTSTANDING_SLOTS 32
struct outstanding_victim {
	wire_u64 mm;
	wire_u64 memcg;
	wire_u64 leader; /* address of its task_struct, and what tells a reused one apart */
	wire_u64 leader_start_ns;
	wire_u64 rescans;
	wire_u64 last_rescan_ns;
};

/*
 * What was seen of a scan that was expected to be aborted, in case it is not: of one that weighs more tasks before that is known,
 * all are read again. The expectation is looked at anew every so many tasks.
 */
#define NOTED_EVALUATIONS 512
#define EVALUATIONS_PER_LOOK 32
struct noted_evaluation {
	wire_u64 task;
	wire_u64 start_ns; /* its start_boottime: tells a reused address apart */
	wire_s64 points;
	wire_s64 chosen_points;
	wire_u64 facts; /* enum wire_candidate_fact */
};

/* Of the asker's stack, while oom_control is looked for: written under oom_lock, like `invocation`. */
#define STACK_PIECE_WORDS 64

struct followed_task {
	wire_u64 episode;
	wire_u64 mm;
	wire_u32 pid;
	wire_u32 tgid;
};

/* A victim whose identity is to be copied once it gets its SIGKILL: the task by which the records name it. */
#define MAX_AWAITED 64
struct awaited_identity {
	wire_u64 episode;
	wire_u64 start_boottime_ns;
	wire_u32 pid;
	wire_u32 reserved;
};

struct followed_mm {
	wire_u64 episode;
	wire_u64 memcg; /* whose usage to read at the release; checked against memcg_id before it is trusted */
	wire_u64 memcg_id;
	wire_u32 tgid;
	wire_u32 outstanding_slot; /* OUTSTANDING_SLOTS: none */
};

#endif /* OOMTRACE_TRACER_STATE_H */
