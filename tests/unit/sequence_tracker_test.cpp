// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/sequence_tracker.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

using Seen = SequenceTracker::Seen;

TEST(SequenceTracker, SeesNothingMissingInAWholeEpisode)
{
    SequenceTracker tracker;
    for (std::uint32_t sequence = 1; sequence <= 5; sequence++) {
        EXPECT_EQ(tracker.note(sequence), Seen::in_order);
    }
    tracker.note_last(5);
    EXPECT_EQ(tracker.missing(), 0U);
    EXPECT_EQ(tracker.missing_ranges(), "");
}

TEST(SequenceTracker, NamesWhatIsMissing)
{
    SequenceTracker tracker;
    EXPECT_EQ(tracker.note(2), Seen::skipped);
    EXPECT_EQ(tracker.note(3), Seen::in_order);
    EXPECT_EQ(tracker.note(6), Seen::skipped);
    tracker.note_last(9);
    EXPECT_EQ(tracker.missing(), 1U + 2 + 3);
    EXPECT_EQ(tracker.missing_ranges(), "1, 4-5, 7-9");
}

TEST(SequenceTracker, FillsGapsAndKnowsDuplicates)
{
    SequenceTracker tracker;
    tracker.note(1);
    tracker.note(6);
    EXPECT_EQ(tracker.note(4), Seen::filled);
    EXPECT_EQ(tracker.missing_ranges(), "2-3, 5");
    EXPECT_EQ(tracker.note(4), Seen::duplicate);
    EXPECT_EQ(tracker.note(6), Seen::duplicate);
    EXPECT_EQ(tracker.note(1), Seen::duplicate);
    EXPECT_EQ(tracker.note(2), Seen::filled);
    EXPECT_EQ(tracker.note(3), Seen::filled);
    EXPECT_EQ(tracker.note(5), Seen::filled);
    EXPECT_EQ(tracker.missing(), 0U);
    EXPECT_EQ(tracker.note(7), Seen::in_order);
}

TEST(SequenceTracker, ShowsOnlyTheFirstRanges)
{
    SequenceTracker tracker;
    for (std::uint32_t sequence = 2; sequence <= 20; sequence += 2) {
        tracker.note(sequence);
    }
    EXPECT_EQ(tracker.missing(), 10U);
    EXPECT_EQ(tracker.missing_ranges(), "1, 3, 5, 7, ...");
}

TEST(SequenceTracker, SurvivesHostileNumbers)
{
    SequenceTracker tracker;
    EXPECT_EQ(tracker.note(0xffffffffU), Seen::skipped);
    tracker.note_last(~0ULL);
    EXPECT_EQ(tracker.missing(), 0xfffffffeULL);
    EXPECT_EQ(tracker.note(0xffffffffU), Seen::duplicate);
    EXPECT_EQ(tracker.note(5), Seen::filled);
    EXPECT_EQ(tracker.missing(), 0xfffffffdULL);
}

// Against the plain set of numbers, on random orders with repetitions.
TEST(SequenceTracker, AgreesWithASet)
{
    std::mt19937 random(7);
    for (int round = 0; round < 200; round++) {
        SequenceTracker tracker;
        std::set<std::uint32_t> seen;
        for (int step = 0; step < 40; step++) {
            const auto sequence = static_cast<std::uint32_t>(random() % 30 + 1);
            EXPECT_EQ(tracker.note(sequence) == Seen::duplicate, !seen.insert(sequence).second);
        }
        tracker.note_last(30);
        EXPECT_EQ(tracker.missing(), 30 - seen.size());
    }
}

} // namespace
} // namespace oomtrace
