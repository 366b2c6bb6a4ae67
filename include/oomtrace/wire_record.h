/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * wire_record.h: everything that crosses from the kernel to user space, and everything a recording holds.
 *
 * C only, so that clang's BPF target and a C++ compiler read the same file. Fixed-width types, explicit padding, one struct per
 * kind, and every struct begins with the same header. Rules that keep old recordings readable:
 *   - kinds are numbered by hand; a number is never used twice, a retired one stays as a comment;
 *   - a field never changes its meaning; new fields are appended and WIRE_VERSION goes up;
 *   - zero never means "unknown": each value that may be missing has a bit in the record's `valid` or `facts` word.
 *
 * Units: memory in pages of the traced kernel (WIRE_HOST carries the page size) unless the name says _bytes; times in
 * nanoseconds of CLOCK_MONOTONIC unless the name says otherwise. Pids are those of the initial pid namespace.
 *
 * The first vmlinux.h has its own u64 and friends, so this header uses the compiler's types and not <stdint.h>.
 */
#ifndef OOMTRACE_WIRE_RECORD_H
#define OOMTRACE_WIRE_RECORD_H

typedef unsigned char wire_u8;
typedef unsigned short wire_u16;
typedef short wire_s16;
typedef unsigned int wire_u32;
typedef int wire_s32;
typedef unsigned long long wire_u64;
typedef long long wire_s64;

/* clang-format off */
/* Goes up with every change of a struct below; a recording of another version is refused by name. */
#define WIRE_VERSION 2

#define WIRE_COMM_LEN 16       /* TASK_COMM_LEN */
#define WIRE_NAME_LEN 256      /* NAME_MAX + 1: one component of a cgroup path */
#define WIRE_CPUSET_NAME_LEN 64
#define WIRE_ZONE_NAME_LEN 16
#define WIRE_NODEMASK_WORDS 16 /* 1024 nodes, the most an amd64 or arm64 kernel is built for */
#define WIRE_MAX_STACK 32
#define WIRE_MAX_ORDERS 16     /* NR_PAGE_ORDERS is 11, with 64 KiB pages 14 */
#define WIRE_MAX_ZONES 8       /* MAX_NR_ZONES is 4 to 6 */
#define WIRE_MAX_MEMCG_DEPTH 32
#define WIRE_SYMBOL_LEN 64

enum wire_kind {
	/* made in the kernel */
	WIRE_INVOCATION_BEGIN = 1, /* out_of_memory() got as far as weighing tasks, marking one, or reporting */
	WIRE_CANDIDATE = 2,        /* one task that was weighed */
	WIRE_CHOICE = 3,           /* oom_kill_process() was entered */
	WIRE_KILL = 4,             /* SIGKILL sent to, or TIF_MEMDIE set on, one process */
	WIRE_NODE = 5,
	WIRE_ZONE = 6,
	WIRE_MEMCG = 7,            /* one memory cgroup, sent once per episode at first mention */
	WIRE_INVOCATION_END = 8,   /* closing record: what was sent, what was dropped */
	WIRE_REAPER = 9,
	WIRE_EXIT = 10,            /* the last thread of a killed process is in do_exit() */
	WIRE_MM_RELEASED = 11,     /* exit_mmap() of a killed process: its memory is back */
	WIRE_RETRIES = 12,         /* what the page allocator tried for the invoking task before; once per episode, after its begin */
	WIRE_KILL_COUNTS = 13,     /* what the kernel counted while it held oom_lock; function hooks only, before the closing record */
	WIRE_SWAP = 14,            /* the host's swap, once per episode, after its zones; only where the kernel lists data symbols */
	WIRE_PROCESS_IDENTITY = 15, /* what the trigger or the victim executes, copied in its own context */
	/* made by the collector, in the same stream so that a replay sees what the live run saw */
	/* 16: what /proc said of the trigger or the victim */
	WIRE_CGROUP_NAMES = 17,    /* what files on the host call the owner of a memory cgroup; after the closing record */
	WIRE_HOST = 64,
	WIRE_SYSTEM_STATE = 65,
	WIRE_SYMBOL = 66,
	WIRE_CLOCK = 67,           /* nothing arrived for a while; lets deadlines pass in a replay as they did live */
	WIRE_LOSS = 68,
	WIRE_STREAM_END = 69,      /* the source ended on purpose; a recording without it is truncated */
	WIRE_LOG_LINE = 72,        /* a line of the kernel's own log */
};

struct wire_header {
	wire_u32 size;     /* of the whole record, this header included */
	wire_u16 kind;     /* enum wire_kind */
	wire_u16 cpu;
	wire_u64 time_ns;
	wire_u64 episode;  /* counter of OOM invocations, from 1; 0 for records that belong to none */
	wire_u32 sequence; /* from 1 within an episode up to its closing record; 0 for records after it and the collector's own */
	wire_u32 reserved;
};

/* Bits of wire_task.facts: what was read of the task itself. */
enum wire_task_fact {
	WIRE_TASK_KTHREAD = 1 << 0,      /* PF_KTHREAD */
	WIRE_TASK_GLOBAL_INIT = 1 << 1,  /* tgid 1 */
	WIRE_TASK_OOM_VICTIM = 1 << 2,   /* signal->oom_mm is set: killed by an earlier OOM and not gone yet */
	WIRE_TASK_OOM_ORIGIN = 1 << 3,   /* signal->oom_flag_origin: swapoff or KSM unmerge asked to be chosen first */
	WIRE_TASK_IN_VFORK = 1 << 4,     /* in_vfork(): shares its parent's mm until exec */
	WIRE_TASK_HAS_MM = 1 << 5,       /* wire_mm below was read */
	WIRE_TASK_MMF_OOM_SKIP = 1 << 6, /* bit 21 of its mm's flags (an OOM victim's: of signal->oom_mm's): nothing left to reap */
	WIRE_TASK_EXITING = 1 << 7,      /* PF_EXITING */
	WIRE_TASK_MEMS_DISJOINT = 1 << 8,/* its mems_allowed do not meet the trigger's (or oc->nodemask); see WIRE_TASK_MEMS_READ */
	WIRE_TASK_MEMS_READ = 1 << 9,
	WIRE_TASK_LEADER_HAS_NO_MM = 1 << 10, /* the mm was found on another thread of the group */
	WIRE_TASK_LOOK_BOUND = 1 << 11,  /* no thread with an mm among those looked at, but there are more */
	WIRE_TASK_POLICY_DISJOINT = 1 << 13, /* bound (MPOL_BIND) to nodes that do not meet those of the trigger's policy; see _POLICY_READ */
	WIRE_TASK_POLICY_READ = 1 << 14,
	WIRE_TASK_NOT_IN_CGROUP = 1 << 12, /* exited so far that css_task_iter, and with it a memcg's scan, passes over it */
};

/* A process. Mirrors task_struct, signal_struct and cred. */
struct wire_task {
	wire_u64 start_boottime_ns; /* CLOCK_BOOTTIME; with tgid the identity that pid reuse cannot fake */
	wire_u64 memcg_id;          /* css.cgroup->kn->id; 0: none read */
	wire_u32 pid;               /* of the thread that was looked at (for a candidate: as dump_tasks() prints it) */
	wire_u32 tgid;
	wire_u32 ppid;              /* tgid of real_parent */
	wire_u32 uid;               /* real_cred->uid, initial user namespace */
	wire_s32 oom_score_adj;     /* -1000 .. 1000 */
	wire_u32 flags;             /* task_struct.flags, raw */
	wire_u32 facts;             /* enum wire_task_fact */
	wire_u32 threads;           /* signal->nr_threads */
	wire_u8 comm[WIRE_COMM_LEN];/* of the thread looked at, NUL-terminated */
};

/* Indices into wire_mm.rss and .rss_exact: the kernel's MM_FILEPAGES .. MM_SHMEMPAGES, the same in 5.4 .. 7.3. */
enum wire_rss {
	WIRE_RSS_FILE = 0,
	WIRE_RSS_ANON = 1,
	WIRE_RSS_SWAP = 2,
	WIRE_RSS_SHMEM = 3,
	WIRE_RSS_COUNT = 4,
};

/* An address space. Mirrors mm_struct. Valid only with WIRE_TASK_HAS_MM. */
struct wire_mm {
	wire_u64 mm;                 /* its address: processes with the same value share it */
	wire_u64 total_vm;           /* pages */
	wire_s64 rss[WIRE_RSS_COUNT];/* pages, as get_mm_counter() reads them: the central count, negative values not clamped */
	wire_s64 rss_exact[WIRE_RSS_COUNT]; /* pages, per-cpu deltas added (get_mm_counter_sum(), 7.0); with rss_exact_valid */
	wire_u64 pgtables_bytes;
	wire_u32 rss_exact_valid;
	wire_u32 mm_users;
};

/* Why out_of_memory() was called and for what; sent first in an episode. */
enum wire_begin_valid {
	WIRE_BEGIN_OOM_CONTROL = 1 << 0, /* gfp_mask, order, oom_memcg_id and nodemask are the kernel's own oom_control */
	WIRE_BEGIN_CONSTRAINT = 1 << 1,  /* constrained_alloc() had run: constraint and total_pages are valid */
	WIRE_BEGIN_NODEMASK = 1 << 2,    /* oc->nodemask was not NULL */
	WIRE_BEGIN_MEMS_ALLOWED = 1 << 3,
	WIRE_BEGIN_STACK = 1 << 4,
	WIRE_BEGIN_MEMCG_LOCKED = 1 << 5, /* oom_memcg_id: the level whose memcg->oom_lock was held, not oom_control's */
	WIRE_BEGIN_ENTERED = 1 << 6,     /* entered_ns was taken at the entry of out_of_memory() */
	WIRE_BEGIN_BADNESS_UNSIGNED = 1 << 7, /* oom_badness() of 5.8 and before: clamped at 1, 0 means not eligible */
	WIRE_BEGIN_ZONELIST = 1 << 8,    /* oc->zonelist was not NULL */
	WIRE_BEGIN_SCOPE_FROM_STACK = 1 << 9, /* memcg or global OOM was told by the functions on the trigger's stack: with it,
	                                       * oom_memcg_id 0 means global, another value the level that was at its limit */
	WIRE_BEGIN_POLICY = 1 << 10,     /* no oom_control, but the trigger's own memory policy was read: _NODEMASK says that it is
	                                  * MPOL_BIND, and nodemask has its nodes */
};

struct wire_invocation_begin {
	struct wire_header header;
	struct wire_task trigger;   /* current */
	wire_u64 entered_ns;        /* entry of out_of_memory() */
	wire_u64 total_pages;       /* oc->totalpages: what the OOM domain may use */
	wire_u64 oom_memcg_id;      /* cgroup id of oc->memcg; 0: a global OOM; with any of _OOM_CONTROL, _MEMCG_LOCKED, _SCOPE_FROM_STACK */
	wire_u64 nodemask[WIRE_NODEMASK_WORDS];
	wire_u64 mems_allowed[WIRE_NODEMASK_WORDS];
	wire_u64 stack[WIRE_MAX_STACK]; /* return addresses, innermost first */
	wire_u32 stack_depth;
	wire_u32 valid;             /* enum wire_begin_valid */
	wire_u32 gfp_mask;
	wire_s32 order;             /* -1: asked for by sysrq */
	wire_u32 constraint;        /* enum oom_constraint: 0 none, 1 cpuset, 2 memory policy, 3 memcg */
	wire_u32 attach_method;     /* enum wire_attach_method */
	wire_u8 cpuset[WIRE_CPUSET_NAME_LEN]; /* name (last component) of the trigger's cpuset cgroup */
};

enum wire_attach_method {
	WIRE_ATTACH_FENTRY = 1,
	WIRE_ATTACH_KPROBE = 2,
	WIRE_ATTACH_TRACEPOINT = 3,
};

enum wire_candidate_fact {
	WIRE_CANDIDATE_POINTS_OBSERVED = 1 << 0, /* points is what oom_badness() returned */
	WIRE_CANDIDATE_EVALUATED = 1 << 1,       /* oom_evaluate_task() was seen to return: the two below are meaningful */
	WIRE_CANDIDATE_BECAME_CHOSEN = 1 << 2,   /* oc->chosen is this task after its evaluation */
	WIRE_CANDIDATE_ABORTED_SCAN = 1 << 3,    /* oom_evaluate_task() returned 1: an earlier victim is still exiting */
	WIRE_CANDIDATE_CHOSEN_POINTS = 1 << 4,   /* chosen_points was read from oom_control */
};

struct wire_candidate {
	struct wire_header header;
	struct wire_task task;
	struct wire_mm mm;
	wire_s64 points;            /* pages; LONG_MIN (0 up to 5.8): not eligible; with WIRE_CANDIDATE_POINTS_OBSERVED */
	wire_s64 chosen_points;     /* oc->chosen_points after this evaluation */
	wire_u32 facts;             /* enum wire_candidate_fact */
	wire_u32 reserved;
};

enum wire_choice_valid {
	WIRE_CHOICE_OOM_CONTROL = 1 << 0, /* points, total_pages and constraint are the kernel's own */
};

struct wire_choice {
	struct wire_header header;
	struct wire_task task;      /* oc->chosen */
	wire_s64 points;            /* oc->chosen_points; LONG_MIN or 0 where nothing was weighed (oom_kill_allocating_task) */
	wire_u64 total_pages;
	wire_u32 constraint;
	wire_u32 valid;             /* enum wire_choice_valid */
	wire_u8 message[64];        /* oom_kill_process()'s: "Out of memory", "Memory cgroup out of memory", ... */
};

enum wire_kill_event {
	WIRE_KILL_SIGNAL = 1,       /* SIGKILL was sent from inside the invocation */
	WIRE_KILL_MARK = 2,         /* mark_oom_victim(): access to reserves; sizes are those of the kernel's "Killed process" line */
};

enum wire_kill_why {
	WIRE_KILL_CHOSEN = 1,       /* what oom_kill_process() was called for */
	WIRE_KILL_OOM_GROUP = 2,    /* member of a group with memory.oom.group */
	WIRE_KILL_SHARES_MM = 3,    /* another process with the victim's mm */
	WIRE_KILL_ALREADY_EXITING = 4, /* marked without a signal: task_will_free_mem() */
};

struct wire_kill {
	struct wire_header header;
	struct wire_task task;
	struct wire_mm mm;
	wire_u64 oom_group_id;      /* cgroup id of the topmost group with memory.oom.group at or above the victim; 0: none */
	wire_u32 event;             /* enum wire_kill_event */
	wire_u32 why;               /* enum wire_kill_why */
};

/* Items of wire_node.stat, in this header's own numbering because the kernel renumbers its enums. Pages, but for the _KB one. */
enum wire_node_item {
	WIRE_NODE_ACTIVE_ANON = 0,
	WIRE_NODE_INACTIVE_ANON = 1,
	WIRE_NODE_ACTIVE_FILE = 2,
	WIRE_NODE_INACTIVE_FILE = 3,
	WIRE_NODE_UNEVICTABLE = 4,
	WIRE_NODE_ISOLATED_ANON = 5,
	WIRE_NODE_ISOLATED_FILE = 6,
	WIRE_NODE_ANON_MAPPED = 7,
	WIRE_NODE_FILE_MAPPED = 8,
	WIRE_NODE_FILE_PAGES = 9,
	WIRE_NODE_FILE_DIRTY = 10,
	WIRE_NODE_WRITEBACK = 11,
	WIRE_NODE_SHMEM = 12,
	WIRE_NODE_SLAB_RECLAIMABLE = 13,
	WIRE_NODE_SLAB_UNRECLAIMABLE = 14,
	WIRE_NODE_KERNEL_STACK_KB = 15,
	WIRE_NODE_PAGETABLE = 16,
	WIRE_NODE_SECONDARY_PAGETABLE = 17,
	WIRE_NODE_KERNEL_MISC_RECLAIMABLE = 18,
	WIRE_NODE_FOLL_PIN_ACQUIRED = 19,
	WIRE_NODE_FOLL_PIN_RELEASED = 20,
	WIRE_NODE_SWAPCACHE = 21,
	WIRE_NODE_ANON_THPS = 22,
	WIRE_NODE_SHMEM_THPS = 23,
	WIRE_NODE_FILE_THPS = 24,
	WIRE_NODE_ITEMS = 32,
};

/* One NUMA node. Mirrors pglist_data. */
struct wire_node {
	struct wire_header header;
	wire_u32 node;
	wire_u32 nr_zones;
	wire_u64 present_pages;
	wire_u64 spanned_pages;
	wire_u64 stat_valid;        /* bit per enum wire_node_item */
	wire_s64 stat[WIRE_NODE_ITEMS];
	wire_s32 kswapd_failures;
	wire_u32 reserved;
};

enum wire_zone_item {
	WIRE_ZONE_FREE = 0,
	WIRE_ZONE_INACTIVE_ANON = 1,
	WIRE_ZONE_ACTIVE_ANON = 2,
	WIRE_ZONE_INACTIVE_FILE = 3,
	WIRE_ZONE_ACTIVE_FILE = 4,
	WIRE_ZONE_UNEVICTABLE = 5,
	WIRE_ZONE_WRITE_PENDING = 6,
	WIRE_ZONE_MLOCK = 7,
	WIRE_ZONE_BOUNCE = 8,       /* until 6.15 */
	WIRE_ZONE_ZSPAGES = 9,
	WIRE_ZONE_FREE_CMA = 10,
	WIRE_ZONE_ITEMS = 16,
};

enum wire_zone_valid {
	WIRE_ZONE_FREE_HIGHATOMIC = 1 << 0, /* nr_free_highatomic exists (6.13, 6.12.y) */
	WIRE_ZONE_CMA = 1 << 1,             /* CONFIG_CMA */
	WIRE_ZONE_PCP = 1 << 2,             /* free_pcp could be summed */
};

/* Migrate types of wire_zone.free_types, in the order of the letters the kernel prints: U M E H C I. */
enum wire_migrate_type {
	WIRE_MIGRATE_UNMOVABLE = 0,
	WIRE_MIGRATE_MOVABLE = 1,
	WIRE_MIGRATE_RECLAIMABLE = 2,
	WIRE_MIGRATE_HIGHATOMIC = 3,
	WIRE_MIGRATE_CMA = 4,
	WIRE_MIGRATE_ISOLATE = 5,
	WIRE_MIGRATE_TYPES = 6,
};

/* One populated zone. Mirrors struct zone. All sizes in pages. */
struct wire_zone {
	struct wire_header header;
	wire_u32 node;
	wire_u32 index;             /* enum zone_type of the running kernel */
	wire_u8 name[WIRE_ZONE_NAME_LEN];
	wire_u64 managed_pages;
	wire_u64 present_pages;
	wire_u64 spanned_pages;
	wire_u64 watermark[3];      /* _watermark[WMARK_MIN, WMARK_LOW, WMARK_HIGH], without the boost */
	wire_u64 watermark_boost;
	wire_u64 reserved_highatomic;
	wire_u64 free_highatomic;
	wire_u64 cma_pages;
	wire_u64 free_pcp;          /* sum of per_cpu_pages.count over all CPUs */
	wire_s64 lowmem_reserve[WIRE_MAX_ZONES];
	wire_s64 stat[WIRE_ZONE_ITEMS];
	wire_u64 stat_valid;        /* bit per enum wire_zone_item */
	wire_u64 nr_free[WIRE_MAX_ORDERS];   /* free blocks of each order */
	wire_u8 free_types[WIRE_MAX_ORDERS]; /* bit per enum wire_migrate_type: its list is not empty */
	wire_u32 nr_orders;
	wire_u32 nr_zones;          /* entries of lowmem_reserve */
	wire_u32 valid;             /* enum wire_zone_valid */
	wire_u32 reserved;
};

/* A page_counter. PAGE_COUNTER_MAX ("max") is sent as WIRE_UNLIMITED. */
#define WIRE_UNLIMITED (~0ULL)

struct wire_page_counter {
	wire_u64 usage;
	wire_u64 min;
	wire_u64 low;
	wire_u64 high;
	wire_u64 max;
	wire_u64 failcnt;
	wire_u64 watermark;         /* the highest usage so far */
};

enum wire_memcg_valid {
	WIRE_MEMCG_ROOT = 1 << 0,        /* has no parent; its counters are not kept by the kernel on v2 */
	WIRE_MEMCG_V2 = 1 << 1,          /* the memory controller is on the unified hierarchy */
	WIRE_MEMCG_OOM_GROUP = 1 << 2,   /* memory.oom.group is set */
	WIRE_MEMCG_OOM_LOCKED = 1 << 3,  /* memcg->oom_lock: an OOM of it or of a group above is being handled */
	WIRE_MEMCG_HAS_OOM_LOCK = 1 << 4, /* the kernel keeps oom_lock (cgroup v1; on v2 until 6.11) */
	WIRE_MEMCG_SWAPPINESS = 1 << 5,
	WIRE_MEMCG_KMEM = 1 << 6,        /* kmem was read (v1 only) */
	WIRE_MEMCG_OOM_KILL_DISABLE = 1 << 7, /* v1: memory.oom_control disables the killer */
	WIRE_MEMCG_EVENTS = 1 << 8,
	WIRE_MEMCG_TCPMEM = 1 << 9,      /* tcpmem was read (v1 only) */
};

/* One memory cgroup: counters at the moment of its first mention; of the group whose limit fired, once more at the choice. Mirrors
 * mem_cgroup and kernfs_node. */
struct wire_memcg {
	struct wire_header header;
	wire_u64 id;                /* css.cgroup->kn->id: the inode number of its directory */
	wire_u64 parent_id;         /* 0 at the root */
	struct wire_page_counter memory;
	struct wire_page_counter swap;  /* v2: swap; v1: memory+swap (the kernel's union of swap and memsw) */
	struct wire_page_counter kmem;  /* v1 */
	wire_u64 event_max;         /* memory_events[MEMCG_MAX], subtree, with WIRE_MEMCG_EVENTS */
	wire_u64 event_oom;
	wire_u64 event_oom_kill;
	wire_s32 swappiness;
	wire_u32 valid;             /* enum wire_memcg_valid */
	wire_u8 name[WIRE_NAME_LEN]; /* last component; empty at the root */
};

enum wire_outcome {
	WIRE_OUTCOME_UNKNOWN = 0,        /* the tracepoint method cannot see the return */
	WIRE_OUTCOME_KILLED = 1,
	WIRE_OUTCOME_ALREADY_DYING = 2,  /* task_will_free_mem(): marked, no signal, no report */
	WIRE_OUTCOME_ABORTED = 3,        /* an earlier victim is still exiting */
	WIRE_OUTCOME_NO_VICTIM = 4,      /* "no killable processes" */
	WIRE_OUTCOME_NOTIFIER_FREED = 5,
	WIRE_OUTCOME_PANIC = 6,          /* dump_header() was entered with panic_on_oom in force */
};

enum wire_walk_stop {
	WIRE_WALK_NONE = 0,         /* no walk: the kernel's own scan was watched */
	WIRE_WALK_COMPLETE = 1,
	WIRE_WALK_TASK_LIMIT = 2,
	WIRE_WALK_TIME_LIMIT = 3,
};

enum wire_drop_reason {
	WIRE_DROP_RING_FULL = 0,
	WIRE_DROP_MEMCG_TABLE_FULL = 1,  /* no room to remember a cgroup as mentioned: it may be sent twice, or not at all */
	WIRE_DROP_VICTIM_TABLE_FULL = 2, /* what becomes of a victim cannot be followed */
	WIRE_DROP_DEPTH_LIMIT = 3,       /* cgroups nested deeper than WIRE_MAX_MEMCG_DEPTH, or more nodes than the walk's bound */
	WIRE_DROP_REASONS = 4,
};

/* Closes an episode's capture. Records after it (reaper, exit, release, kills of group members with the tracepoint method)
 * carry sequence 0. */
struct wire_invocation_end {
	struct wire_header header;
	wire_u32 outcome;           /* enum wire_outcome */
	wire_u32 returned;          /* out_of_memory()'s return value; with returned_valid */
	wire_u32 returned_valid;
	wire_u32 walk_stop;         /* enum wire_walk_stop */
	wire_u64 last_sequence;     /* of this record: how many were tried */
	wire_u64 dropped[WIRE_DROP_REASONS];
	wire_u64 tasks_seen;        /* tasks evaluated by the kernel, or visited by the walk */
	wire_u64 candidates_sent;
	wire_u64 walk_ns;           /* how long the walk held the victim's lock */
	wire_u64 aborted_by_tgid;   /* with WIRE_OUTCOME_ABORTED: the dying process that stopped the scan; 0: not seen */
};

enum wire_reaper_event {
	WIRE_REAPER_WAKE = 1,
	WIRE_REAPER_START = 2,
	WIRE_REAPER_FINISH = 3,
	WIRE_REAPER_SKIP = 4,
};

struct wire_reaper {
	struct wire_header header;
	struct wire_mm mm;          /* at this moment; with mm_valid */
	wire_u32 event;             /* enum wire_reaper_event */
	wire_u32 pid;               /* of the thread that was queued */
	wire_u32 tgid;
	wire_u32 mm_valid;
};

struct wire_exit {
	struct wire_header header;
	wire_u32 pid;
	wire_u32 tgid;
	wire_u32 exit_code;         /* as wait(2) reports it: low 7 bits the signal */
	wire_u32 threads_left;      /* signal->live after this thread */
};

struct wire_mm_released {
	struct wire_header header;
	wire_u64 mm;
	wire_u64 rescans;           /* aborted scans of other tasks that waited for this victim */
	wire_u64 last_rescan_ns;    /* 0: none */
	wire_u64 memcg_id;          /* whose usage follows: the level that fired, or else the victim's own; 0: not read */
	wire_u64 memcg_usage;       /* pages, after the release */
	wire_u32 tgid;
	wire_u32 reserved;
};

enum wire_retries_watched {
	WIRE_RETRIES_RECLAIM = 1 << 0,    /* oom:reclaim_retry_zone is attached: 0 rounds means that there were none */
	WIRE_RETRIES_COMPACTION = 1 << 1, /* oom:compact_retry is attached (CONFIG_COMPACTION) */
};

/* Mirrors enum compact_priority and enum compact_result, in this header's own numbering. */
enum wire_compact_priority {
	WIRE_COMPACT_PRIO_UNKNOWN = 0, /* one that this version does not know */
	WIRE_COMPACT_PRIO_SYNC_FULL = 1,
	WIRE_COMPACT_PRIO_SYNC_LIGHT = 2,
	WIRE_COMPACT_PRIO_ASYNC = 3,
};

enum wire_compact_result {
	WIRE_COMPACT_UNKNOWN = 0,
	WIRE_COMPACT_NOT_SUITABLE_ZONE = 1,
	WIRE_COMPACT_SKIPPED = 2,
	WIRE_COMPACT_DEFERRED = 3,
	WIRE_COMPACT_NO_SUITABLE_PAGE = 4,
	WIRE_COMPACT_CONTINUE = 5,
	WIRE_COMPACT_COMPLETE = 6,
	WIRE_COMPACT_PARTIAL_SKIPPED = 7,
	WIRE_COMPACT_CONTENDED = 8,
	WIRE_COMPACT_SUCCESS = 9,
};

#define WIRE_MAX_RETRIED_ZONES 16

/* One zone as should_reclaim_retry() judged it: would the allocation fit if all that can be reclaimed were? Pages. */
struct wire_retried_zone {
	wire_u64 reclaimable;
	wire_u64 available;         /* reclaimable and free */
	wire_u64 min_wmark;         /* min watermark, boost included; the zone's lowmem_reserve comes on top */
	wire_u32 node;
	wire_u32 index;             /* enum zone_type of the running kernel */
	wire_u32 wmark_check;       /* 1: __zone_watermark_ok(): worth another round */
	wire_u32 reserved;
	wire_u8 name[WIRE_ZONE_NAME_LEN];
};

/* The retries of the invoking task since it began to ask for this memory (see retries.bpf.c for how that is told). A round is one
 * call of should_reclaim_retry(); its zones are those of the last round, in the order of the zonelist. */
struct wire_retries {
	struct wire_header header;
	wire_u32 watched;           /* enum wire_retries_watched */
	wire_u32 reclaim_rounds;
	wire_u64 reclaim_first_ns;  /* with reclaim_rounds, as are the three below and the zones */
	wire_u64 reclaim_last_ns;
	wire_s32 reclaim_order;
	wire_s32 no_progress_loops; /* rounds in a row, up to the last, in which reclaim freed nothing */
	wire_u32 compact_checks;    /* calls of should_compact_retry() */
	wire_s32 compact_order;     /* with compact_checks, as is the rest: of the last call */
	wire_u64 compact_first_ns;
	wire_u64 compact_last_ns;
	wire_u32 compact_priority;  /* enum wire_compact_priority */
	wire_u32 compact_result;    /* enum wire_compact_result */
	wire_s32 compact_retries;
	wire_s32 compact_max_retries;
	wire_u32 compact_again;     /* 1: should_compact_retry() returned true */
	wire_u32 nr_zones;
	wire_u32 zones_beyond;      /* zones of the last round that the record has no room for */
	wire_u32 reserved;
	struct wire_retried_zone zone[WIRE_MAX_RETRIED_ZONES];
};

enum wire_kill_counts_valid {
	WIRE_KILL_COUNTS_GROUP = 1 << 0, /* the kernel has MEMCG_OOM_GROUP_KILL (5.17) */
};

/*
 * memory_events[] of one cgroup, read at the choice and when out_of_memory() returns. oom_lock is held from one to the other, so
 * that no other OOM can have added to them. Of a memory.oom.group it is that group; else that of the process which the kernel
 * counts the kill for, the owner of the victim's mm.
 */
struct wire_kill_counts {
	struct wire_header header;
	wire_u64 memcg_id;
	wire_u64 oom_kill_before;   /* memory_events[MEMCG_OOM_KILL] */
	wire_u64 oom_kill_after;
	wire_u64 group_kill_before; /* memory_events[MEMCG_OOM_GROUP_KILL], with WIRE_KILL_COUNTS_GROUP */
	wire_u64 group_kill_after;
	wire_u32 kills_seen;        /* by the hooks, in between */
	wire_u32 valid;             /* enum wire_kill_counts_valid */
};

struct wire_swap {
	struct wire_header header;
	wire_s64 total_pages;
	wire_s64 free_pages;
};

/* ---- made by the collector ---- */

/* First record of every stream. */
struct wire_host {
	struct wire_header header;
	wire_u64 page_size;         /* bytes */
	wire_s64 realtime_offset_ns;/* CLOCK_REALTIME - CLOCK_MONOTONIC at start */
	wire_s64 boottime_offset_ns;/* CLOCK_BOOTTIME - CLOCK_MONOTONIC at start */
	wire_u32 attach_method;     /* enum wire_attach_method */
	wire_u32 cgroup_version;    /* of the memory controller: 1, 2; 0 unknown */
	wire_u8 hostname[256];
	wire_u8 boot_id[40];
	wire_u8 kernel[128];        /* uname -r */
	wire_u8 arch[32];           /* uname -m */
	wire_u8 tracer_version[32];
	wire_u8 method_note[512];   /* why this method and not a better one; what is lost */
};

enum wire_system_item {
	WIRE_SYS_PANIC_ON_OOM = 0,
	WIRE_SYS_OOM_KILL_ALLOCATING_TASK = 1,
	WIRE_SYS_OOM_DUMP_TASKS = 2,
	WIRE_SYS_OVERCOMMIT_MEMORY = 3,
	WIRE_SYS_OVERCOMMIT_RATIO = 4,
	WIRE_SYS_OVERCOMMIT_KBYTES = 5,
	WIRE_SYS_MIN_FREE_KBYTES = 6,
	WIRE_SYS_WATERMARK_SCALE_FACTOR = 7,
	WIRE_SYS_SWAPPINESS = 8,
	WIRE_SYS_TOTAL_RAM_BYTES = 9,    /* sysinfo(2) */
	WIRE_SYS_TOTAL_SWAP_BYTES = 10,
	WIRE_SYS_FREE_SWAP_BYTES = 11,
	WIRE_SYS_VMSTAT_OOM_KILL = 12,   /* /proc/vmstat oom_kill */
	WIRE_SYS_HUGEPAGES_TOTAL = 13,   /* default size */
	WIRE_SYS_HUGEPAGES_FREE = 14,
	WIRE_SYS_HUGEPAGE_SIZE_BYTES = 15,
	WIRE_SYS_PROCESSES = 16,         /* thread groups and threads alive, from /proc/loadavg */
	WIRE_SYS_KILLS_SEEN = 17,        /* kills that the hooks saw since they were attached, of those that vmstat's oom_kill counts */
	WIRE_SYS_ITEMS = 32,
};

/* What user space reads of the host when an episode closes (provenance: procfs). */
struct wire_system_state {
	struct wire_header header;
	wire_u64 valid;             /* bit per enum wire_system_item */
	wire_s64 value[WIRE_SYS_ITEMS];
	wire_u32 lowmem_reserve_ratio[WIRE_MAX_ZONES];
	wire_u32 lowmem_reserve_ratio_count;
	wire_u32 reserved;
};

enum wire_process_identity_valid {
	WIRE_IDENTITY_EXE = 1 << 0,         /* exe, what of it could be had */
	WIRE_IDENTITY_EXE_DELETED = 1 << 1, /* the file has no name any more, or never had one (memfd) */
	WIRE_IDENTITY_EXE_CUT = 1 << 2,     /* the names nearest to the root are missing */
	WIRE_IDENTITY_ARGUMENTS = 1 << 3,   /* without it they were not in memory, or are none (argument_bytes) */
	WIRE_IDENTITY_FIRST_ALONE = 1 << 4, /* the others were not asked for, or the process has written a title over them */
	WIRE_IDENTITY_WITHHELD = 1 << 5,    /* the arguments were not to be told (--cmdline none) */
};

/*
 * Mirrors /proc/PID/exe and cmdline; those are not read, because who does holds on to the mm of a dying victim, and with that to its
 * memory. Numbered like its neighbours where it is the trigger's; the victim's comes when it gets its SIGKILL, unnumbered.
 */
struct wire_process_identity {
	struct wire_header header;
	wire_u64 start_boottime_ns; /* as in wire_task: with pid, which task this is about */
	wire_u64 argument_bytes;    /* from mm->arg_start to mm->arg_end; 0: it has none */
	wire_u32 pid;               /* of the thread in the record that named it */
	wire_u32 valid;             /* enum wire_process_identity_valid */
	wire_u32 arguments_copied;  /* bytes; less than argument_bytes: cut, or the first argument alone */
	wire_u32 reserved;
	wire_u8 arguments[2048];    /* as in memory: a NUL behind each */
	wire_u8 exe[1024];          /* the names from the file up to the root, a NUL behind each */
};

enum wire_cgroup_names_valid {
	WIRE_NAMES_RUNTIME = 1 << 0,
	WIRE_NAMES_CONTAINER = 1 << 1,
	WIRE_NAMES_POD = 1 << 2, /* pod_name and pod_namespace */
};

struct wire_cgroup_names {
	struct wire_header header;
	wire_u64 memcg_id;
	wire_u32 valid;             /* enum wire_cgroup_names_valid */
	wire_u32 reserved;
	wire_u8 container_runtime[32]; /* where the path does not say it */
	wire_u8 container_name[256];
	wire_u8 pod_name[256];
	wire_u8 pod_namespace[256];
	wire_u8 note[192];          /* why one is absent that should be there */
};

/* One symbolised address of an episode's stack. */
struct wire_symbol {
	struct wire_header header;
	wire_u64 address;
	wire_u64 offset;            /* into the symbol */
	wire_u8 name[WIRE_SYMBOL_LEN];
};

struct wire_clock {
	struct wire_header header;
};

/* Totals since the start; sent when they change and before the end. */
struct wire_loss {
	struct wire_header header;
	wire_u64 dropped[WIRE_DROP_REASONS];
	wire_u64 recursion_misses;  /* calls of our programs that the kernel skipped, where something may have been lost */
	wire_u64 decode_errors;
};

enum wire_end_reason {
	WIRE_END_STOPPED = 1,       /* Ctrl-C, --duration: what was open has been reported as incomplete */
	WIRE_END_COUNT_REACHED = 2, /* --count: what was open has not been reported */
};

struct wire_stream_end {
	struct wire_header header;
	wire_u64 records;           /* in this stream, this one not counted */
	wire_u32 reason;            /* enum wire_end_reason */
	wire_u32 reserved;
};

enum wire_log_event {
	WIRE_LOG_TEXT = 1,          /* a line, or a piece of one */
	WIRE_LOG_LISTENING = 2,     /* no line: the log is read from here on */
	WIRE_LOG_UNREADABLE = 3,    /* no line: the log is not read; text says why */
	WIRE_LOG_OVERWRITTEN = 4,   /* no line: the kernel had overwritten lines before they were read */
	WIRE_LOG_BACKLOG_END = 5,   /* no line: what was remembered ends here */
};

enum wire_log_flag {
	WIRE_LOG_MORE = 1 << 0,         /* the line goes on in the next record of this kind */
	WIRE_LOG_BEFORE_START = 1 << 1, /* of what the kernel remembered when the tracer started */
	WIRE_LOG_EARLIER_BOOT = 1 << 2, /* of a dump in pstore; with _BEFORE_START */
};

#define WIRE_LOG_TEXT_LEN 256

/*
 * What the kernel's log has of OOMs, as it stands in /dev/kmsg ("6,1234,5678901,-;text") or in a dump, without the line feed. Lines
 * that came before a record of an episode stand before it.
 */
struct wire_log_line {
	struct wire_header header;
	wire_u64 log_sequence;      /* the kernel's number of the line; 0 in a dump */
	wire_u16 length;            /* of text, which has no NUL at its end */
	wire_u16 event;             /* enum wire_log_event */
	wire_u32 flags;             /* enum wire_log_flag */
	wire_u8 text[WIRE_LOG_TEXT_LEN];
};

/* ---- the head of a recording file; records follow back to back ---- */
#define WIRE_MAGIC "OOMTRACE"

struct wire_file_header {
	wire_u8 magic[8];
	wire_u32 version;           /* WIRE_VERSION of the writer */
	wire_u32 header_size;       /* of this struct: where the first record begins */
	wire_u32 byte_order;        /* 0x01020304 as the writer stores it */
	wire_u32 reserved;
};
#define WIRE_BYTE_ORDER 0x01020304U

/*
 * Every kind once, with its struct: tables of names, sizes and decoders are made from this list, so that a kind without a row
 * does not compile.
 */
#define WIRE_KINDS(X)                                        \
	X(WIRE_INVOCATION_BEGIN, wire_invocation_begin)      \
	X(WIRE_CANDIDATE, wire_candidate)                    \
	X(WIRE_CHOICE, wire_choice)                          \
	X(WIRE_KILL, wire_kill)                              \
	X(WIRE_NODE, wire_node)                              \
	X(WIRE_ZONE, wire_zone)                              \
	X(WIRE_MEMCG, wire_memcg)                            \
	X(WIRE_INVOCATION_END, wire_invocation_end)          \
	X(WIRE_REAPER, wire_reaper)                          \
	X(WIRE_EXIT, wire_exit)                              \
	X(WIRE_MM_RELEASED, wire_mm_released)                \
	X(WIRE_HOST, wire_host)                              \
	X(WIRE_SYSTEM_STATE, wire_system_state)              \
	X(WIRE_SYMBOL, wire_symbol)                          \
	X(WIRE_CLOCK, wire_clock)                            \
	X(WIRE_LOSS, wire_loss)                              \
	X(WIRE_STREAM_END, wire_stream_end)                  \
	X(WIRE_RETRIES, wire_retries)                        \
	X(WIRE_KILL_COUNTS, wire_kill_counts)                \
	X(WIRE_SWAP, wire_swap)                              \
	X(WIRE_PROCESS_IDENTITY, wire_process_identity)      \
	X(WIRE_CGROUP_NAMES, wire_cgroup_names)              \
	X(WIRE_LOG_LINE, wire_log_line)
/* clang-format on */

#ifdef __cplusplus
#define WIRE_STATIC_ASSERT static_assert
#else
#define WIRE_STATIC_ASSERT _Static_assert
#endif

/* Sizes are part of the format: a change here is a new WIRE_VERSION. Every struct is a multiple of 8, so that records lie
 * aligned in the ring and in a file. */
#define WIRE_SIZE(type, bytes)                                                                                                 \
    WIRE_STATIC_ASSERT(sizeof(struct type) == (bytes) && (bytes) % 8 == 0, #type " has another size than the format says")
WIRE_SIZE(wire_header, 32);
WIRE_SIZE(wire_task, 64);
WIRE_SIZE(wire_mm, 96);
WIRE_SIZE(wire_invocation_begin, 720);
WIRE_SIZE(wire_candidate, 216);
WIRE_SIZE(wire_choice, 184);
WIRE_SIZE(wire_kill, 208);
WIRE_SIZE(wire_node, 328);
WIRE_SIZE(wire_zone, 504);
WIRE_SIZE(wire_page_counter, 56);
WIRE_SIZE(wire_memcg, 504);
WIRE_SIZE(wire_invocation_end, 120);
WIRE_SIZE(wire_reaper, 144);
WIRE_SIZE(wire_exit, 48);
WIRE_SIZE(wire_mm_released, 80);
WIRE_SIZE(wire_swap, 48);
WIRE_SIZE(wire_host, 1064);
WIRE_SIZE(wire_system_state, 336);
WIRE_SIZE(wire_symbol, 112);
WIRE_SIZE(wire_clock, 32);
WIRE_SIZE(wire_loss, 80);
WIRE_SIZE(wire_stream_end, 48);
WIRE_SIZE(wire_file_header, 24);
WIRE_SIZE(wire_retried_zone, 56);
WIRE_SIZE(wire_retries, 1016);
WIRE_SIZE(wire_kill_counts, 80);
WIRE_SIZE(wire_process_identity, 3136);
WIRE_SIZE(wire_cgroup_names, 1040);
WIRE_SIZE(wire_log_line, 304);
#undef WIRE_SIZE

#endif /* OOMTRACE_WIRE_RECORD_H */
