// SPDX-License-Identifier: Apache-2.0
//
// The report of a host that ran out of memory: zones and what is judged of them.
#include "report_of.h"
#include "support/sample_incident.h"

namespace oomtrace
{
namespace
{

std::string memory_section(const Incident &incident)
{
    const std::string report = report_of(incident);
    const std::size_t begin = report.find("MEMORY  ");
    return begin == std::string::npos ? report : report.substr(begin, report.find("\n\n", begin) + 1 - begin);
}

TEST(TerminalGlobal, Normal)
{
    EXPECT_EQ(report_of(sample::global_kill()),
              R"(OOM KILL  java[911] (12.6 GiB + 1.72 GiB in swap) killed: the host ran out of memory; asked by
          nginx[77701]
WHY NOW       No zone could give the 4 KiB asked for: Normal is 1.31 MiB below its min watermark
              (52.8 MiB free); the 56.3 MiB left in DMA32 and 11.0 MiB in DMA are kept for requests
              that can use no higher zone (lowmem_reserve). Swap is full (0 B of 2.00 GiB free). The
              15.7 GiB of the host are filled with 14.0 GiB of process memory (anon), 992 MiB of
              memory in no counter (drivers, a balloon).
WHY THIS ONE  java[911] had the highest score of the 7 that could be killed: it held 12.6 GiB and
              1.72 GiB in swap; 5.28 GiB ahead of python3[1310].
OTHERWISE     With oom_score_adj -299 or lower for java[911], python3[1310] would have been killed
              instead.
  when        2026-03-01 03:12:45.123 UTC, host web-3, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_HIGHUSER_MOVABLE|__GFP_COMP), by nginx[77701], uid 33, in
              /system.slice/nginx.service
  victim      java[911], uid 1000, in /system.slice/search.service

CHOICE        12 tasks weighed, 7 could be killed; a point is 4 KiB, shares are of 17.7 GiB
    process               points share     anon     file    shmem     swap pgtables    oom_score_adj
  > java[911]          3,761,287 81.1% 12.6 GiB 1.46 MiB 64.0 KiB 1.72 GiB 29.0 MiB                0
    python3[1310]      2,377,067 51.3%  210 MiB 2.00 MiB      0 B 20.0 MiB  700 KiB +500 (+8.84 GiB)
    redis-server[1200]   300,401  6.5%  980 MiB 1.00 MiB      0 B  190 MiB 2.44 MiB                0
    nginx[77701]          13,522  0.3% 41.0 MiB 2.00 MiB  600 KiB 9.00 MiB  240 KiB                0
    nginx[77702]          13,265  0.3% 39.0 MiB 2.00 MiB  600 KiB 10.0 MiB  236 KiB                0
  margin      1,384,220 points (5.28 GiB) ahead of python3[1310]
  spared      2 more with a lower score; 1 protected by oom_score_adj -1000; 1 between vfork and
              exec; 2 kernel threads; init

MEMORY        what the host had left, zone by zone
  zone       size     free      min      low     high reserved largest block
  DMA    15.0 MiB 11.0 MiB 64.0 KiB 80.0 KiB 96.0 KiB 62.0 MiB         2 MiB rest is reserved
  DMA32  2.80 GiB 56.3 MiB 11.8 MiB 14.7 MiB 17.7 MiB 51.0 MiB       512 KiB rest is reserved
  Normal 12.9 GiB 52.8 MiB 54.2 MiB 67.7 MiB 81.2 MiB      0 B        16 KiB BELOW MIN by 1.31 MiB
  reserved    what this request must leave to those that can use no higher zone
  used by     process memory 14.0 GiB, shared memory 12.0 MiB, file cache 5.00 MiB, kernel slab
              490 MiB, reclaimable slab 60.0 MiB, page tables 41.0 MiB, kernel stacks 9.00 MiB
  swap        0 B free of 2.00 GiB

BEFORE        17 rounds of reclaim over 1.20 s, the last 16 of which freed nothing
  zone    can be reclaimed  with what is free  min to be left
  Normal           160 KiB           52.9 MiB        54.2 MiB  short by 1.26 MiB
  DMA32           64.0 KiB           56.4 MiB        11.8 MiB  rest is reserved
  DMA                  0 B           11.0 MiB        64.0 KiB  rest is reserved

KILLED        1 process
  process     uid  why     was sent      held    reaped  came back  exited after
  java[911]  1000  chosen  SIGKILL   12.6 GiB  12.6 GiB   12.6 GiB  2,410.000 ms

TIMELINE      from the moment the OOM killer was invoked
      0.000 ms  OOM killer invoked
      0.018 ms  began to weigh tasks
      0.412 ms  java[911] chosen
      0.455 ms  SIGKILL sent to java[911]
      0.461 ms  java[911] may use the memory reserves, to exit
      0.503 ms  OOM killer done
  2,004.100 ms  reaper woken for java[911]
  2,004.300 ms  reaper began to take the memory of java[911]
  2,350.000 ms  reaper done with java[911]
  2,410.000 ms  java[911] exited
  2,466.120 ms  memory of java[911] is back
  came back   12.6 GiB, 2.47 s after the OOM killer was invoked
  meanwhile   the OOM killer was invoked 41 times more and waited for the victim each time

  checks      scores worked out again from the sizes: 7 of 7 equal to the kernel's
              kills on this host since the incident before: 1 counted by the kernel, 1 seen; in this
              OOM: 1 counted in /system.slice/search.service, 1 seen, 1 listed
  record      complete, id 9f1c2d3e-12-7048860ddf79, attached by fentry

)");
}

TEST(TerminalGlobal, Full)
{
    EXPECT_EQ(report_of(sample::global_kill(), in_mode(TerminalMode::full)),
              R"(OOM KILL  java[911] (12.6 GiB + 1.72 GiB in swap) killed: the host ran out of memory; asked by
          nginx[77701]
WHY NOW       No zone could give the 4 KiB asked for: Normal is 1.31 MiB below its min watermark
              (52.8 MiB free); the 56.3 MiB left in DMA32 and 11.0 MiB in DMA are kept for requests
              that can use no higher zone (lowmem_reserve). Swap is full (0 B of 2.00 GiB free). The
              15.7 GiB of the host are filled with 14.0 GiB of process memory (anon), 992 MiB of
              memory in no counter (drivers, a balloon).
WHY THIS ONE  java[911] had the highest score of the 7 that could be killed: it held 12.6 GiB and
              1.72 GiB in swap; 5.28 GiB ahead of python3[1310].
OTHERWISE     with oom_score_adj -299 or lower for java[911], python3[1310] would have been killed
              instead
              without java[911], python3[1310] would have been killed instead
              with oom_score_adj 0 for everyone who can be killed, java[911] would have been killed
              all the same
  when        2026-03-01 03:12:45.123 UTC, host web-3, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_HIGHUSER_MOVABLE|__GFP_COMP), by nginx[77701], uid 33, in
              /system.slice/nginx.service
  victim      java[911], uid 1000, in /system.slice/search.service

CHOICE        12 tasks weighed, 7 could be killed; a point is 4 KiB, shares are of 17.7 GiB
    process                   points   share      anon      file     shmem      swap  pgtables     oom_score_adj  not killed because
  > java[911]              3,761,287   81.1%  12.6 GiB  1.46 MiB  64.0 KiB  1.72 GiB  29.0 MiB                 0
    python3[1310]          2,377,067   51.3%   210 MiB  2.00 MiB       0 B  20.0 MiB   700 KiB  +500 (+8.84 GiB)
    redis-server[1200]       300,401    6.5%   980 MiB  1.00 MiB       0 B   190 MiB  2.44 MiB                 0
    nginx[77701]              13,522    0.3%  41.0 MiB  2.00 MiB   600 KiB  9.00 MiB   240 KiB                 0
    nginx[77702]              13,265    0.3%  39.0 MiB  2.00 MiB   600 KiB  10.0 MiB   236 KiB                 0
    nginx[700]                 2,200   <0.1%  3.00 MiB  1.00 MiB   512 KiB  4.00 MiB  96.0 KiB                 0
    systemd-journal[402]  -1,154,112  -24.9%  4.00 MiB  2.00 MiB  11.0 MiB  1.00 MiB   120 KiB  -250 (-4.42 GiB)
    systemd[1]                     -       -  6.00 MiB  3.00 MiB       0 B  2.00 MiB  88.0 KiB                 0  init, never killed
    kthreadd[2]                    -       -         -         -         -         -         -                 0  kernel thread
    kswapd0[61]                    -       -         -         -         -         -         -                 0  kernel thread
    sshd[640]                      -       -  1.00 MiB  1.00 MiB       0 B   900 KiB  72.0 KiB             -1000  protected
    bash[1400]                     -       -  2.00 MiB  1.00 MiB       0 B       0 B  60.0 KiB                 0  between vfork and exec
  margin      1,384,220 points (5.28 GiB) ahead of python3[1310]
  spared      1 protected by oom_score_adj -1000; 1 between vfork and exec; 2 kernel threads; init

CGROUPS       of the victim; none of their limits fired
    cgroup                         memory      max used     swap swap max max hits OOMs kills home of
    /system.slice/search.service 12.6 GiB no limit      1.72 GiB no limit        0    0     0 victim
    /system.slice                14.1 GiB no limit      1.93 GiB no limit        0    0     0
    /                                   -        -             -        -        -    -     -

MEMORY        what the host had left, zone by zone
  zone       size     free      min      low     high reserved largest block
  DMA    15.0 MiB 11.0 MiB 64.0 KiB 80.0 KiB 96.0 KiB 62.0 MiB         2 MiB rest is reserved
  DMA32  2.80 GiB 56.3 MiB 11.8 MiB 14.7 MiB 17.7 MiB 51.0 MiB       512 KiB rest is reserved
  Normal 12.9 GiB 52.8 MiB 54.2 MiB 67.7 MiB 81.2 MiB      0 B        16 KiB BELOW MIN by 1.31 MiB
  reserved    what this request must leave to those that can use no higher zone
  used by     process memory 14.0 GiB, shared memory 12.0 MiB, file cache 5.00 MiB, kernel slab
              490 MiB, reclaimable slab 60.0 MiB, page tables 41.0 MiB, kernel stacks 9.00 MiB
  swap        0 B free of 2.00 GiB

BEFORE        17 rounds of reclaim over 1.20 s, the last 16 of which freed nothing
  zone    can be reclaimed  with what is free  min to be left
  Normal           160 KiB           52.9 MiB        54.2 MiB  short by 1.26 MiB
  DMA32           64.0 KiB           56.4 MiB        11.8 MiB  rest is reserved
  DMA                  0 B           11.0 MiB        64.0 KiB  rest is reserved
  compaction  none was considered again

KILLED        1 process
  process     uid  why     was sent      held    reaped  came back  exited after
  java[911]  1000  chosen  SIGKILL   12.6 GiB  12.6 GiB   12.6 GiB  2,410.000 ms

TIMELINE      from the moment the OOM killer was invoked
      0.000 ms  OOM killer invoked
      0.018 ms  began to weigh tasks
      0.412 ms  java[911] chosen
      0.455 ms  SIGKILL sent to java[911]
      0.461 ms  java[911] may use the memory reserves, to exit
      0.503 ms  OOM killer done
  2,004.100 ms  reaper woken for java[911]
  2,004.300 ms  reaper began to take the memory of java[911]
  2,350.000 ms  reaper done with java[911]
  2,410.000 ms  java[911] exited
  2,466.120 ms  memory of java[911] is back
  came back   12.6 GiB, 2.47 s after the OOM killer was invoked
  meanwhile   the OOM killer was invoked 41 times more and waited for the victim each time

REQUEST       that could not be met
  by          nginx[77701], parent 1, 1 thread, oom_score_adj 0, started 77,701 s after boot
  flags       gfp_mask 0x140cca, highest zone Movable
  nodes       of the request any, of the task 0, cpuset /
  kernel says Out of memory
  constraint  none, total 4,635,648 pages
  invocation  number 12 since the tracer started, 123,456,789,012,345 ns on the monotonic clock
  time to     choice 412 µs, kill 455 µs, reaped 2.35 s, exit 2.41 s, memory back 2.47 s

CANDIDATES    in the order in which they were weighed
  process           pid  tgid parent  uid threads  virtual after boot                 mm cgroup
  systemd             1     1      1    0       1 82.0 MiB        1 s 0xffff888100000400 /init.scope
  kthreadd            2     2      1    0       1        -        2 s                  - /
  kswapd0            61    61      1    0       1        -       61 s                  - /
  systemd-journal   402   402      1    0       1 98.0 MiB      402 s 0xffff888100064800 /system.slice/systemd-journald.service
  sshd              640   640      1    0       1 68.0 MiB      640 s 0xffff8881000a0000 /system.slice/ssh.service
  nginx             700   700      1    0       1 73.0 MiB      700 s 0xffff8881000af000 /system.slice/nginx.service
  nginx           77701 77701      1   33       1  151 MiB   77,701 s 0xffff888104be1400 /system.slice/nginx.service
  nginx           77702 77702      1   33       1  147 MiB   77,702 s 0xffff888104be1800 /system.slice/nginx.service
  java              911   911      1 1000       1 25.3 GiB      911 s 0xffff8881000e3c00 /system.slice/search.service
  redis-server     1200  1200      1  110       1 1.98 GiB    1,200 s 0xffff88810012c000 /system.slice/redis.service
  python3          1310  1310      1 1000       1  488 MiB    1,310 s 0xffff888100147800 /user.slice/user-1000.slice
  bash             1400  1400      1 1000       1 70.0 MiB    1,400 s 0xffff88810015e000 /user.slice/user-1000.slice

CGROUPS       protection, throttling and settings; innermost first
  cgroup                         id version     high low min     peak kernel memory swappiness at limit
  /system.slice/search.service 3300      v2 no limit 0 B 0 B 12.6 GiB             -         60        0
  /system.slice                2000      v2 no limit 0 B 0 B 14.1 GiB             -         60        0
  /                               1      v2        -   -   -        -             -         60        -

FREE BLOCKS   by size; U unmovable, M movable, E reclaimable, H high-order atomic, C CMA, I isolated
  node zone       4 KiB    8 KiB   16 KiB 32 KiB 64 KiB 128 KiB 256 KiB 512 KiB 1 MiB 2 MiB 4 MiB
     0 DMA        8 UME     4 UM     4 UM   4 UM   4 UM    4 UM    4 UM    4 UM  3 UM  2 UM     0
     0 DMA32    118 UME    58 UM    58 UM  57 UM  57 UM   57 UM   56 UM   56 UM     0     0     0
     0 Normal 3,382 UME 1,691 UM 1,691 UM      0      0       0       0       0     0     0     0
NODE 0        present 16.0 GiB, spanned 16.0 GiB, reclaim runs in a row that freed nothing: 16
  counters    active_anon 9.00 GiB, active_file 2.00 MiB, anon_mapped 14.0 GiB, anon_thp 6.00 GiB,
              dirty 0 B, file_pages 21.0 MiB, file_thp 0 B, inactive_anon 5.04 GiB, inactive_file
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
  host        web-3, boot 9f1c2d3e-0b7a-4c55-8d1e-6a1f0c9b7e42
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
              kills on this host since the incident before: 1 counted by the kernel, 1 seen; in this
              OOM: 1 counted in /system.slice/search.service, 1 seen, 1 listed
  record      complete, id 9f1c2d3e-12-7048860ddf79, attached by fentry

)");
}

TEST(TerminalGlobal, Sysrq)
{
    EXPECT_EQ(report_of(sample::sysrq_kill()),
              R"(OOM KILL  java[911] (12.6 GiB + 1.72 GiB in swap) killed: asked for by hand (SysRq f)
WHY NOW       The OOM killer was started by hand (SysRq f): memory need not have been short.
WHY THIS ONE  java[911] had the highest score of the 7 that could be killed: it held 12.6 GiB and
              1.72 GiB in swap; 5.28 GiB ahead of python3[1310].
OTHERWISE     With oom_score_adj -299 or lower for java[911], python3[1310] would have been killed
              instead.
  when        2026-03-01 03:12:45.123 UTC, host web-3, Linux 6.12.48-amd64
  asked for   nothing: the OOM killer was started by hand
  victim      java[911], uid 1000, in /system.slice/search.service

CHOICE        12 tasks weighed, 7 could be killed; a point is 4 KiB, shares are of 17.7 GiB
    process               points share     anon     file    shmem     swap pgtables    oom_score_adj
  > java[911]          3,761,287 81.1% 12.6 GiB 1.46 MiB 64.0 KiB 1.72 GiB 29.0 MiB                0
    python3[1310]      2,377,067 51.3%  210 MiB 2.00 MiB      0 B 20.0 MiB  700 KiB +500 (+8.84 GiB)
    redis-server[1200]   300,401  6.5%  980 MiB 1.00 MiB      0 B  190 MiB 2.44 MiB                0
    nginx[77701]          13,522  0.3% 41.0 MiB 2.00 MiB  600 KiB 9.00 MiB  240 KiB                0
    nginx[77702]          13,265  0.3% 39.0 MiB 2.00 MiB  600 KiB 10.0 MiB  236 KiB                0
  margin      1,384,220 points (5.28 GiB) ahead of python3[1310]
  spared      2 more with a lower score; 1 protected by oom_score_adj -1000; 1 between vfork and
              exec; 2 kernel threads; init

MEMORY        what the host had left, zone by zone
  zone       size     free      min      low     high reserved largest block
  DMA    15.0 MiB 7.50 MiB 64.0 KiB 80.0 KiB 96.0 KiB 62.0 MiB         2 MiB rest is reserved
  DMA32  2.80 GiB 1.40 GiB 11.8 MiB 14.7 MiB 17.7 MiB 51.0 MiB         4 MiB enough free
  Normal 12.9 GiB 6.45 GiB 54.2 MiB 67.7 MiB 81.2 MiB      0 B         4 MiB enough free
  reserved    what this request must leave to those that can use no higher zone
  used by     process memory 6.00 GiB, shared memory 12.0 MiB, file cache 5.00 MiB, kernel slab
              490 MiB, reclaimable slab 60.0 MiB, page tables 41.0 MiB, kernel stacks 9.00 MiB
  swap        1.86 GiB free of 2.00 GiB, read after the kill

KILLED        1 process
  process     uid  why     was sent      held    reaped  came back  exited after
  java[911]  1000  chosen  SIGKILL   12.6 GiB  12.6 GiB   12.6 GiB  2,410.000 ms

TIMELINE      from the moment the OOM killer was invoked
      0.000 ms  OOM killer invoked
      0.018 ms  began to weigh tasks
      0.412 ms  java[911] chosen
      0.455 ms  SIGKILL sent to java[911]
      0.461 ms  java[911] may use the memory reserves, to exit
      0.503 ms  OOM killer done
  2,004.100 ms  reaper woken for java[911]
  2,004.300 ms  reaper began to take the memory of java[911]
  2,350.000 ms  reaper done with java[911]
  2,410.000 ms  java[911] exited
  2,466.120 ms  memory of java[911] is back
  came back   12.6 GiB, 2.47 s after the OOM killer was invoked

  checks      scores worked out again from the sizes: 7 of 7 equal to the kernel's
              kills on this host since the incident before: 1 counted by the kernel, 1 seen; in this
              OOM: 1 counted in /system.slice/search.service, 1 seen, 1 listed
  record      complete, id 9f1c2d3e-12-7048860ddf79, attached by fentry

)");
}

// 32 KiB in one piece: enough is free, but not in blocks of that size.
TEST(TerminalGlobal, Fragmented)
{
    Incident incident = sample::global_kill();
    incident.allocation.order = 3;
    incident.nodes[0].zones[2].free_bytes = 100 * sample::mib;
    EXPECT_EQ(memory_section(incident), R"(MEMORY        what the host had left, zone by zone
  zone       size     free      min      low     high reserved largest block
  DMA    15.0 MiB 11.0 MiB 64.0 KiB 80.0 KiB 96.0 KiB 62.0 MiB         2 MiB rest is reserved
  DMA32  2.80 GiB 56.3 MiB 11.8 MiB 14.7 MiB 17.7 MiB 51.0 MiB       512 KiB rest is reserved
  Normal 12.9 GiB  100 MiB 54.2 MiB 67.7 MiB 81.2 MiB      0 B        16 KiB no free 32 KiB block
  reserved    what this request must leave to those that can use no higher zone
  used by     process memory 14.0 GiB, shared memory 12.0 MiB, file cache 5.00 MiB, kernel slab
              490 MiB, reclaimable slab 60.0 MiB, page tables 41.0 MiB, kernel stacks 9.00 MiB
  swap        0 B free of 2.00 GiB
)");
    const std::string line = report_of(incident, in_mode(TerminalMode::brief));
    EXPECT_NE(line.find(" killed: the host could not give 32 KiB in one piece; "), std::string::npos) << line;
}

// A small arm64: all memory in one zone, and large blocks of it for movable pages alone.
TEST(TerminalGlobal, ContiguousMemoryIsNotForTheKernelsOwnPages)
{
    Incident incident = sample::global_kill();
    incident.allocation.order = 2;
    incident.allocation.gfp_flags = {"GFP_KERNEL_ACCOUNT", "__GFP_ZERO"};
    incident.nodes[0].zones.resize(1);
    Zone &zone = incident.nodes[0].zones[0];
    zone.managed_bytes = 453 * sample::mib;
    zone.free_bytes = 174 * sample::mib;
    zone.free_cma_bytes = 58 * sample::mib;
    zone.lowmem_reserve_bytes = {0, 0, 0, 0, 0};
    zone.free_blocks = {{0, 4 * sample::kib, 29'696, "U"}, {10, 4 * sample::mib, 14, "C"}};
    const auto zone_row = [&] {
        const std::string section = memory_section(incident);
        const std::size_t begin = section.find("  DMA");
        return section.substr(begin, section.find('\n', begin) - begin);
    };
    EXPECT_EQ(zone_row(), "  DMA  453 MiB 174 MiB 64.0 KiB 80.0 KiB 96.0 KiB      0 B         4 KiB no free 16 KiB block");
    incident.allocation.gfp_flags = {"GFP_HIGHUSER_MOVABLE"};
    EXPECT_EQ(zone_row(), "  DMA   453 MiB  174 MiB  64.0 KiB  80.0 KiB  96.0 KiB       0 B          4 MiB  enough free");
    incident.allocation.gfp_flags = {"GFP_KERNEL"};
    zone.free_cma_bytes = 174 * sample::mib;
    EXPECT_EQ(zone_row(), "  DMA   453 MiB  174 MiB  64.0 KiB  80.0 KiB  96.0 KiB       0 B          4 KiB  rest is set aside");
}

// Only one of two nodes is allowed; the other has memory and a boosted watermark.
TEST(TerminalGlobal, Cpuset)
{
    Incident incident = sample::global_kill();
    Node second = incident.nodes[0];
    second.node = 1;
    for (Zone &zone : second.zones)
        zone.free_bytes = *zone.managed_bytes / 2;
    second.zones[2].boost_bytes = 20 * sample::mib;
    for (auto watermark : {&Zone::min_bytes, &Zone::low_bytes, &Zone::high_bytes})
        second.zones[2].*watermark += *second.zones[2].boost_bytes;
    incident.nodes.push_back(second);
    incident.constraint = Constraint::cpuset;
    incident.trigger.cpuset = "/web";
    EXPECT_EQ(memory_section(incident), R"(MEMORY        what the host had left, zone by zone
  node zone       size     free      min      low     high    boost reserved largest block
     0 DMA    15.0 MiB 11.0 MiB 64.0 KiB 80.0 KiB 96.0 KiB      0 B 62.0 MiB         2 MiB rest is reserved
     0 DMA32  2.80 GiB 56.3 MiB 11.8 MiB 14.7 MiB 17.7 MiB      0 B 51.0 MiB       512 KiB rest is reserved
     0 Normal 12.9 GiB 52.8 MiB 54.2 MiB 67.7 MiB 81.2 MiB      0 B      0 B        16 KiB BELOW MIN by 1.31 MiB
     1 DMA    15.0 MiB 7.50 MiB 64.0 KiB 80.0 KiB 96.0 KiB      0 B 62.0 MiB         2 MiB not for this request
     1 DMA32  2.80 GiB 1.40 GiB 11.8 MiB 14.7 MiB 17.7 MiB      0 B 51.0 MiB       512 KiB not for this request
     1 Normal 12.9 GiB 6.45 GiB 74.2 MiB 87.7 MiB  101 MiB 20.0 MiB      0 B        16 KiB not for this request
  reserved    what this request must leave to those that can use no higher zone
  used by     process memory 28.0 GiB, shared memory 24.0 MiB, file cache 10.0 MiB, kernel slab
              980 MiB, reclaimable slab 120 MiB, page tables 82.0 MiB, kernel stacks 18.0 MiB
  swap        0 B free of 2.00 GiB
)");
    const std::string line = report_of(incident, in_mode(TerminalMode::brief));
    EXPECT_NE(line.find(" killed: the memory nodes (0) of cpuset /web ran out; "), std::string::npos) << line;
}

TEST(TerminalGlobal, MemoryPolicy)
{
    Incident incident = sample::global_kill();
    incident.constraint = Constraint::memory_policy;
    incident.allocation.nodemask = std::vector<std::uint32_t>{0, 1, 2, 5};
    const std::string line = report_of(incident, in_mode(TerminalMode::brief));
    EXPECT_NE(line.find(" killed: the memory nodes (0-2,5) of a NUMA policy ran out; asked by nginx[77701]; "),
              std::string::npos)
        << line;
}

// A zone that the request cannot use is not to blame, however full it is.
TEST(TerminalGlobal, RequestForALowZone)
{
    Incident incident = sample::global_kill();
    incident.allocation.highest_zone = "DMA32";
    incident.nodes[0].zones[1].free_bytes = 12'064 * sample::kib;
    EXPECT_EQ(memory_section(incident), R"(MEMORY        what the host had left, zone by zone
  zone       size     free      min      low     high reserved largest block
  DMA    15.0 MiB 11.0 MiB 64.0 KiB 80.0 KiB 96.0 KiB 11.0 MiB         2 MiB rest is reserved
  DMA32  2.80 GiB 11.8 MiB 11.8 MiB 14.7 MiB 17.7 MiB      0 B       512 KiB AT MIN
  Normal 12.9 GiB 52.8 MiB 54.2 MiB 67.7 MiB 81.2 MiB      0 B        16 KiB not for this request
  reserved    what this request must leave to those that can use no higher zone
  used by     process memory 14.0 GiB, shared memory 12.0 MiB, file cache 5.00 MiB, kernel slab
              490 MiB, reclaimable slab 60.0 MiB, page tables 41.0 MiB, kernel stacks 9.00 MiB
  swap        0 B free of 2.00 GiB
)");
}

TEST(TerminalGlobal, SwapThatIsNotKnownIsNotZero)
{
    Incident incident = sample::global_kill();
    incident.swap = {};
    EXPECT_NE(memory_section(incident).find("  swap        not known\n"), std::string::npos);
    incident.swap.total_bytes = 2 * sample::gib;
    EXPECT_NE(memory_section(incident).find("  swap        2 GiB, how much of it is free is not known\n"), std::string::npos);
}

TEST(TerminalGlobal, AllocatingTaskWasNotWeighed)
{
    Incident incident = sample::global_kill();
    incident.sysctls.oom_kill_allocating_task = 1;
    incident.victim->points.reset();
    incident.victim->share_of_total.reset();
    incident.victim->runner_up.reset();
    const std::string report = report_of(incident);
    EXPECT_NE(report.find("  margin      not weighed: vm.oom_kill_allocating_task has the kernel kill whoever asks\n"),
              std::string::npos)
        << report;
}

} // namespace
} // namespace oomtrace
