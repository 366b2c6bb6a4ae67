// SPDX-License-Identifier: Apache-2.0
//
// What the report says of the time before the OOM, and of the kernel's counts of its kills.
#include <gmock/gmock.h>

#include "report_of.h"
#include "support/sample_incident.h"

namespace oomtrace
{
namespace
{

using sample::kib;
using sample::mib;
using testing::HasSubstr;
using testing::Not;

std::string section(const Incident &incident, std::string_view name, TerminalOptions options = {})
{
    const std::string report = report_of(incident, options);
    const std::size_t begin = report.find("\n" + std::string(name) + "  ");
    return begin == std::string::npos ? "" : report.substr(begin + 1, report.find("\n\n", begin) - begin);
}

TEST(TerminalBefore, RoundsZoneByZoneOnSeveralNodesAndCompaction)
{
    Incident incident = sample::global_kill();
    incident.before.reclaim = {3,
                               41'000'000,
                               3,
                               1,
                               {{0, 2, "Normal", 9 * mib, 60 * mib, 54 * mib, false},
                                {0, 1, "", 0, 11 * mib, 11 * mib, false},
                                {1, 2, "Normal", 400 * mib, 470 * mib, 54 * mib, true}},
                               2};
    incident.before.compaction = {2, 30'000'000, 3, CompactPriority::sync_light, CompactResult::skipped, 1, 16, false};
    EXPECT_EQ(section(incident, "BEFORE"),
              R"(BEFORE        3 rounds of reclaim over 41.0 ms, the last of which freed nothing
  node zone     can be reclaimed with what is free min to be left
     0 Normal           9.00 MiB          60.0 MiB       54.0 MiB reserved, or no block so large
     0 number 1              0 B          11.0 MiB       11.0 MiB no more than that
     1 Normal            400 MiB           470 MiB       54.0 MiB enough for another round
              and 2 more zones
  compaction  considered again 2 times over 30.0 ms, for order 3; the last (sync_light) ended as
              skipped, retry 1 of 16, not to be tried again
)");
}

TEST(TerminalBefore, SaysHowManyRoundsFreedNothing)
{
    const auto said_of = [](std::uint32_t rounds, std::int32_t idle) {
        Incident incident = sample::global_kill();
        incident.before.reclaim = {rounds, 2'000'000, 0, idle, {}, 0};
        return section(incident, "BEFORE");
    };
    EXPECT_EQ(said_of(1, 1), "BEFORE        1 round of reclaim over 2.00 ms, which freed nothing\n");
    EXPECT_EQ(said_of(1, 0), "BEFORE        1 round of reclaim over 2.00 ms\n");
    EXPECT_EQ(said_of(4, 4), "BEFORE        4 rounds of reclaim over 2.00 ms, none of which freed anything\n");
    EXPECT_EQ(said_of(9, 3), "BEFORE        9 rounds of reclaim over 2.00 ms, the last 3 of which freed nothing\n");
}

TEST(TerminalBefore, TellsNoneSeenFromNotKnown)
{
    Incident none = sample::global_kill();
    none.before = {ReclaimRetries{}, CompactionRetries{}};
    EXPECT_EQ(section(none, "BEFORE"), "BEFORE        no further round of reclaim was considered\n");

    Incident unwatched = sample::global_kill();
    unwatched.before = {};
    unwatched.provenance.before = {Source::absent, "no record of the retries came"};
    EXPECT_EQ(section(unwatched, "BEFORE"), "");
    EXPECT_THAT(report_of(unwatched), HasSubstr("not known   before (no record of the retries came)"));

    Incident half = sample::global_kill();
    half.before = {std::nullopt, CompactionRetries{}};
    EXPECT_EQ(section(half, "BEFORE"), "BEFORE        rounds of reclaim were not watched\n");
    half.before.compaction = {1, 1'000, 2, std::nullopt, std::nullopt, 1, 16, true};
    EXPECT_EQ(section(half, "BEFORE"),
              R"(BEFORE        rounds of reclaim were not watched
  compaction  considered again 1 time over 1.00 µs, for order 2; the last (unknown priority) ended
              as not known, retry 1 of 16, to be tried again
)");
}

// The charge to a cgroup retries by itself: that there were no rounds is no news.
TEST(TerminalBefore, IsSilentForACgroupUnlessThereWereRounds)
{
    Incident incident = sample::memcg_kill();
    EXPECT_EQ(section(incident, "BEFORE"), "");
    incident.before.reclaim = {2, 5'000'000, 0, 2, {}, 0};
    EXPECT_EQ(section(incident, "BEFORE"), "BEFORE        2 rounds of reclaim over 5.00 ms, none of which freed anything\n");
}

TEST(TerminalKillCheck, AgreementIsStated)
{
    Incident incident = sample::memcg_kill();
    EXPECT_THAT(report_of(incident), Not(HasSubstr("counted by the kernel"))); // nothing was compared
    incident.kill_check.system = {1, 1};
    EXPECT_THAT(report_of(incident),
                HasSubstr("\n              kills on this host since the incident before: 1 counted by the kernel, 1 seen\n"));
    EXPECT_THAT(report_of(incident), Not(HasSubstr("DISAGREEMENT")));
}

TEST(TerminalKillCheck, ADifferenceIsShown)
{
    Incident incident = sample::memcg_kill();
    incident.kill_check.system = {3, 1};
    EXPECT_THAT(report_of(incident),
                HasSubstr("DISAGREEMENT: kills on this host since the incident before: 3 counted by the kernel, 1\n"
                          "              seen\n"));

    incident.kill_check.system.reset();
    incident.kill_check.listed = 1;
    incident.kill_check.memcg = {"", 2, 2, std::nullopt};
    incident.scores = {};
    EXPECT_THAT(report_of(incident),
                HasSubstr("  checks      DISAGREEMENT: kills in this OOM: 2 counted in its cgroup, 2 seen, 1 listed\n"));
}

} // namespace
} // namespace oomtrace
