// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/victim_fates.h"

#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

constexpr std::uint64_t grace = 100, mm = 0xabc;

TEST(VictimFates, AreSettledWhereNobodyWasKilled)
{
    EXPECT_EQ(VictimFates().settled_ns(grace), 0U);
}

TEST(VictimFates, WaitForBothExitAndReleaseInEitherOrder)
{
    VictimFates fates;
    fates.note_kill(1, mm);
    EXPECT_EQ(fates.settled_ns(grace), std::nullopt);
    fates.note_exit(1, 50);
    EXPECT_EQ(fates.settled_ns(grace), std::nullopt); // a large process takes its time
    fates.note_release(1, mm, 60);
    EXPECT_EQ(fates.settled_ns(grace), 60U);
    fates.note_kill(2, mm + 1);
    fates.note_release(2, mm + 1, 70);
    EXPECT_EQ(fates.settled_ns(grace), std::nullopt);
    fates.note_exit(2, 80);
    EXPECT_EQ(fates.settled_ns(grace), 80U);
}

TEST(VictimFates, WaitForTheGraceAfterTheExitWhereTheMmIsNotKnown)
{
    VictimFates fates;
    fates.note_kill(1, 0);
    fates.note_exit(1, 50);
    EXPECT_EQ(fates.settled_ns(grace), 150U);
    fates.note_kill(1, mm); // now it is
    EXPECT_EQ(fates.settled_ns(grace), std::nullopt);
    fates.note_release(1, mm, 60);
    EXPECT_EQ(fates.settled_ns(grace), 60U);
}

TEST(VictimFates, WaitForTheSlowestOfAll)
{
    VictimFates fates;
    fates.note_kill(1, 10);
    fates.note_kill(2, 20);
    fates.note_kill(3, 30);
    fates.note_release(2, 20, 5);
    fates.note_exit(1, 7);
    EXPECT_EQ(fates.settled_ns(grace), std::nullopt);
    fates.note_exit(3, 1'000);
    fates.note_release(3, 30, 1'001);
    fates.note_release(1, 10, 8);
    EXPECT_EQ(fates.settled_ns(grace), std::nullopt);
    fates.note_exit(2, 6);
    EXPECT_EQ(fates.settled_ns(grace), 1'001U);
}

TEST(VictimFates, TakeOneReleaseForAllThatShareTheMm)
{
    VictimFates fates;
    fates.note_kill(1, mm);
    fates.note_kill(2, mm);
    fates.note_kill(3, 0); // its mm is not known
    fates.note_release(1, mm, 5);
    fates.note_exit(1, 6);
    fates.note_exit(2, 7);
    EXPECT_EQ(fates.settled_ns(grace), std::nullopt);
    fates.note_exit(3, 8);
    EXPECT_EQ(fates.settled_ns(grace), 108U);
    fates.note_kill(3, mm); // now it is
    EXPECT_EQ(fates.settled_ns(grace), 8U);
}

TEST(VictimFates, TakeWhatCameBeforeTheKillWasKnown)
{
    VictimFates fates;
    fates.note_exit(1, 3);
    fates.note_release(9, mm, 4);
    fates.note_kill(1, mm);
    EXPECT_TRUE(fates.killed(1));
    EXPECT_FALSE(fates.killed(9));
    EXPECT_EQ(fates.settled_ns(grace), 4U);
}

TEST(VictimFates, KeepTheFirstOfTwoTimes)
{
    VictimFates fates;
    fates.note_kill(1, mm);
    fates.note_kill(1, mm);
    fates.note_exit(1, 10);
    fates.note_exit(1, 20);
    fates.note_release(1, mm, 11);
    fates.note_release(1, mm, 900);
    EXPECT_EQ(fates.settled_ns(grace), 11U);
}

} // namespace
} // namespace oomtrace
