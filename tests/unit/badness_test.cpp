// SPDX-License-Identifier: Apache-2.0
#include "badness/badness.h"

#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

constexpr auto signed_formula = BadnessFormula::signed_since_5_9;
constexpr auto unsigned_formula = BadnessFormula::unsigned_until_5_8;
constexpr std::uint64_t page_size = 4096;
constexpr std::int64_t long_min = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t long_max = std::numeric_limits<std::int64_t>::max();

MmSnapshot mm_with(std::int64_t file, std::int64_t anon, std::int64_t swap, std::int64_t shmem, std::uint64_t pgtables_bytes)
{
    MmSnapshot mm;
    mm.approximate = {.file = file, .anon = anon, .swap = swap, .shmem = shmem};
    mm.pgtables_bytes = pgtables_bytes;
    return mm;
}

std::optional<std::int64_t> approximate(const MmSnapshot &mm, std::int32_t adj, std::optional<std::uint64_t> total,
                                        BadnessFormula formula = signed_formula)
{
    return badness(mm, RssReading::approximate, adj, total, page_size, formula);
}

TEST(Badness, AddsRssSwapAndPageTables)
{
    EXPECT_EQ(approximate(mm_with(1, 20, 300, 4000, 50 * 4096), 0, 1'000'000), 1 + 20 + 300 + 4000 + 50);
}

TEST(Badness, CountsWholePagesOfPageTables)
{
    EXPECT_EQ(approximate(mm_with(0, 0, 0, 0, 4095), 0, 1000), 0);
    EXPECT_EQ(approximate(mm_with(0, 0, 0, 0, 8191), 0, 1000), 1);
    EXPECT_EQ(badness(mm_with(0, 0, 0, 0, 3 * 65536), RssReading::approximate, 0, 1000, 65536, signed_formula), 3);
}

TEST(Badness, DividesTotalPagesBeforeItMultiplies)
{
    // 1999 / 1000 is 1: adj 1000 adds 1000 pages, not 1999.
    EXPECT_EQ(approximate(mm_with(0, 10, 0, 0, 0), 1000, 1999), 1010);
    EXPECT_EQ(approximate(mm_with(0, 10, 0, 0, 0), 1000, 999), 10);
    EXPECT_EQ(approximate(mm_with(0, 10, 0, 0, 0), -999, 2'000'000), 10 - 999 * 2000);
}

TEST(Badness, KeepsNegativeScoresSinceKernel5_9Only)
{
    const MmSnapshot mm = mm_with(0, 10, 0, 0, 0);
    EXPECT_EQ(approximate(mm, -500, 1'000'000, signed_formula), 10 - 500'000);
    EXPECT_EQ(approximate(mm, -500, 1'000'000, unsigned_formula), 1);
    EXPECT_EQ(approximate(mm_with(0, 0, 0, 0, 0), 0, 1000, signed_formula), 0);
    EXPECT_EQ(approximate(mm_with(0, 0, 0, 0, 0), 0, 1000, unsigned_formula), 1);
}

TEST(Badness, ClampsEachCounterOnItsOwn)
{
    EXPECT_EQ(approximate(mm_with(-50, 100, -1, -7, 0), 0, 1000), 100);
}

TEST(Badness, ReadsExactCountersWhereItIsToldToAndTheyAreThere)
{
    MmSnapshot mm = mm_with(0, 7264, 0, 0, 0);
    EXPECT_EQ(badness(mm, RssReading::exact, 0, 1000, page_size, signed_formula), 7264);
    mm.exact = RssPages{.file = 0, .anon = 7296, .swap = -2, .shmem = 0};
    EXPECT_EQ(badness(mm, RssReading::exact, 0, 1000, page_size, signed_formula), 7296);
    EXPECT_EQ(badness(mm, RssReading::approximate, 0, 1000, page_size, signed_formula), 7264);
}

TEST(Badness, IsUnknownOnlyWhereTotalPagesMatters)
{
    EXPECT_EQ(approximate(mm_with(0, 10, 0, 0, 0), 0, std::nullopt), 10);
    EXPECT_EQ(approximate(mm_with(0, 10, 0, 0, 0), 1, std::nullopt), std::nullopt);
}

TEST(Badness, WrapsAsTheKernelsLongsDo)
{
    // A cgroup without a limit: PAGE_COUNTER_MAX pages.
    const std::uint64_t unlimited = static_cast<std::uint64_t>(long_max) / page_size;
    EXPECT_EQ(approximate(mm_with(0, 10, 0, 0, 0), -1000, unlimited), 10 - 1000 * static_cast<std::int64_t>(unlimited / 1000));
    EXPECT_TRUE(approximate(mm_with(long_max, long_max, long_max, long_max, ~0ULL), 1000, ~0ULL).has_value());
}

TEST(Badness, LetsTheLaterOfEqualsWin)
{
    EXPECT_TRUE(replaces_chosen(5, 5, signed_formula));
    EXPECT_TRUE(replaces_chosen(6, 5, signed_formula));
    EXPECT_FALSE(replaces_chosen(4, 5, signed_formula));
    EXPECT_TRUE(replaces_chosen(-7, long_min, signed_formula));
    EXPECT_FALSE(replaces_chosen(long_min, long_min, signed_formula));
    EXPECT_FALSE(replaces_chosen(0, 0, unsigned_formula));
    EXPECT_TRUE(replaces_chosen(1, 0, unsigned_formula));
    EXPECT_TRUE(replaces_chosen(origin_points(unsigned_formula), 1'000'000, unsigned_formula));
    EXPECT_TRUE(replaces_chosen(origin_points(signed_formula), 1'000'000, signed_formula));
}

TEST(Badness, BecomesTheOomScoreOfProc)
{
    EXPECT_EQ(proc_oom_score(0, 1'000'000, signed_formula), 666U); // no memory and no adj
    EXPECT_EQ(proc_oom_score(1'000'000, 1'000'000, signed_formula), 1333U);
    EXPECT_EQ(proc_oom_score(-1'000'000, 1'000'000, signed_formula), 0U);
    EXPECT_EQ(proc_oom_score(2'000'000, 1'000'000, signed_formula), 2000U);
    EXPECT_EQ(proc_oom_score(-1, 1'000'000, signed_formula), 666U); // -1000 / 1000000 is 0 in C
    EXPECT_EQ(proc_oom_score(long_min, 1'000'000, signed_formula), 0U);
    EXPECT_EQ(proc_oom_score(250'000, 1'000'000, unsigned_formula), 250U);
    EXPECT_EQ(proc_oom_score(0, 1'000'000, unsigned_formula), 0U);
}

// /proc/PID/oom_score of a pre-5.9 and of a later kernel are different scales of the same points.
TEST(Badness, HasTwoScalesInProc)
{
    for (const std::int64_t points : {1, 999, 12'345, 400'000, 999'999}) {
        const std::uint64_t before = proc_oom_score(points, 1'000'000, unsigned_formula);
        EXPECT_EQ(proc_oom_score(points, 1'000'000, signed_formula), (1000 + before) * 2 / 3) << points;
    }
}

} // namespace
} // namespace oomtrace
