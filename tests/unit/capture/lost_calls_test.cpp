// SPDX-License-Identifier: Apache-2.0
#include "capture/lost_calls.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace oomtrace
{
namespace
{

using Skipped = std::map<std::string, std::uint64_t, std::less<>>;

std::uint64_t lost(const Skipped &skipped, std::uint64_t retries_made_up = 0)
{
    return lost_calls(
        [&](std::string_view program) {
            const auto found = skipped.find(program);
            return found == skipped.end() ? 0 : found->second;
        },
        retries_made_up);
}

TEST(LostCalls, AreThoseOfHooksThatOnlyAnOomRuns)
{
    EXPECT_EQ(lost({}), 0);
    EXPECT_EQ(lost({{"mark_in_invocation", 1}}), 1);
    EXPECT_EQ(lost({{"mark_in_invocation", 1}, {"reaper_started", 2}}), 3);
}

TEST(LostCalls, AreNotThoseOfExitsAndScoresAllOverTheHost)
{
    EXPECT_EQ(lost({{"process_exit", 8}, {"process_exit_again", 42}, {"mm_released", 7}, {"mm_released_again", 19}}), 0);
    EXPECT_EQ(lost({{"fexit_oom_badness", 3}, {"kretprobe_oom_badness", 3}, {"fexit_exit_mmap", 2}}), 0);
}

TEST(LostCalls, OfAProgramWithTwoPlacesInTheTableCountOnce)
{
    EXPECT_EQ(lost({{"kprobe_oom_evaluate_task", 4}}), 4);
}

TEST(LostCalls, OfRetriesAreThoseThatTheSecondProgramHasNotMadeUpFor)
{
    EXPECT_EQ(lost({{"reclaim_retried", 5}, {"compaction_retried", 2}}, 0), 7);
    EXPECT_EQ(lost({{"reclaim_retried", 5}, {"compaction_retried", 2}}, 6), 1);
    EXPECT_EQ(lost({{"reclaim_retried", 5}, {"compaction_retried", 2}}, 7), 0);
}

TEST(LostCalls, OfRetriesAreNotThoseOfTheSecondProgramWhichTheFirstHasNoted)
{
    EXPECT_EQ(lost({{"reclaim_retried_again", 9}, {"compaction_retried_again", 1}}), 0);
}

TEST(LostCalls, MadeUpForWhileTheyAreReadDoNotHideOthers)
{
    EXPECT_EQ(lost({{"mark_in_invocation", 1}, {"reclaim_retried", 5}}, 6), 1);
}

} // namespace
} // namespace oomtrace
