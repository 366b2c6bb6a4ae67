// SPDX-License-Identifier: Apache-2.0
//
// The kernel's counts of its kills against what was seen and is listed.
#include "reconstruct/kill_check.h"

#include <gmock/gmock.h>

#include "support/canned_episodes.h"
#include "support/replay.h"

namespace oomtrace::test
{
namespace
{

using testing::ElementsAre;
using testing::SizeIs;

constexpr bool compared = true;

// Of a reading: /proc/vmstat's oom_kill, and what the hooks have seen.
Stream::Change<wire_system_state> reading(std::int64_t counted, std::int64_t seen)
{
    return [=](wire_system_state &wire) {
        Stream::set_item(wire, WIRE_SYS_VMSTAT_OOM_KILL, counted);
        Stream::set_item(wire, WIRE_SYS_KILLS_SEEN, seen);
    };
}

void add_kill(Stream &stream, std::uint64_t episode, const Task &victim)
{
    stream.begin_episode(episode).begin(victim, app_id);
    add_memcgs(stream);
    add_memory(stream);
    stream.choice(victim, 9, 1'000).kill(victim, WIRE_KILL_SIGNAL).kill(victim, WIRE_KILL_MARK);
}

Incident one_kill(const Stream::Change<wire_system_state> &at_the_end, std::uint64_t counted_in_memcg = 1,
                  const Stream::Change<wire_kill_counts> &change = {})
{
    Stream stream;
    stream.host().first_reading(100, 3);
    add_kill(stream, 1, leaky());
    stream.kill_counts(web_id, 5, counted_in_memcg, change).end(WIRE_OUTCOME_KILLED).system_state(at_the_end);
    add_aftermath(stream);
    return replay_one(stream);
}

TEST(KillCheck, AgreesWhereTheCountsGrowAlike)
{
    const KillCheck check = one_kill(reading(101, 4)).kill_check;
    ASSERT_TRUE(check.system);
    EXPECT_EQ(check.system->counted, 1U);
    EXPECT_EQ(check.system->seen, 1U);
    ASSERT_TRUE(check.memcg);
    EXPECT_EQ(check.memcg->path, "/app/web");
    EXPECT_EQ(check.memcg->counted, 1U);
    EXPECT_EQ(check.memcg->seen, 1U);
    EXPECT_FALSE(check.memcg->group_kills);
    EXPECT_EQ(check.listed, 1U);
    EXPECT_EQ(check.twice_at_most, 0U);
    EXPECT_EQ(check.system_note, "");
    EXPECT_EQ(check.memcg_note, "");
    EXPECT_EQ(check.agree(), compared);
}

TEST(KillCheck, ShowsAKillThatNobodySaw)
{
    const KillCheck check = one_kill(reading(102, 4)).kill_check;
    EXPECT_EQ(check.system->counted, 2U);
    EXPECT_EQ(check.system->seen, 1U);
    EXPECT_EQ(check.agree(), false);
}

TEST(KillCheck, ShowsAKillThatTheKernelDidNotCount)
{
    EXPECT_EQ(one_kill(reading(100, 4)).kill_check.agree(), false);
}

TEST(KillCheck, ShowsAKillInTheCgroupThatNobodySaw)
{
    const KillCheck check = one_kill(reading(101, 4), 2, [](wire_kill_counts &wire) { wire.kills_seen = 1; }).kill_check;
    EXPECT_EQ(check.memcg->counted, 2U);
    EXPECT_EQ(check.memcg->seen, 1U);
    EXPECT_EQ(check.agree(), false);
}

TEST(KillCheck, ShowsAKillThatWasSeenAndIsNotListed)
{
    const KillCheck check = one_kill(reading(102, 5), 2).kill_check;
    EXPECT_EQ(check.system->counted, check.system->seen);
    EXPECT_EQ(check.memcg->counted, check.memcg->seen);
    EXPECT_EQ(check.listed, 1U);
    EXPECT_EQ(check.agree(), false);
}

// The reading after the first OOM already has the kill of the second: nothing is amiss, in either.
TEST(KillCheck, DoesNotCryWolfWhenTwoOverlap)
{
    Stream stream;
    stream.host().first_reading(100, 3);
    add_kill(stream, 1, leaky());
    stream.end(WIRE_OUTCOME_KILLED);
    add_kill(stream, 2, store());
    stream.end(WIRE_OUTCOME_KILLED);
    stream.begin_episode(1).system_state(reading(102, 5));
    stream.begin_episode(2).system_state(reading(102, 5));
    stream.begin_episode(1);
    add_aftermath(stream);
    stream.begin_episode(2);
    add_aftermath(stream, store());
    const std::vector<Incident> incidents = replay(stream);
    ASSERT_THAT(incidents, SizeIs(2));
    EXPECT_EQ(incidents[0].kill_check.system->counted, 2U);
    EXPECT_EQ(incidents[0].kill_check.system->seen, 2U);
    EXPECT_EQ(incidents[1].kill_check.system->counted, 0U);
    EXPECT_EQ(incidents[1].kill_check.system->seen, 0U);
    EXPECT_EQ(incidents[0].kill_check.agree(), compared);
    EXPECT_EQ(incidents[1].kill_check.agree(), compared);
}

TEST(KillCheck, CountsFromTheIncidentBefore)
{
    Stream stream;
    stream.host().first_reading(100, 3);
    add_kill(stream, 1, leaky());
    stream.end(WIRE_OUTCOME_KILLED).system_state(reading(101, 4));
    add_aftermath(stream);
    add_kill(stream, 2, store());
    stream.end(WIRE_OUTCOME_KILLED).system_state(reading(103, 5));
    add_aftermath(stream, store());
    const std::vector<Incident> incidents = replay(stream);
    ASSERT_THAT(incidents, SizeIs(2));
    EXPECT_EQ(incidents[0].kill_check.agree(), compared);
    EXPECT_EQ(incidents[1].kill_check.system->counted, 2U);
    EXPECT_EQ(incidents[1].kill_check.system->seen, 1U);
    EXPECT_EQ(incidents[1].kill_check.agree(), false);
}

// The kernel counts the first victim of a group twice, unless it has gone by then; those that share its memory not at all.
TEST(KillCheck, KnowsWhatTheKernelCounts)
{
    const Task sharer = Task(110, "sharer").memcg(web_id).mm(leaky().memory().mm);
    const auto group_of_two = [&](std::uint64_t counted) {
        Stream stream;
        stream.host().first_reading(100, 3);
        add_kill(stream, 1, leaky());
        stream.kill(sharer, WIRE_KILL_SIGNAL, WIRE_KILL_SHARES_MM);
        stream.kill(helper(), WIRE_KILL_SIGNAL, WIRE_KILL_OOM_GROUP).kill(helper(), WIRE_KILL_MARK, WIRE_KILL_OOM_GROUP);
        stream.kill_counts(app_id, 0, counted, [](wire_kill_counts &wire) {
            wire.valid = WIRE_KILL_COUNTS_GROUP;
            wire.group_kill_before = 7;
            wire.group_kill_after = 8;
        });
        const auto seen = static_cast<std::int64_t>(counted);
        return replay_one(stream.end(WIRE_OUTCOME_KILLED).system_state(reading(100 + seen, 3 + seen))).kill_check;
    };
    EXPECT_EQ(group_of_two(2).listed, 2U);
    EXPECT_EQ(group_of_two(2).twice_at_most, 1U);
    EXPECT_EQ(group_of_two(2).memcg->path, "/app");
    EXPECT_EQ(group_of_two(2).memcg->group_kills, 1U);
    EXPECT_EQ(group_of_two(1).agree(), false);
    EXPECT_EQ(group_of_two(2).agree(), compared);
    EXPECT_EQ(group_of_two(3).agree(), compared);
    EXPECT_EQ(group_of_two(4).agree(), false);
}

TEST(KillCheck, SaysWhyNothingWasCompared)
{
    const auto notes_of = [](const Stream &stream) {
        const KillCheck check = replay_one(stream).kill_check;
        EXPECT_FALSE(check.system || check.memcg || check.agree());
        return std::vector<std::string>{check.system_note, check.memcg_note};
    };
    EXPECT_THAT(notes_of(memcg_episode_fentry()),
                ElementsAre("/proc/vmstat could not be read", "no record of the counts came"));
    EXPECT_THAT(notes_of(memcg_episode_tracepoint()),
                ElementsAre("/proc/vmstat could not be read", "no tracepoint tells when out_of_memory() returns"));

    const auto nobody_chosen = [](const Stream::Change<wire_system_state> &change) {
        Stream stream;
        stream.host().begin_episode(1).begin(leaky()).node(0, 10).zone(0, 2, "Normal");
        return stream.end(WIRE_OUTCOME_NO_VICTIM).system_state(change);
    };
    EXPECT_THAT(notes_of(nobody_chosen([](wire_system_state &wire) {
                    Stream::set_item(wire, WIRE_SYS_VMSTAT_OOM_KILL, 5); // the hook on the signals was refused
                })),
                ElementsAre("the signals are not watched", "nobody was chosen"));
    EXPECT_THAT(notes_of(nobody_chosen(reading(5, 0))),
                ElementsAre("there is no earlier reading to count from", "nobody was chosen"));

    Stream restarted;
    restarted.host().first_reading(100, 3).begin_episode(1).begin(leaky()).node(0, 10).zone(0, 2, "Normal");
    EXPECT_THAT(notes_of(restarted.end(WIRE_OUTCOME_NO_VICTIM).system_state(reading(5, 0))),
                ElementsAre("the earlier reading is not of the same run", "nobody was chosen"));
}

// Recordings that were put one behind the other.
TEST(KillCheck, DoesNotCountFromTheReadingOfAnotherRun)
{
    Stream stream;
    stream.host().first_reading(1, 1).host();
    add_kill(stream, 1, leaky());
    stream.end(WIRE_OUTCOME_KILLED).system_state(reading(101, 4));
    add_aftermath(stream);
    EXPECT_EQ(replay_one(stream).kill_check.system_note, "there is no earlier reading to count from");
}

} // namespace
} // namespace oomtrace::test
