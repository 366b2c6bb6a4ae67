// SPDX-License-Identifier: Apache-2.0
//
// Incidents that did not end with an ordinary kill.
#include <gmock/gmock.h>

#include "report_of.h"
#include "support/sample_incident.h"

namespace oomtrace
{
namespace
{

using testing::HasSubstr;
using testing::Not;

TEST(TerminalOutcomes, NoKillableTask)
{
    EXPECT_EQ(report_of(sample::no_killable_task()),
              R"(OOM NO VICTIM  nothing could be killed: cgroup /system.slice/agent.service hit its 64 MiB limit;
          asked by agent[500]
WHY NOW       Cgroup /system.slice/agent.service has used up its 64 MiB limit, and there is no swap.
WHY NOBODY    Nobody was killed: all 2 tasks are protected by oom_score_adj -1000.
  when        2026-03-01 03:12:45.123 UTC, host db-7, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_KERNEL), by agent[500], uid 0, in /system.slice/agent.service

CHOICE        2 tasks weighed, none could be killed
    process           points     anon     file shmem swap pgtables oom_score_adj not killed because
    agent[500]             - 58.0 MiB 4.00 MiB   0 B  0 B  220 KiB         -1000 protected
    agent-helper[501]      - 1.00 MiB 1.00 MiB   0 B  0 B 60.0 KiB         -1000 protected

LIMIT         64 MiB, all of it used
    cgroup                        memory      max   used swap swap max max hits OOMs kills home of
  > /system.slice/agent.service 64.0 MiB   64 MiB 100.0%  0 B no limit    8,812   31     0 asker
    /system.slice                900 MiB no limit         0 B no limit        0    0     0
    /                                  -        -           -        -        -    -     -

TIMELINE      from the moment the OOM killer was invoked
  0.000 ms  OOM killer invoked
  0.015 ms  began to weigh tasks
  0.120 ms  OOM killer done

  record      complete, id 9f1c2d3e-9-7048860ddf79, attached by fentry

)");
}

TEST(TerminalOutcomes, AlreadyDying)
{
    EXPECT_EQ(report_of(sample::already_dying()),
              R"(OOM NO NEW KILL  postgres[4125] (164 MiB) was exiting already and was left to it: cgroup
          /kube/pod7/db hit its 2 GiB limit; asked by itself
WHY NOW       Cgroup /kube/pod7/db has used up its 2 GiB limit, and there is no swap.
WHY THIS ONE  postgres[4125] was exiting already: the kernel waits for that rather than kill
              another.
  when        2026-03-01 03:12:45.123 UTC, host db-7, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_KERNEL_ACCOUNT), by postgres[4125], uid 999, in /kube/pod7/db
  victim      postgres[4125], uid 999, in /kube/pod7/db

  choice      nobody was weighed: a task that is exiting gives its memory back anyway

LIMIT         2 GiB, all of it used
    cgroup           memory       max    used  swap  swap max  max hits  OOMs  kills  home of
  > /kube/pod7/db  2.00 GiB     2 GiB  100.0%   0 B       0 B     1,532     1      0  victim, asker
    /kube/pod7     2.06 GiB     4 GiB   51.5%   0 B  no limit         0     1      0
    /kube          9.41 GiB  no limit           0 B  no limit         0    18     17
    /                     -         -             -         -         -     -      -

EXITING       1 process
  process         uid  why                  was sent     held  reaped  came back  exited after
  postgres[4125]  999  was exiting already  nothing   164 MiB       -    164 MiB      4.900 ms

TIMELINE      from the moment the OOM killer was invoked
  0.000 ms  OOM killer invoked
  0.021 ms  postgres[4125] may use the memory reserves, to exit
  0.040 ms  OOM killer done
  4.900 ms  postgres[4125] exited
  7.310 ms  memory of postgres[4125] is back
  came back   164 MiB, 7.31 ms after the OOM killer was invoked

  record      complete, id 9f1c2d3e-7-7048860ddf79, attached by fentry

)");
}

TEST(TerminalOutcomes, Aborted)
{
    EXPECT_EQ(report_of(sample::aborted()),
              R"(OOM NO NEW KILL  postgres[4121], killed earlier, is still exiting: cgroup /kube/pod7/db hit its
          2 GiB limit; asked by postgres[4125]
WHY NOW       Cgroup /kube/pod7/db has used up its 2 GiB limit, and there is no swap.
WHY NOBODY    Nobody was killed: the kernel waits for an earlier victim that is still exiting.
  when        2026-03-01 03:12:45.123 UTC, host db-7, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_KERNEL_ACCOUNT), by postgres[4125], uid 999, in /kube/pod7/db

CHOICE        3 tasks weighed, then the kernel gave up; a point is 4 KiB, shares are of 2.00 GiB
    process           points   share      anon      file     shmem  swap  pgtables     oom_score_adj
    postgres[4100]    10,574    2.0%  18.0 MiB  14.0 MiB  9.00 MiB   0 B   312 KiB                 0
    pause[4098]     -522,771  -99.7%   120 KiB   560 KiB       0 B   0 B  44.0 KiB  -998 (-1.99 GiB)
  spared      1 killed earlier and still exiting

LIMIT         2 GiB, all of it used
    cgroup           memory       max    used  swap  swap max  max hits  OOMs  kills  home of
  > /kube/pod7/db  2.00 GiB     2 GiB  100.0%   0 B       0 B     1,532     1      0  asker
    /kube/pod7     2.06 GiB     4 GiB   51.5%   0 B  no limit         0     1      0
    /kube          9.41 GiB  no limit           0 B  no limit         0    18     17
    /                     -         -             -         -         -     -      -

TIMELINE      from the moment the OOM killer was invoked
  0.000 ms  OOM killer invoked
  0.015 ms  began to weigh tasks
  0.060 ms  OOM killer done

  checks      scores worked out again from the sizes: 2 of 2 equal to the kernel's
  record      complete, id 9f1c2d3e-7-7048860ddf79, attached by fentry

)");
}

TEST(TerminalOutcomes, NotifierFreed)
{
    EXPECT_EQ(report_of(sample::notifier_freed()),
              R"(OOM AVERTED  a kernel driver gave memory back, nothing was killed: memory ran out on the host, or on
          the nodes that were allowed; asked by nginx[77701]
WHY NOW       No zone could give the 4 KiB asked for: Normal is 1.31 MiB below its min watermark
              (52.8 MiB free); the 56.3 MiB left in DMA32 and 11.0 MiB in DMA are kept for requests
              that can use no higher zone (lowmem_reserve). Swap is full (0 B of 2.00 GiB free). The
              15.7 GiB of the host are filled with 14.0 GiB of process memory (anon), 992 MiB of
              memory in no counter (drivers, a balloon).
WHY NOBODY    Nobody was killed: a kernel driver gave memory back.
  when        2026-03-01 03:12:45.123 UTC, host web-3, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_HIGHUSER_MOVABLE|__GFP_COMP), by nginx[77701], uid 33, in
              /system.slice/nginx.service

  choice      nobody was weighed: there was no need to

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

TIMELINE      from the moment the OOM killer was invoked
  0.000 ms  OOM killer invoked
  0.096 ms  OOM killer done

  record      complete, id 9f1c2d3e-12-7048860ddf79, attached by fentry

)");
}

TEST(TerminalOutcomes, Panic)
{
    EXPECT_EQ(report_of(sample::panic()),
              R"(OOM PANIC  the kernel panicked instead of killing (vm.panic_on_oom = 2): the host ran out of memory;
          asked by nginx[77701]
WHY NOW       No zone could give the 4 KiB asked for: Normal is 1.31 MiB below its min watermark
              (52.8 MiB free); the 56.3 MiB left in DMA32 and 11.0 MiB in DMA are kept for requests
              that can use no higher zone (lowmem_reserve). Swap is full (0 B of 2.00 GiB free). The
              15.7 GiB of the host are filled with 14.0 GiB of process memory (anon), 992 MiB of
              memory in no counter (drivers, a balloon).
WHY NOBODY    Nobody was killed: the kernel panicked, as it is set to (vm.panic_on_oom).
  when        2026-03-01 03:12:45.123 UTC, host web-3, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_HIGHUSER_MOVABLE|__GFP_COMP), by nginx[77701], uid 33, in
              /system.slice/nginx.service

  choice      nobody was weighed: the kernel panicked first

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

TIMELINE      from the moment the OOM killer was invoked
  0.000 ms  OOM killer invoked
  0.096 ms  OOM killer done

  record      complete, id 9f1c2d3e-12-7048860ddf79, attached by fentry

)");
}

TEST(TerminalOutcomes, IncompleteWithLosses)
{
    EXPECT_EQ(report_of(sample::incomplete()),
              R"(OOM END NOT SEEN  postgres[4121] (1.71 GiB) was sent SIGKILL, what became of it is not known: cgroup
          /kube/pod7/db hit its 2 GiB limit; asked by postgres[4125]
  INCOMPLETE  parts of this record were lost: the last lines say which
WHY NOW       Cgroup /kube/pod7/db has used up its 2 GiB limit, and there is no swap.
WHY THIS ONE  postgres[4121] had the highest score of the 4 that are in this record: it held
              1.72 GiB; 1.56 GiB ahead of postgres[4125].
OTHERWISE     What would have saved it is not worked out: not every task that was weighed is in the
              record.
  when        2026-03-01 03:12:45.123 UTC, host db-7, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_KERNEL_ACCOUNT), by postgres[4125], uid 999, in /kube/pod7/db
  victim      postgres[4121], uid 999, in /kube/pod7/db

CHOICE        at least 4 tasks weighed, 4 could be killed; a point is 4 KiB, shares are of 2.00 GiB
    process           points   share      anon      file     shmem  swap  pgtables     oom_score_adj
  > postgres[4121]   450,586   85.9%  1.62 GiB  12.0 MiB  80.0 MiB   0 B  4.10 MiB                 0
    postgres[4125]    42,099    8.0%  92.0 MiB  11.0 MiB  61.0 MiB   0 B   460 KiB                 0
    postgres[4100]    10,574    2.0%  18.0 MiB  14.0 MiB  9.00 MiB   0 B   312 KiB                 0
    pause[4098]     -522,771  -99.7%   120 KiB   560 KiB       0 B   0 B  44.0 KiB  -998 (-1.99 GiB)
  margin      408,487 points (1.56 GiB) ahead of postgres[4125], of those that were seen

LIMIT         2 GiB, all of it used
    cgroup           memory       max    used  swap  swap max  max hits  OOMs  kills  home of
  > /kube/pod7/db  2.00 GiB     2 GiB  100.0%   0 B       0 B     1,532     1      0  victim, asker
    /kube/pod7     2.06 GiB     4 GiB   51.5%   0 B  no limit         0     1      0
    /kube          9.41 GiB  no limit           0 B  no limit         0    18     17
    /                     -         -             -         -         -     -      -

KILLED        1 process
  process         uid  why     was sent      held  reaped  came back  exited after
  postgres[4121]  999  chosen  SIGKILL   1.71 GiB       -   not seen      not seen

TIMELINE      from the moment the OOM killer was invoked
  0.000 ms  OOM killer invoked
  0.018 ms  began to weigh tasks
  0.412 ms  postgres[4121] chosen
  0.455 ms  SIGKILL sent to postgres[4121]
  came back   not seen

  checks      scores worked out again from the sizes: 4 of 4 equal to the kernel's
  record      INCOMPLETE, missing: 12 records dropped: ring full; the closing record
              id 9f1c2d3e-7-7048860ddf79, attached by fentry
  not known   outcome (the closing record was lost)

)");
}

// Nothing but an empty record: every line says that it does not know.
TEST(TerminalOutcomes, NothingIsKnown)
{
    EXPECT_EQ(report_of(Incident{}),
              R"(OOM END NOT SEEN  what the kernel did is not known: whose memory ran out is not known; who asked is
          not known
  when        not known, host not known
  asked for   how much is not known, by whom is not known

  choice      who was weighed is not known

  record      complete, id not known, attached in a way that is not known
  not known   outcome, trigger, allocation, constraint, nodes, swap, sysctls, candidates, points,
              victim, kills, after, host, identity

)");
    const std::string full = report_of(Incident{}, in_mode(TerminalMode::full));
    EXPECT_EQ(full.find(" 0 B"), std::string::npos) << full;
}

TEST(TerminalOutcomes, BriefIsOneLineEach)
{
    std::string lines;
    for (const Incident &incident :
         {sample::global_kill(), sample::tracepoint_kill(), sample::group_kill(), sample::no_killable_task(),
          sample::already_dying(), sample::aborted(), sample::notifier_freed(), sample::panic(), sample::incomplete(),
          sample::sysrq_kill(), Incident{}})
        lines += report_of(incident, in_mode(TerminalMode::brief));
    EXPECT_EQ(
        lines,
        R"(2026-03-01T03:12:45.123Z web-3 OOM KILL java[911] (12.6 GiB + 1.72 GiB in swap) killed: the host ran out of memory; asked by nginx[77701]; score 3,761,287 = 81.1% of the total, next python3[1310] with 2,377,067; 12.6 GiB came back in 2.47 s; id 9f1c2d3e-12-7048860ddf79
2026-03-01T03:12:45.123Z edge-1 OOM KILL cc1plus[2300] (304 MiB + 200 MiB in swap) killed: cgroup /docker/build hit its 768 MiB memory+swap limit; asked by itself; score ~129,349 = 65.8% of the total, next cc1plus[2301] with 58,081; 304 MiB came back in 30.2 ms; id 9f1c2d3e-3-7048860ddf79
2026-03-01T03:12:45.123Z batch-2 OOM GROUP KILL 3 processes (1.48 GiB) of cgroup /batch/job42 killed as one group, train[310] (1.20 GiB) chosen: cgroup /batch/job42 hit its 1.5 GiB limit; asked by loader[311]; score 315,580 = 80.3% of the total, next loader[311] with 64,687; 1.48 GiB came back in 30.2 ms; id 9f1c2d3e-21-7048860ddf79
2026-03-01T03:12:45.123Z db-7 OOM NO VICTIM nothing could be killed: cgroup /system.slice/agent.service hit its 64 MiB limit; asked by agent[500]; id 9f1c2d3e-9-7048860ddf79
2026-03-01T03:12:45.123Z db-7 OOM NO NEW KILL postgres[4125] (164 MiB) was exiting already and was left to it: cgroup /kube/pod7/db hit its 2 GiB limit; asked by itself; 164 MiB came back in 7.31 ms; id 9f1c2d3e-7-7048860ddf79
2026-03-01T03:12:45.123Z db-7 OOM NO NEW KILL postgres[4121], killed earlier, is still exiting: cgroup /kube/pod7/db hit its 2 GiB limit; asked by postgres[4125]; id 9f1c2d3e-7-7048860ddf79
2026-03-01T03:12:45.123Z web-3 OOM AVERTED a kernel driver gave memory back, nothing was killed: memory ran out on the host, or on the nodes that were allowed; asked by nginx[77701]; id 9f1c2d3e-12-7048860ddf79
2026-03-01T03:12:45.123Z web-3 OOM PANIC the kernel panicked instead of killing (vm.panic_on_oom = 2): the host ran out of memory; asked by nginx[77701]; id 9f1c2d3e-12-7048860ddf79
2026-03-01T03:12:45.123Z db-7 OOM END NOT SEEN postgres[4121] (1.71 GiB) was sent SIGKILL, what became of it is not known: cgroup /kube/pod7/db hit its 2 GiB limit; asked by postgres[4125]; score 450,586 = 85.9% of the total, next postgres[4125] with 42,099; RECORD INCOMPLETE; id 9f1c2d3e-7-7048860ddf79
2026-03-01T03:12:45.123Z web-3 OOM KILL java[911] (12.6 GiB + 1.72 GiB in swap) killed: asked for by hand (SysRq f); score 3,761,287 = 81.1% of the total, next python3[1310] with 2,377,067; 12.6 GiB came back in 2.47 s; id 9f1c2d3e-12-7048860ddf79
time-not-known host-not-known OOM END NOT SEEN what the kernel did is not known: whose memory ran out is not known; who asked is not known; id not-known
)");
}

TEST(TerminalOutcomes, ZeroCandidates)
{
    Incident incident = sample::memcg_kill();
    incident.candidates.clear();
    incident.victim->runner_up.reset();
    EXPECT_NE(report_of(incident).find("\n  choice      nobody was weighed\n"), std::string::npos);
    incident.provenance.candidates = {Source::absent, "their records were lost"};
    EXPECT_NE(report_of(incident).find("\n  choice      who was weighed is not known: their records were lost\n"),
              std::string::npos);
}

TEST(TerminalOutcomes, NegativePoints)
{
    Incident incident = sample::memcg_kill();
    for (CandidateTask &candidate : incident.candidates)
        candidate.process.oom_score_adj = candidate.eligible ? -998 : candidate.process.oom_score_adj;
    sample::weigh(incident, 4121);
    const std::string report = report_of(incident);
    const std::size_t begin = report.find("CHOICE");
    EXPECT_EQ(report.substr(begin, report.find("\n\n", begin) + 1 - begin),
              R"(CHOICE        8 tasks weighed, 7 could be killed; a point is 4 KiB, shares are of 2.00 GiB
    process             points  share     anon     file    shmem swap pgtables    oom_score_adj
  > postgres[4121]     -72,366 -13.8% 1.62 GiB 12.0 MiB 80.0 MiB  0 B 4.10 MiB -998 (-1.99 GiB)
    postgres[4125]    -480,853 -91.7% 92.0 MiB 11.0 MiB 61.0 MiB  0 B  460 KiB -998 (-1.99 GiB)
    postgres[4100]    -512,378 -97.7% 18.0 MiB 14.0 MiB 9.00 MiB  0 B  312 KiB -998 (-1.99 GiB)
    pg_exporter[4131] -514,723 -98.2% 22.0 MiB 10.0 MiB      0 B  0 B  148 KiB -998 (-1.99 GiB)
    postgres[4126]    -518,445 -98.9% 5.47 MiB 9.00 MiB 3.00 MiB  0 B  140 KiB -998 (-1.99 GiB)
  margin      408,487 points (1.56 GiB) ahead of postgres[4125]
  spared      2 more with a lower score; 1 protected by oom_score_adj -1000
)");
}

TEST(TerminalOutcomes, EqualScores)
{
    Incident incident = sample::memcg_kill();
    incident.victim->runner_up->margin_points = 0;
    EXPECT_NE(
        report_of(incident).find("  margin      none: pg_exporter[4131] has the same score, and of equals the kernel takes the "
                                 "later\n"),
        std::string::npos);
}

TEST(TerminalOutcomes, SharersOfMemory)
{
    Incident incident = sample::memcg_kill();
    KilledProcess sharer = incident.kills.front();
    sharer.process.pid = sharer.process.tgid = 4122;
    sharer.why = KillWhy::shares_mm;
    sharer.marked = false;
    sharer.memory.reset();
    sharer.returned_bytes.reset();
    sharer.exited_ns.reset();
    incident.kills.push_back(sharer);
    const std::string report = report_of(incident);
    EXPECT_NE(report.find("  postgres[4122]  999  shares its memory  SIGKILL   not known       -   not seen      not seen\n"),
              std::string::npos)
        << report;
    EXPECT_NE(report.find("  came back   1.71 GiB, 30.2 ms after"), std::string::npos) << report;
}

TEST(TerminalOutcomes, ManyKillsAreCounted)
{
    Incident incident = sample::group_kill();
    const KilledProcess member = incident.kills.back();
    incident.kills.resize(300, member);
    incident.timeline.resize(900, incident.timeline.back());
    const std::string report = report_of(incident);
    EXPECT_NE(report.find("KILLED        300 processes\n"), std::string::npos) << report;
    EXPECT_NE(report.find("              and 286 more\n"), std::string::npos) << report;
    EXPECT_NE(report.find("              and 886 more moments\n"), std::string::npos) << report;
    const std::string full = report_of(incident, in_mode(TerminalMode::full));
    EXPECT_EQ(full.find("more\n"), std::string::npos) << full;
}

TEST(TerminalOutcomes, LossesAreOneLine)
{
    std::ostringstream out;
    TerminalSink sink(out, {});
    LossTotals totals;
    totals.dropped = {1204, 0, 0, 2};
    totals.recursion_misses = 7;
    ASSERT_TRUE(sink.on_loss(totals));
    ASSERT_TRUE(sink.flush());
    EXPECT_EQ(
        out.str(),
        R"(OOMTRACE LOST DATA  since it started: 1204 records dropped (ring buffer full), 2 records not made (cgroups too deep, or too many nodes), 7 hook calls skipped (the hook was running already)
)");
}

TEST(TerminalOutcomes, AFailedStreamIsAnError)
{
    std::ostringstream out;
    out.setstate(std::ios::badbit);
    TerminalSink sink(out, {});
    const Result<void> result = sink.on_incident(sample::memcg_kill(), explain(sample::memcg_kill()));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().attempted, "print the report of incident 9f1c2d3e-7-7048860ddf79");
}

TerminalOptions wide()
{
    TerminalOptions options;
    options.width = 200;
    return options;
}

TEST(TerminalTrust, SaysWhetherTheKernelsReportAgrees)
{
    Incident incident = sample::memcg_kill();
    incident.kernel_log_check.compared = 143;
    EXPECT_THAT(report_of(incident, wide()), HasSubstr("the kernel's own report agrees in 143 values\n"));
    incident.kernel_log_check.moved = 2;
    EXPECT_THAT(report_of(incident, wide()), HasSubstr("agrees in 143 values (2 of them moved while both were read)"));
    incident.kernel_log_check.mismatches = {{"victim.uid", "1", "2"}};
    EXPECT_THAT(report_of(incident, wide()), HasSubstr("the kernel's own report DISAGREES in 1 of 143 values"));
    EXPECT_THAT(report_of(incident, wide()), HasSubstr("victim.uid: 1 here, 2 in the kernel's report"));
    EXPECT_THAT(report_of(incident, in_mode(TerminalMode::brief)), HasSubstr("; KERNEL'S REPORT DISAGREES"));
    incident.kernel_log_check = {0, 0, {}, "the kernel's log was not read"};
    EXPECT_THAT(report_of(incident, wide()),
                HasSubstr("not held against the kernel's own report; the kernel's log was not read"));
    EXPECT_THAT(report_of(incident, in_mode(TerminalMode::brief)), Not(HasSubstr("DISAGREES")));
}

TEST(TerminalTrust, SaysThatAnIncidentIsFromBefore)
{
    Incident incident = sample::memcg_kill();
    EXPECT_THAT(report_of(incident, wide()), Not(HasSubstr("before oomtrace started")));
    incident.before_start = true;
    EXPECT_THAT(report_of(incident, in_mode(TerminalMode::brief)), HasSubstr("; before oomtrace started;"));
}

} // namespace
} // namespace oomtrace
