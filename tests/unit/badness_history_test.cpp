// SPDX-License-Identifier: Apache-2.0
//
// Every number here is worked out by hand from the kernels' own formulas.
#include "badness/badness_history.h"

#include <array>
#include <limits>

#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

constexpr auto v19 = ClassicBadness::v2_6_19;
constexpr auto v32 = ClassicBadness::v2_6_32;

ClassicTask sized(std::uint64_t total_vm)
{
    ClassicTask task;
    task.total_vm_pages = total_vm;
    return task;
}

TEST(ClassicBadness, IsTheVirtualSizeOfAYoungTask)
{
    EXPECT_EQ(badness_classic(sized(12'345), v19), 12'345U);
}

TEST(ClassicBadness, AddsHalfOfEachChildAndOne)
{
    const std::array<std::uint64_t, 2> children = {1'001, 4};
    ClassicTask task = sized(100);
    task.children_vm_pages = children;
    EXPECT_EQ(badness_classic(task, v19), 100U + 501 + 3);
}

TEST(ClassicBadness, DividesByTheRootsOfCpuAndRunTime)
{
    ClassicTask task = sized(10'000);
    task.cpu_time = 24; // root 4
    EXPECT_EQ(badness_classic(task, v19), 2'500U);
    task.run_time = 90; // root 9, root of that 3
    EXPECT_EQ(badness_classic(task, v19), 833U);
    task.cpu_time = 0;
    EXPECT_EQ(badness_classic(task, v32), 3'333U);
    task.run_time = std::numeric_limits<std::uint64_t>::max(); // 65535
    EXPECT_EQ(badness_classic(sized(0), v19), 0U);
    EXPECT_EQ(badness_classic(task, v19), 0U);
}

TEST(ClassicBadness, DoublesForNiceAndDividesForPrivileges)
{
    ClassicTask task = sized(1'000);
    task.nice = 5;
    EXPECT_EQ(badness_classic(task, v19), 2'000U);
    task.nice = -5;
    EXPECT_EQ(badness_classic(task, v19), 1'000U);
    task.superuser = true;
    EXPECT_EQ(badness_classic(task, v19), 250U);
    task.raw_io = true;
    EXPECT_EQ(badness_classic(task, v19), 62U);
    task.mems_intersect = false;
    EXPECT_EQ(badness_classic(task, v19), 7U);
}

TEST(ClassicBadness, ShiftsByOomAdj)
{
    ClassicTask task = sized(3);
    task.oom_adj = 4;
    EXPECT_EQ(badness_classic(task, v19), 48U);
    task.oom_adj = -1;
    EXPECT_EQ(badness_classic(task, v19), 1U);
    task.oom_adj = -17;
    EXPECT_EQ(badness_classic(sized(0), v19), 0U);
    EXPECT_EQ(badness_classic(task, v32), 0U);
    task.total_vm_pages = 1 << 20;
    EXPECT_EQ(badness_classic(task, v19), 8U); // only the caller looks at OOM_DISABLE
    EXPECT_EQ(badness_classic(task, v32), 0U);
}

TEST(ClassicBadness, RaisesZeroOnlySince2_6_32)
{
    ClassicTask task = sized(0);
    task.oom_adj = 3;
    EXPECT_EQ(badness_classic(task, v19), 0U);
    EXPECT_EQ(badness_classic(task, v32), 8U);
}

TEST(ClassicBadness, KnowsTheOnesWithoutAnMmAndTheOnesThatAsked)
{
    ClassicTask task = sized(5);
    task.asked_to_be_first = true;
    EXPECT_EQ(badness_classic(task, v19), std::numeric_limits<std::uint64_t>::max());
    task.has_mm = false;
    EXPECT_EQ(badness_classic(task, v19), 0U);
}

PagesTask pages(std::uint64_t rss, std::int32_t adj = 0, bool sys_admin = false)
{
    return {.rss_pages = rss, .swap_pages = 100, .page_table_pages = 50, .sys_admin = sys_admin, .oom_score_adj = adj};
}

TEST(PerMilleBadness, IsAShareOfAllThereIs)
{
    EXPECT_EQ(badness_per_mille(pages(400), 1'000, PerMilleBadness::v2_6_36), 500U);
    EXPECT_EQ(badness_per_mille(pages(400), 1'000, PerMilleBadness::v2_6_39), 550U);
    EXPECT_EQ(badness_per_mille(pages(400, 0, true), 1'000, PerMilleBadness::v2_6_36), 470U);
    EXPECT_EQ(badness_per_mille(pages(400, -200, true), 1'000, PerMilleBadness::v2_6_36), 270U);
}

TEST(PerMilleBadness, HasBounds)
{
    EXPECT_EQ(badness_per_mille(pages(400, 900), 1'000, PerMilleBadness::v2_6_36), 1'000U);
    EXPECT_EQ(badness_per_mille(pages(400, -900), 1'000, PerMilleBadness::v2_6_36), 0U);
    EXPECT_EQ(badness_per_mille(pages(400, -900), 1'000, PerMilleBadness::v2_6_39), 1U);
    EXPECT_EQ(badness_per_mille(pages(400), 0, PerMilleBadness::v2_6_36), 1'000U); // a cgroup may have a limit of 0
}

TEST(RootBonusBadness, CountsPagesAndGivesRootThreePercentOfSomething)
{
    EXPECT_EQ(badness_root_bonus(pages(10'000), 100'000, RootBonus::of_the_domain), 10'150U);
    EXPECT_EQ(badness_root_bonus(pages(10'000, 0, true), 100'000, RootBonus::of_the_domain), 10'150U - 30 * 100);
    EXPECT_EQ(badness_root_bonus(pages(10'000, 0, true), 100'000, RootBonus::of_the_task), 10'150U - 304);
    EXPECT_EQ(badness_root_bonus(pages(10'000, 200), 100'999, RootBonus::of_the_task), 10'150U + 200 * 100);
}

TEST(RootBonusBadness, IsNeverZero)
{
    EXPECT_EQ(badness_root_bonus(pages(10, -999), 1'000'000, RootBonus::of_the_task), 1U);
    EXPECT_EQ(badness_root_bonus({}, 1'000, RootBonus::of_the_domain), 1U);
}

} // namespace
} // namespace oomtrace
