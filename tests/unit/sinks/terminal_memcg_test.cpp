// SPDX-License-Identifier: Apache-2.0
//
// The report of a cgroup that ran out of memory, whole, in each mode.
#include "report_of.h"
#include "support/sample_incident.h"

namespace oomtrace
{
namespace
{

TEST(TerminalMemcg, Normal)
{
    EXPECT_EQ(report_of(sample::memcg_kill()),
              R"(OOM KILL  postgres[4121] (1.71 GiB) killed: cgroup /kube/pod7/db hit its 2 GiB limit; asked by
          postgres[4125]
WHY NOW       Cgroup /kube/pod7/db has used up its 2 GiB limit, and there is no swap.
WHY THIS ONE  postgres[4121] had the highest score of the 7 that could be killed: it held 1.72 GiB;
              1.09 GiB ahead of pg_exporter[4131].
OTHERWISE     With oom_score_adj -545 or lower for postgres[4121], pg_exporter[4131] would have been
              killed instead.
  when        2026-03-01 03:12:45.123 UTC, host db-7, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_KERNEL_ACCOUNT), by postgres[4125], uid 999, in /kube/pod7/db
  victim      postgres[4121], uid 999, in /kube/pod7/db

CHOICE        8 tasks weighed, 7 could be killed; a point is 4 KiB, shares are of 2.00 GiB
    process             points  share      anon      file     shmem  swap  pgtables    oom_score_adj
  > postgres[4121]     450,586  85.9%  1.62 GiB  12.0 MiB  80.0 MiB   0 B  4.10 MiB                0
    pg_exporter[4131]  165,429  31.6%  22.0 MiB  10.0 MiB       0 B   0 B   148 KiB  +300 (+614 MiB)
    postgres[4125]      42,099   8.0%  92.0 MiB  11.0 MiB  61.0 MiB   0 B   460 KiB                0
    postgres[4100]      10,574   2.0%  18.0 MiB  14.0 MiB  9.00 MiB   0 B   312 KiB                0
    postgres[4126]       4,507   0.9%  5.47 MiB  9.00 MiB  3.00 MiB   0 B   140 KiB                0
  margin      285,157 points (1.09 GiB) ahead of pg_exporter[4131]
  spared      2 more with a lower score; 1 protected by oom_score_adj -1000

LIMIT         2 GiB, all of it used
    cgroup           memory       max    used  swap  swap max  max hits  OOMs  kills  home of
  > /kube/pod7/db  2.00 GiB     2 GiB  100.0%   0 B       0 B     1,532     1      0  victim, asker
    /kube/pod7     2.06 GiB     4 GiB   51.5%   0 B  no limit         0     1      0
    /kube          9.41 GiB  no limit           0 B  no limit         0    18     17
    /                     -         -             -         -         -     -      -

KILLED        1 process
  process         uid  why     was sent      held  reaped  came back  exited after
  postgres[4121]  999  chosen  SIGKILL   1.71 GiB       -   1.71 GiB      3.120 ms

TIMELINE      from the moment the OOM killer was invoked
   0.000 ms  OOM killer invoked
   0.018 ms  began to weigh tasks
   0.412 ms  postgres[4121] chosen
   0.455 ms  SIGKILL sent to postgres[4121]
   0.461 ms  postgres[4121] may use the memory reserves, to exit
   0.503 ms  OOM killer done
   3.120 ms  postgres[4121] exited
  30.240 ms  memory of postgres[4121] is back
  came back   1.71 GiB, 30.2 ms after the OOM killer was invoked; /kube/pod7/db then used 311 MiB

  checks      scores worked out again from the sizes: 7 of 7 equal to the kernel's
  record      complete, id 9f1c2d3e-7-7048860ddf79, attached by fentry

)");
}

TEST(TerminalMemcg, Brief)
{
    EXPECT_EQ(
        report_of(sample::memcg_kill(), in_mode(TerminalMode::brief)),
        R"(2026-03-01T03:12:45.123Z db-7 OOM KILL postgres[4121] (1.71 GiB) killed: cgroup /kube/pod7/db hit its 2 GiB limit; asked by postgres[4125]; score 450,586 = 85.9% of the total, next pg_exporter[4131] with 165,429; 1.71 GiB came back in 30.2 ms; id 9f1c2d3e-7-7048860ddf79
)");
}

TEST(TerminalMemcg, Full)
{
    EXPECT_EQ(report_of(sample::memcg_kill(), in_mode(TerminalMode::full)),
              R"(OOM KILL  postgres[4121] (1.71 GiB) killed: cgroup /kube/pod7/db hit its 2 GiB limit; asked by
          postgres[4125]
WHY NOW       Cgroup /kube/pod7/db has used up its 2 GiB limit, and there is no swap.
WHY THIS ONE  postgres[4121] had the highest score of the 7 that could be killed: it held 1.72 GiB;
              1.09 GiB ahead of pg_exporter[4131].
OTHERWISE     with oom_score_adj -545 or lower for postgres[4121], pg_exporter[4131] would have been
              killed instead
              without postgres[4121], pg_exporter[4131] would have been killed instead
              with oom_score_adj 0 for everyone who can be killed, postgres[4121] would have been
              killed all the same
  when        2026-03-01 03:12:45.123 UTC, host db-7, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_KERNEL_ACCOUNT), by postgres[4125], uid 999, in /kube/pod7/db
  victim      postgres[4121], uid 999, in /kube/pod7/db

CHOICE        8 tasks weighed, 7 could be killed; a point is 4 KiB, shares are of 2.00 GiB
    process              points   share      anon      file     shmem  swap  pgtables     oom_score_adj  not killed because
  > postgres[4121]      450,586   85.9%  1.62 GiB  12.0 MiB  80.0 MiB   0 B  4.10 MiB                 0
    pg_exporter[4131]   165,429   31.6%  22.0 MiB  10.0 MiB       0 B   0 B   148 KiB   +300 (+614 MiB)
    postgres[4125]       42,099    8.0%  92.0 MiB  11.0 MiB  61.0 MiB   0 B   460 KiB                 0
    postgres[4100]       10,574    2.0%  18.0 MiB  14.0 MiB  9.00 MiB   0 B   312 KiB                 0
    postgres[4126]        4,507    0.9%  5.47 MiB  9.00 MiB  3.00 MiB   0 B   140 KiB                 0
    postgres[4127]        3,894    0.7%  5.08 MiB  8.00 MiB  2.00 MiB   0 B   136 KiB                 0
    pause[4098]        -522,771  -99.7%   120 KiB   560 KiB       0 B   0 B  44.0 KiB  -998 (-1.99 GiB)
    watchdog[4140]            -       -  2.00 MiB  1.00 MiB       0 B   0 B  60.0 KiB             -1000  protected
  margin      285,157 points (1.09 GiB) ahead of pg_exporter[4131]
  spared      1 protected by oom_score_adj -1000

LIMIT         2 GiB, all of it used
    cgroup           memory       max    used  swap  swap max  max hits  OOMs  kills  home of
  > /kube/pod7/db  2.00 GiB     2 GiB  100.0%   0 B       0 B     1,532     1      0  victim, asker
    /kube/pod7     2.06 GiB     4 GiB   51.5%   0 B  no limit         0     1      0
    /kube          9.41 GiB  no limit           0 B  no limit         0    18     17
    /                     -         -             -         -         -     -      -

MEMORY        what the host had left, zone by zone
  zone       size     free      min      low     high reserved largest block
  DMA    15.0 MiB 7.50 MiB 64.0 KiB 80.0 KiB 96.0 KiB 62.0 MiB         2 MiB rest is reserved
  DMA32  2.80 GiB 1.40 GiB 11.8 MiB 14.7 MiB 17.7 MiB 51.0 MiB         4 MiB enough free
  Normal 12.9 GiB 6.45 GiB 54.2 MiB 67.7 MiB 81.2 MiB      0 B         4 MiB enough free
  reserved    what this request must leave to those that can use no higher zone
  used by     process memory 6.00 GiB, shared memory 12.0 MiB, file cache 5.00 MiB, kernel slab
              490 MiB, reclaimable slab 60.0 MiB, page tables 41.0 MiB, kernel stacks 9.00 MiB
  swap        none on this host

BEFORE        no further round of reclaim was considered
  compaction  none was considered again

KILLED        1 process
  process         uid  why     was sent      held  reaped  came back  exited after
  postgres[4121]  999  chosen  SIGKILL   1.71 GiB       -   1.71 GiB      3.120 ms

TIMELINE      from the moment the OOM killer was invoked
   0.000 ms  OOM killer invoked
   0.018 ms  began to weigh tasks
   0.412 ms  postgres[4121] chosen
   0.455 ms  SIGKILL sent to postgres[4121]
   0.461 ms  postgres[4121] may use the memory reserves, to exit
   0.503 ms  OOM killer done
   3.120 ms  postgres[4121] exited
  30.240 ms  memory of postgres[4121] is back
  came back   1.71 GiB, 30.2 ms after the OOM killer was invoked; /kube/pod7/db then used 311 MiB

REQUEST       that could not be met
  by          postgres[4125], parent 1, 1 thread, oom_score_adj 0, started 4,125 s after boot
  flags       gfp_mask 0x400cc0, highest zone Normal
  nodes       of the request any, of the task 0, cpuset /
  kernel says Memory cgroup out of memory
  constraint  memcg, total 524,288 pages
  invocation  number 7 since the tracer started, 123,456,789,012,345 ns on the monotonic clock
  time to     choice 412 µs, kill 455 µs, reaped not seen, exit 3.12 ms, memory back 30.2 ms

CANDIDATES    in the order in which they were weighed
  process      pid tgid parent   uid threads  virtual after boot                 mm cgroup
  pause       4098 4098      1 65535       1 65.3 MiB    4,098 s 0xffff888100400800 /kube/pod7/db
  postgres    4100 4100      1   999       1  146 MiB    4,100 s 0xffff888100401000 /kube/pod7/db
  postgres    4121 4121      1   999       1 3.49 GiB    4,121 s 0xffff888100406400 /kube/pod7/db
  postgres    4125 4125      1   999       1  392 MiB    4,125 s 0xffff888100407400 /kube/pod7/db
  postgres    4126 4126      1   999       1 98.9 MiB    4,126 s 0xffff888100407800 /kube/pod7/db
  postgres    4127 4127      1   999       1 94.2 MiB    4,127 s 0xffff888100407c00 /kube/pod7/db
  pg_exporter 4131 4131      1  1001       1  128 MiB    4,131 s 0xffff888100408c00 /kube/pod7/db
  watchdog    4140 4140      1     0       1 70.0 MiB    4,140 s 0xffff88810040b000 /kube/pod7/db

CGROUPS       protection, throttling and settings; innermost first
  cgroup           id  version      high  low  min      peak  kernel memory  swappiness  at limit
  /kube/pod7/db  5120       v2  no limit  0 B  0 B  2.00 GiB              -          60     1,532
  /kube/pod7     5000       v2  no limit  0 B  0 B  2.06 GiB              -          60     1,532
  /kube           900       v2  no limit  0 B  0 B  9.41 GiB              -          60    20,411
  /                 1       v2         -    -    -         -              -          60         -

FREE BLOCKS   by size; U unmovable, M movable, E reclaimable, H high-order atomic, C CMA, I isolated
  node zone       4 KiB  8 KiB 16 KiB 32 KiB 64 KiB 128 KiB 256 KiB 512 KiB  1 MiB  2 MiB  4 MiB
     0 DMA        8 UME   4 UM   4 UM   4 UM   4 UM    4 UM    4 UM    3 UM   2 UM   1 UM      0
     0 DMA32    362 UME 181 UM 181 UM 181 UM 181 UM  181 UM  181 UM  181 UM 180 UM 179 UM 179 UM
     0 Normal 1,650 UME 825 UM 825 UM 825 UM 825 UM  825 UM  825 UM  825 UM 825 UM 825 UM 825 UM
NODE 0        present 16.0 GiB, spanned 16.0 GiB, reclaim runs in a row that freed nothing: 0
  counters    active_anon 4.00 GiB, active_file 2.00 MiB, anon_mapped 6.00 GiB, anon_thp 6.00 GiB,
              dirty 0 B, file_pages 21.0 MiB, file_thp 0 B, inactive_anon 2.00 GiB, inactive_file
              3.00 MiB, isolated_anon 0 B, isolated_file 0 B, kernel_misc_reclaimable 0 B,
              kernel_stack 9.00 MiB, mapped 4.00 MiB, page_tables 41.0 MiB, sec_page_tables 0 B,
              shmem 12.0 MiB, shmem_thp 0 B, slab_reclaimable 60.0 MiB, slab_unreclaimable 490 MiB,
              swap_cached 4.00 MiB, unevictable 0 B, writeback 128 KiB
  DMA         present 15.6 MiB, spanned 15.6 MiB, boost 0 B, set aside for urgent requests 0 B, free
              of that 0 B, free on single CPUs 24.0 KiB
              reserved from requests for higher zones: 0 B, 11.0 MiB, 62.0 MiB, 62.0 MiB, 62.0 MiB
              counters: active_anon 7.50 MiB, active_file 64.0 KiB, bounce 0 B, inactive_anon
              3.75 MiB, inactive_file 96.0 KiB, mlocked 0 B, unevictable 0 B, write_pending
              8.00 KiB, zspages 0 B
  DMA32       present 3.00 GiB, spanned 3.00 GiB, boost 0 B, set aside for urgent requests 0 B, free
              of that 0 B, free on single CPUs 24.0 KiB
              reserved from requests for higher zones: 0 B, 0 B, 51.0 MiB, 51.0 MiB, 51.0 MiB
              counters: active_anon 1.40 GiB, active_file 64.0 KiB, bounce 0 B, inactive_anon
              718 MiB, inactive_file 96.0 KiB, mlocked 0 B, unevictable 0 B, write_pending 8.00 KiB,
              zspages 0 B
  Normal      present 13.0 GiB, spanned 13.0 GiB, boost 0 B, set aside for urgent requests 0 B, free
              of that 0 B, free on single CPUs 24.0 KiB
              reserved from requests for higher zones: 0 B, 0 B, 0 B, 0 B, 0 B
              counters: active_anon 6.45 GiB, active_file 64.0 KiB, bounce 0 B, inactive_anon
              3.22 GiB, inactive_file 96.0 KiB, mlocked 0 B, unevictable 0 B, write_pending
              8.00 KiB, zspages 0 B

STACK         of the asking task in the kernel, innermost first
  0xffffffff8120041c  out_of_memory+0x1c
  0xffffffff812a3e55  (no symbol)

HOST          and the settings in force
  host        db-7, boot 9f1c2d3e-0b7a-4c55-8d1e-6a1f0c9b7e42
  kernel      6.12.48-amd64, x86_64, pages of 4 KiB, cgroup v2
  oomtrace    0.1.0
  huge pages  0 pages of 2 MiB, 0 free
  sysctls     vm.panic_on_oom = 0, vm.oom_kill_allocating_task = 0, vm.oom_dump_tasks = 1,
              vm.overcommit_memory = 0, vm.overcommit_ratio = 50%, vm.overcommit_kbytes = 0 KiB,
              vm.min_free_kbytes = 67584 KiB, vm.watermark_scale_factor = 10, vm.swappiness = 60,
              vm.lowmem_reserve_ratio = 256 256 32 0 0

SOURCES       where the facts come from
  facts       source    note
  outcome     observed
  trigger     observed
  allocation  observed
  constraint  observed
  memcg       observed
  nodes       observed
  swap        procfs
  sysctls     procfs
  candidates  observed
  points      observed
  victim      observed
  kills       observed
  after       observed
  host        observed
  before      observed
  identity    procfs

  checks      scores worked out again from the sizes: 7 of 7 equal to the kernel's
  record      complete, id 9f1c2d3e-7-7048860ddf79, attached by fentry

)");
}

TEST(TerminalMemcg, TracepointsOnly)
{
    EXPECT_EQ(report_of(sample::tracepoint_kill()),
              R"(OOM KILL  cc1plus[2300] (304 MiB + 200 MiB in swap) killed: cgroup /docker/build hit its 768 MiB
          memory+swap limit; asked by itself
WHY NOW       Cgroup /docker/build has used up its 768 MiB memory+swap limit, and swapping does not
              help: the limit counts swap too.
WHY THIS ONE  cc1plus[2300] had the highest score of the 3 that could be killed: it held 305 MiB and
              200 MiB in swap; 278 MiB ahead of cc1plus[2301].
OTHERWISE     With oom_score_adj -364 or lower for cc1plus[2300], cc1plus[2301] would have been
              killed instead.
  when        2026-03-01 03:12:45.123 UTC, host edge-1, Linux 6.18.44
  asked for   how much is not known, by cc1plus[2300], uid 1000, in /docker/build
  victim      cc1plus[2300], uid 1000, in /docker/build

CHOICE        3 tasks weighed, 3 could be killed; a point is 4 KiB, shares are of 768 MiB
    process          points  share      anon      file  shmem      swap  pgtables  oom_score_adj
  > cc1plus[2300]  ~129,349  65.8%   288 MiB  16.0 MiB    0 B   200 MiB  1.27 MiB              0
    cc1plus[2301]   ~58,081  29.5%   180 MiB  16.0 MiB    0 B  30.0 MiB   900 KiB              0
    make[2201]       ~1,094   0.6%  3.00 MiB  1.00 MiB    0 B   200 KiB  80.0 KiB              0
  margin      71,268 points (278 MiB) ahead of cc1plus[2301]
  ~           worked out by oomtrace: the kernel's own score was not seen

LIMIT         768 MiB of memory+swap, all of it used
    cgroup           memory       max   used  mem+swap       max  max hits  home of
  > /docker/build   508 MiB   512 MiB  99.2%   768 MiB   768 MiB       102  victim, asker
    /docker        1.86 GiB  no limit         2.25 GiB  no limit         0
    /              3.00 GiB  no limit         3.39 GiB  no limit         0

KILLED        1 process
  process         uid  why     was sent     held  reaped  came back  exited after
  cc1plus[2300]  1000  chosen  SIGKILL   304 MiB       -    304 MiB      3.120 ms

TIMELINE      from the moment the OOM killer was invoked
   0.000 ms  OOM killer invoked
   0.455 ms  SIGKILL sent to cc1plus[2300]
   0.461 ms  cc1plus[2300] may use the memory reserves, to exit
   0.503 ms  OOM killer done
   3.120 ms  cc1plus[2300] exited
  30.240 ms  memory of cc1plus[2300] is back
  came back   304 MiB, 30.2 ms after the OOM killer was invoked; /docker/build then used 216 MiB

  checks      scores: the kernel's own were not seen, so there is nothing to compare with
  record      complete, id 9f1c2d3e-3-7048860ddf79, attached by tracepoint, 3 tasks walked in
              84.0 µs
              kernel functions cannot be hooked here (lockdown, no kprobes): everything is read when
              the victim is marked
  recomputed  outcome (a victim was marked); constraint (from the level whose usage is at its
              limit); memcg (the level was found by its usage); candidates (oomtrace's own walk over
              the tasks); points (worked out from the sizes of each task; the kernel's own scores
              cannot be seen)
  not known   allocation (oom_control was not found on the asker's stack)

)");
}

TEST(TerminalMemcg, WhatTheKernelsLogGave)
{
    Incident incident = sample::tracepoint_kill();
    incident.provenance.allocation = {Source::kernel_log, "gfp_mask and order"};
    EXPECT_NE(report_of(incident).find("\n  from log    allocation (gfp_mask and order)\n"), std::string::npos);
}

TEST(TerminalMemcg, GroupKill)
{
    EXPECT_EQ(report_of(sample::group_kill()),
              R"(OOM GROUP KILL  3 processes (1.48 GiB) of cgroup /batch/job42 killed as one group, train[310]
          (1.20 GiB) chosen: cgroup /batch/job42 hit its 1.5 GiB limit; asked by loader[311]
WHY NOW       Cgroup /batch/job42 has used up its 1.5 GiB limit, and there is no swap.
WHY THIS ONE  train[310] had the highest score of the 3 that could be killed: it held 1.20 GiB;
              980 MiB ahead of loader[311]. memory.oom.group is set on /batch/job42: 3 processes
              died together.
OTHERWISE     With oom_score_adj -639 or lower for train[310], loader[311] would have been killed
              instead.
  when        2026-03-01 03:12:45.123 UTC, host batch-2, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_KERNEL), by loader[311], uid 1000, in /batch/job42
  victim      train[310], uid 1000, in /batch/job42

CHOICE        3 tasks weighed, 3 could be killed; a point is 4 KiB, shares are of 1.50 GiB
    process       points  share      anon      file  shmem  swap  pgtables  oom_score_adj
  > train[310]   315,580  80.3%  1.18 GiB  20.0 MiB    0 B   0 B  2.73 MiB              0
    loader[311]   64,687  16.5%   240 MiB  12.0 MiB    0 B   0 B   700 KiB              0
    runner[300]    9,778   2.5%  30.0 MiB  8.00 MiB    0 B   0 B   200 KiB              0
  margin      250,893 points (980 MiB) ahead of loader[311]

LIMIT         1.5 GiB, all of it used
    cgroup          memory      max    used  swap  swap max  max hits  OOMs  kills  home of
  > /batch/job42  1.50 GiB  1.5 GiB  100.0%   0 B  no limit       412     1      0  victim, asker
    /batch        1.56 GiB   32 GiB    4.9%   0 B  no limit         0     0      0
    /                    -        -             -         -         -     -      -
  group       /batch/job42 has memory.oom.group set: it is killed as a whole

KILLED        3 processes
  process       uid  why         was sent      held  reaped  came back  exited after
  train[310]   1000  chosen      SIGKILL   1.20 GiB       -   1.20 GiB      3.120 ms
  runner[300]  1000  same group  SIGKILL   38.0 MiB       -   38.0 MiB      3.120 ms
  loader[311]  1000  same group  SIGKILL    252 MiB       -    252 MiB      3.120 ms

TIMELINE      from the moment the OOM killer was invoked
   0.000 ms  OOM killer invoked
   0.018 ms  began to weigh tasks
   0.412 ms  train[310] chosen
   0.455 ms  SIGKILL sent to train[310]
   0.461 ms  train[310] may use the memory reserves, to exit
   0.503 ms  OOM killer done
   3.120 ms  train[310] exited
  30.240 ms  memory of train[310] is back
  came back   1.48 GiB, 30.2 ms after the OOM killer was invoked; /batch/job42 then used 4.00 MiB

  checks      scores worked out again from the sizes: 3 of 3 equal to the kernel's
  record      complete, id 9f1c2d3e-21-7048860ddf79, attached by fentry

)");
}

// The path of a container is longer than a line: shortened in the sentence and the table, whole below them, and in brief.
TEST(TerminalMemcg, LongPath)
{
    Incident incident = sample::memcg_kill();
    const std::string slice = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8a2f61c7_22b3_4d0e.slice";
    const std::string scope = slice + "/cri-containerd-5f2c9a0d7b1e4c83a6.scope";
    incident.memcg.path = incident.memcg.levels[0].path = scope;
    incident.memcg.levels[1].path = slice;
    incident.trigger.process.cgroup = incident.victim->process.cgroup = scope;
    incident.candidates.clear();
    incident.timeline.clear();
    incident.kills.clear();
    EXPECT_EQ(report_of(incident),
              R"(OOM KILL  postgres[4121] (1.71 GiB) killed: cgroup …/cri-containerd-5f2c9a0d7b1e4c83a6.scope hit its
          2 GiB limit; asked by postgres[4125]
WHY NOW       Cgroup …/cri-containerd-5f2c9a0d7b1e4c83a6.scope has used up its 2 GiB limit, and
              there is no swap.
WHY THIS ONE  Its score is not known, so that the choice cannot be followed.
  when        2026-03-01 03:12:45.123 UTC, host db-7, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_KERNEL_ACCOUNT), by postgres[4125], uid 999, in
              /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8a2f61c7_22b3_4d0e.slice/cri-containerd-5f2c9a0d7b1e4c83a6.scope
  victim      postgres[4121], uid 999, in
              /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8a2f61c7_22b3_4d0e.slice/cri-containerd-5f2c9a0d7b1e4c83a6.scope

  choice      nobody was weighed

LIMIT         2 GiB, all of it used
  cgroup      /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8a2f61c7_22b3_4d0e.slice/cri-containerd-5f2c9a0d7b1e4c83a6.scope
    cgroup                             memory      max   used swap swap max max hits OOMs kills home of
  > …/cri-containerd-5f2c9a0d7b1e4c… 2.00 GiB    2 GiB 100.0%  0 B      0 B    1,532    1     0 victim, asker
    …/kubepods-burstable-pod8a2f61c… 2.06 GiB    4 GiB  51.5%  0 B no limit        0    1     0
    /kube                            9.41 GiB no limit         0 B no limit        0   18    17
    /                                       -        -           -        -        -    -     -

  came back   1.71 GiB, 30.2 ms after the OOM killer was invoked; …/cri-containerd-5f2c9a0d7b1e4c…
              then used 311 MiB

  checks      scores worked out again from the sizes: 7 of 7 equal to the kernel's
  record      complete, id 9f1c2d3e-7-7048860ddf79, attached by fentry

)");
    EXPECT_NE(report_of(incident, in_mode(TerminalMode::brief)).find(" cgroup " + scope + " hit "), std::string::npos);
}

// memory.max was lowered below what is in use.
TEST(TerminalMemcg, LimitPassed)
{
    Incident incident = sample::memcg_kill();
    incident.memcg.levels[0].memory.max_bytes = incident.memcg.limit_bytes = sample::gib;
    const std::string report = report_of(incident);
    EXPECT_NE(report.find("hit its 1 GiB limit"), std::string::npos) << report;
    EXPECT_NE(report.find("\nLIMIT         1 GiB, passed by 1.00 GiB\n"), std::string::npos) << report;
    EXPECT_NE(report.find("  200.0%  "), std::string::npos) << report;
}

TEST(TerminalMemcg, LimitNotKnown)
{
    Incident incident = sample::memcg_kill();
    incident.memcg = {};
    incident.provenance.memcg = {Source::absent, "its records were lost"};
    const std::string report = report_of(incident);
    EXPECT_EQ(report.find("0 B limit"), std::string::npos) << report;
    EXPECT_NE(report.find("killed: a cgroup hit its limit;"), std::string::npos) << report;
    EXPECT_NE(report.find("  not known   memcg (its records were lost)\n"), std::string::npos) << report;
}

TEST(TerminalMemcg, ScoresThatDisagreeAreShown)
{
    Incident incident = sample::memcg_kill();
    incident.scores.matched = 6;
    incident.scores.mismatched = 1;
    incident.scores.mismatches = {{4121, 450'586, 450'600}};
    const std::string report = report_of(incident);
    EXPECT_NE(report.find("  checks      DISAGREEMENT: scores worked out again from the sizes: 6 of 7 equal to the kernel's\n"
                          "              pid 4121: the kernel has 450,586 points, the sizes make 450,600\n"),
              std::string::npos)
        << report;
}

TEST(TerminalMemcg, ColoursOnlyWhenTold)
{
    EXPECT_EQ(report_of(sample::memcg_kill()).find('\x1b'), std::string::npos);
    TerminalOptions options;
    options.color = true;
    const std::string colored = report_of(sample::memcg_kill(), options);
    EXPECT_TRUE(colored.starts_with("\x1b[1;31mOOM KILL  postgres[4121]")) << colored;
    std::string stripped;
    for (std::size_t i = 0; i < colored.size(); ++i) {
        if (colored[i] == '\x1b')
            i = colored.find('m', i);
        else
            stripped += colored[i];
    }
    EXPECT_EQ(stripped, report_of(sample::memcg_kill()));
}

TEST(TerminalMemcg, ShowsAsManyCandidatesAsAskedForAndAlwaysTheVictim)
{
    TerminalOptions options;
    options.top = 2;
    EXPECT_NE(report_of(sample::memcg_kill(), options).find("  spared      5 more with a lower score;"), std::string::npos);
    Incident incident = sample::memcg_kill();
    sample::weigh(incident, 4127); // as oom_kill_allocating_task would: not the highest
    const std::string report = report_of(incident, options);
    EXPECT_NE(report.find("  > postgres[4127] "), std::string::npos) << report;
    EXPECT_NE(report.find(" BEHIND postgres[4121]\n"), std::string::npos) << report;
}

} // namespace
} // namespace oomtrace
