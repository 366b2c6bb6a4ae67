// SPDX-License-Identifier: Apache-2.0
//
// Names that a process chose to deceive, numbers of a huge host, terminals that are too narrow.
#include <algorithm>
#include <random>

#include "report_of.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/utf8.h"
#include "support/sample_incident.h"

namespace oomtrace
{
namespace
{

TEST(TerminalHostile, Names)
{
    Incident incident = sample::memcg_kill();
    incident.candidates[1].process.comm = "\x1b[2J\x1b[31mpwn";
    incident.candidates[2].process.comm = "a\nOOM KILL  x";
    incident.candidates[3].process.comm = "\xff\xfe\xc3";
    incident.candidates[4].process.comm = "b\xc3\xbc"
                                          "cher\xe6\x97\xa5\xe6\x9c\xac"; // bücher日本
    incident.candidates[5].process.comm = "\xe2\x80\xaegnp.exe";          // right to left
    sample::weigh(incident, 4121);
    incident.trigger.process.comm = incident.candidates[3].process.comm;
    for (TimelineEntry &entry : incident.timeline)
        entry.comm = entry.comm.empty() ? "" : incident.candidates[2].process.comm;
    incident.kills[0].process.comm = incident.candidates[2].process.comm;
    incident.memcg.path = incident.memcg.levels[0].path = "/kube/a\tb\\x2dc";
    incident.trigger.process.cgroup = incident.victim->process.cgroup = incident.memcg.path;
    incident.host.hostname = "db\r-7";
    EXPECT_EQ(report_of(incident),
              R"(OOM KILL  a\nOOM KILL  x[4121] (1.71 GiB) killed: cgroup /kube/a\tb\x2dc hit its 2 GiB limit; asked
          by \xff\xfe\xc3[4125]
WHY NOW       Cgroup /kube/a\tb\x2dc has used up its 2 GiB limit, and there is no swap.
WHY THIS ONE  a\nOOM KILL  x[4121] had the highest score of the 7 that could be killed: it held
              1.72 GiB; 1.09 GiB ahead of pg_exporter[4131].
OTHERWISE     With oom_score_adj -545 or lower for a\nOOM KILL  x[4121], pg_exporter[4131] would
              have been killed instead.
  when        2026-03-01 03:12:45.123 UTC, host db\r-7, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_KERNEL_ACCOUNT), by \xff\xfe\xc3[4125], uid 999, in
              /kube/a\tb\x2dc
  victim      a\nOOM KILL  x[4121], uid 999, in /kube/a\tb\x2dc

CHOICE        8 tasks weighed, 7 could be killed; a point is 4 KiB, shares are of 2.00 GiB
    process               points share     anon     file    shmem swap pgtables   oom_score_adj
  > a\nOOM KILL  x[4121] 450,586 85.9% 1.62 GiB 12.0 MiB 80.0 MiB  0 B 4.10 MiB               0
    pg_exporter[4131]    165,429 31.6% 22.0 MiB 10.0 MiB      0 B  0 B  148 KiB +300 (+614 MiB)
    \xff\xfe\xc3[4125]    42,099  8.0% 92.0 MiB 11.0 MiB 61.0 MiB  0 B  460 KiB               0
    \e[2J\e[31mpwn[4100]  10,574  2.0% 18.0 MiB 14.0 MiB 9.00 MiB  0 B  312 KiB               0
    bücher日本[4126]       4,507  0.9% 5.47 MiB 9.00 MiB 3.00 MiB  0 B  140 KiB               0
  margin      285,157 points (1.09 GiB) ahead of pg_exporter[4131]
  spared      2 more with a lower score; 1 protected by oom_score_adj -1000

LIMIT         2 GiB, all of it used
    cgroup            memory      max   used swap swap max max hits OOMs kills home of
  > /kube/a\tb\x2dc 2.00 GiB    2 GiB 100.0%  0 B      0 B    1,532    1     0 victim, asker
    /kube/pod7      2.06 GiB    4 GiB  51.5%  0 B no limit        0    1     0
    /kube           9.41 GiB no limit         0 B no limit        0   18    17
    /                      -        -           -        -        -    -     -

KILLED        1 process
  process               uid  why     was sent      held  reaped  came back  exited after
  a\nOOM KILL  x[4121]  999  chosen  SIGKILL   1.71 GiB       -   1.71 GiB      3.120 ms

TIMELINE      from the moment the OOM killer was invoked
   0.000 ms  OOM killer invoked
   0.018 ms  began to weigh tasks
   0.412 ms  a\nOOM KILL  x[4121] chosen
   0.455 ms  SIGKILL sent to a\nOOM KILL  x[4121]
   0.461 ms  a\nOOM KILL  x[4121] may use the memory reserves, to exit
   0.503 ms  OOM killer done
   3.120 ms  a\nOOM KILL  x[4121] exited
  30.240 ms  memory of a\nOOM KILL  x[4121] is back
  came back   1.71 GiB, 30.2 ms after the OOM killer was invoked; /kube/a\tb\x2dc then used 311 MiB

  checks      scores worked out again from the sizes: 7 of 7 equal to the kernel's
  record      complete, id 9f1c2d3e-7-7048860ddf79, attached by fentry

)");
}

// Whatever bytes the names hold, no control character but the line's end gets out, and tables keep their columns.
TEST(TerminalHostile, NoControlCharacterGetsOut)
{
    std::mt19937 random(7);
    std::uniform_int_distribution<int> byte(1, 255);
    const auto noise = [&](std::size_t size) {
        std::string bytes(size, '\0');
        std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(byte(random)); });
        return bytes;
    };
    for (int round = 0; round < 60; ++round) {
        Incident incident = sample::global_kill();
        for (CandidateTask &candidate : incident.candidates) {
            candidate.process.comm = noise(15);
            candidate.process.cgroup = noise(80);
        }
        sample::weigh(incident, 911);
        incident.trigger.process.comm = noise(15);
        incident.trigger.process.cgroup = incident.memcg.levels[0].path = noise(200);
        incident.trigger.cpuset = noise(30);
        incident.host.hostname = incident.host.kernel = incident.host.method_note = incident.kernel_message = noise(40);
        incident.trigger.stack[0].symbol = incident.nodes[0].zones[0].name = noise(10);
        incident.allocation.gfp_flags = {noise(20)};
        incident.kills[0].process.comm = incident.timeline.back().comm = noise(15);
        incident.completeness = {false, {noise(30)}, 1, WalkStop::none, 0, 0};
        incident.provenance.swap = {Source::recomputed, noise(20)};
        for (const TerminalMode mode : {TerminalMode::brief, TerminalMode::normal, TerminalMode::full}) {
            const std::string report = report_of(incident, in_mode(mode));
            for (std::size_t i = 0; i < report.size();) {
                const auto character = utf8_character_at(report, i);
                ASSERT_TRUE(character);
                const char32_t c = character->code_point;
                ASSERT_TRUE(c == '\n' || (c >= 0x20 && c != 0x7f && (c < 0x80 || c > 0x9f))) << static_cast<unsigned>(c);
                i += character->size;
            }
            if (mode == TerminalMode::brief) {
                ASSERT_EQ(std::count(report.begin(), report.end(), '\n'), 1);
            }
        }
    }
}

// 64 TiB, and scores beyond 2^34.
TEST(TerminalHostile, HugeHost)
{
    constexpr std::uint64_t tib = 1024 * sample::gib;
    Incident incident = sample::global_kill();
    incident.total_pages = 64 * tib / (4 * sample::kib);
    incident.swap = {0, 0};
    incident.candidates = {
        sample::task(4'100'017, "hdbindexserver", 1001, 0, "/system.slice/hana.service",
                     {61 * tib, 900 * sample::mib, 512 * sample::gib, 0, 123 * sample::gib}),
        sample::task(4'100'020, "hdbnameserver-x", 1001, 1000, "/system.slice/hana.service",
                     {80 * sample::gib, 0, 0, 0, 170 * sample::mib}),
        sample::task(4'194'303, "agent", 0, -999, "/system.slice/agent.service", {200 * sample::mib, 0, 0, 0, 1 * sample::mib}),
    };
    sample::weigh(incident, 4'100'020);
    incident.kills.clear();
    incident.timeline.clear();
    incident.after = {};
    Zone &normal = incident.nodes[0].zones[2];
    normal.managed_bytes = 64 * tib;
    normal.min_bytes = 90 * sample::gib;
    normal.low_bytes = 112 * sample::gib;
    normal.high_bytes = 134 * sample::gib;
    incident.nodes[0].stat_bytes = {{"anon_mapped", 61 * tib}};
    EXPECT_EQ(report_of(incident), R"(OOM KILL  hdbnameserver-x[4100020] (80.0 GiB) killed: the host ran out of memory; asked by
          nginx[77701]
WHY NOW       No zone could give the 4 KiB asked for: Normal is 89.9 GiB below its min watermark
              (52.8 MiB free); the 56.3 MiB left in DMA32 and 11.0 MiB in DMA are kept for requests
              that can use no higher zone (lowmem_reserve). There is no swap. The 64.0 TiB of the
              host are filled with 61.0 TiB of process memory (anon).
WHY THIS ONE  hdbnameserver-x[4100020] had the highest score of the 3 that could be killed: it held
              80.2 GiB, and oom_score_adj +1000 added 64.0 TiB; 2.46 TiB ahead of
              hdbindexserver[4100017]. Its oom_score_adj decided that. hdbindexserver[4100017] held
              more (61.6 TiB). It held only 80.0 GiB itself: most of the memory that ran out is not
              its own.
OTHERWISE     With oom_score_adj 961 or lower for hdbnameserver-x[4100020], hdbindexserver[4100017]
              would have been killed instead.
  when        2026-03-01 03:12:45.123 UTC, host web-3, Linux 6.12.48-amd64
  asked for   4 KiB (order 0, GFP_HIGHUSER_MOVABLE|__GFP_COMP), by nginx[77701], uid 33, in
              /system.slice/nginx.service
  victim      hdbnameserver-x[4100020], uid 1001, in /system.slice/hana.service

CHOICE        3 tasks weighed, 3 could be killed; a point is 4 KiB, shares are of 64.0 TiB
    process                           points     anon    file   shmem swap pgtables     oom_score_adj
  > hdbnameserver-x[4100020]  17,200,884,040 80.0 GiB     0 B     0 B  0 B  170 MiB +1000 (+64.0 TiB)
    hdbindexserver[4100017]   16,541,254,656 61.0 TiB 900 MiB 512 GiB  0 B  123 GiB                 0
    agent[4194303]           -17,162,637,675  200 MiB     0 B     0 B  0 B 1.00 MiB  -999 (-63.9 TiB)
  margin      659,629,384 points (2.46 TiB) ahead of hdbindexserver[4100017]

MEMORY        what the host had left, zone by zone
  zone       size     free      min      low     high reserved largest block
  DMA    15.0 MiB 11.0 MiB 64.0 KiB 80.0 KiB 96.0 KiB 62.0 MiB         2 MiB rest is reserved
  DMA32  2.80 GiB 56.3 MiB 11.8 MiB 14.7 MiB 17.7 MiB 51.0 MiB       512 KiB rest is reserved
  Normal 64.0 TiB 52.8 MiB 90.0 GiB  112 GiB  134 GiB      0 B        16 KiB BELOW MIN by 89.9 GiB
  reserved    what this request must leave to those that can use no higher zone
  used by     process memory 61.0 TiB
  swap        none on this host

BEFORE        17 rounds of reclaim over 1.20 s, the last 16 of which freed nothing
  zone    can be reclaimed  with what is free  min to be left
  Normal           160 KiB           52.9 MiB        54.2 MiB  short by 1.26 MiB
  DMA32           64.0 KiB           56.4 MiB        11.8 MiB  rest is reserved
  DMA                  0 B           11.0 MiB        64.0 KiB  rest is reserved

  checks      scores worked out again from the sizes: 3 of 3 equal to the kernel's
              kills on this host since the incident before: 1 counted by the kernel, 1 seen; in this
              OOM: 1 counted in /system.slice/search.service, 1 seen, 1 listed
  record      complete, id 9f1c2d3e-12-7048860ddf79, attached by fentry

)");
}

TEST(TerminalHostile, NarrowTerminalDropsAColumnButWrapsNoTable)
{
    TerminalOptions options;
    options.width = 72;
    const std::string report = report_of(sample::memcg_kill(), options);
    EXPECT_EQ(report.substr(0, report.find("\nLIMIT")),
              R"(OOM KILL  postgres[4121] (1.71 GiB) killed: cgroup /kube/pod7/db hit its
          2 GiB limit; asked by postgres[4125]
WHY NOW       Cgroup /kube/pod7/db has used up its 2 GiB limit, and
              there is no swap.
WHY THIS ONE  postgres[4121] had the highest score of the 7 that could
              be killed: it held 1.72 GiB; 1.09 GiB ahead of
              pg_exporter[4131].
OTHERWISE     With oom_score_adj -545 or lower for postgres[4121],
              pg_exporter[4131] would have been killed instead.
  when        2026-03-01 03:12:45.123 UTC, host db-7, Linux
              6.12.48-amd64
  asked for   4 KiB (order 0, GFP_KERNEL_ACCOUNT), by postgres[4125],
              uid 999, in /kube/pod7/db
  victim      postgres[4121], uid 999, in /kube/pod7/db

CHOICE        8 tasks weighed, 7 could be killed; a point is 4 KiB,
              shares are of 2.00 GiB
    process            points     anon     file    shmem swap pgtables   oom_score_adj
  > postgres[4121]    450,586 1.62 GiB 12.0 MiB 80.0 MiB  0 B 4.10 MiB               0
    pg_exporter[4131] 165,429 22.0 MiB 10.0 MiB      0 B  0 B  148 KiB +300 (+614 MiB)
    postgres[4125]     42,099 92.0 MiB 11.0 MiB 61.0 MiB  0 B  460 KiB               0
    postgres[4100]     10,574 18.0 MiB 14.0 MiB 9.00 MiB  0 B  312 KiB               0
    postgres[4126]      4,507 5.47 MiB 9.00 MiB 3.00 MiB  0 B  140 KiB               0
  margin      285,157 points (1.09 GiB) ahead of pg_exporter[4131]
  spared      2 more with a lower score; 1 protected by oom_score_adj
              -1000
)");
}

// Every sample fits the default width: no table is wider, no prose runs over.
TEST(TerminalHostile, SamplesFitAHundredColumns)
{
    for (const Incident &incident :
         {sample::memcg_kill(), sample::global_kill(), sample::tracepoint_kill(), sample::group_kill(),
          sample::no_killable_task(), sample::already_dying(), sample::aborted(), sample::notifier_freed(), sample::panic(),
          sample::incomplete(), sample::sysrq_kill()}) {
        std::istringstream report(report_of(incident));
        for (std::string line; std::getline(report, line);) {
            EXPECT_LE(terminal::display_width(line), 100U) << line;
            EXPECT_FALSE(line.ends_with(' ')) << line;
        }
    }
}

} // namespace
} // namespace oomtrace
