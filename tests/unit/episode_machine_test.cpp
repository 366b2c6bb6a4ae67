// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/episode_machine.h"

#include <algorithm>
#include <functional>
#include <map>

#include <gmock/gmock.h>

#include "support/canned_episodes.h"
#include "support/replay.h"

namespace oomtrace::test
{
namespace
{

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t second = 1'000'000'000, millisecond = 1'000'000;

std::vector<Episode> feed(EpisodeMachine &machine, const std::vector<Bytes> &records)
{
    std::vector<Episode> closed;
    for (const Bytes &record : records) {
        for (Episode &episode : machine.on_event(decoded(record))) {
            closed.push_back(std::move(episode));
        }
    }
    return closed;
}

std::vector<Episode> feed(EpisodeMachine &machine, Stream &stream)
{
    std::vector<Episode> closed = feed(machine, stream.records());
    stream.records().clear();
    return closed;
}

// Brings an episode into each phase by the shortest way.
Stream stream_up_to(Phase phase)
{
    Stream stream;
    stream.begin_episode(1);
    if (phase == Phase::closed) {
        return stream;
    }
    stream.begin(leaky());
    switch (phase) {
    case Phase::closed:
    case Phase::begun:
        break;
    case Phase::weighing:
        stream.candidate(leaky(), leaky_points);
        break;
    case Phase::chosen:
        stream.choice(leaky(), leaky_points, 1000);
        break;
    case Phase::killing:
        stream.kill(leaky(), WIRE_KILL_SIGNAL);
        break;
    case Phase::settling:
        stream.kill(leaky(), WIRE_KILL_SIGNAL).end(WIRE_OUTCOME_KILLED);
        break;
    case Phase::awaiting_aftermath:
        stream.kill(leaky(), WIRE_KILL_SIGNAL).end(WIRE_OUTCOME_KILLED).system_state();
        break;
    }
    return stream;
}

// The record that makes each input; those that are not records of the episode itself are left out.
const std::map<Input, std::function<void(Stream &)>> &records_of_inputs()
{
    static const std::map<Input, std::function<void(Stream &)>> records = {
        {Input::begin, [](Stream &stream) { stream.begin_episode(1).begin(leaky()); }},
        {Input::memory, [](Stream &stream) { stream.node(0, 100); }},
        {Input::candidate, [](Stream &stream) { stream.candidate(helper(), 5); }},
        {Input::choice, [](Stream &stream) { stream.choice(leaky(), 5, 1000); }},
        {Input::kill, [](Stream &stream) { stream.kill(leaky(), WIRE_KILL_MARK); }},
        {Input::end, [](Stream &stream) { stream.end(WIRE_OUTCOME_KILLED); }},
        {Input::late_kill, [](Stream &stream) { stream.late_kill(helper(), WIRE_KILL_MARK, WIRE_KILL_OOM_GROUP); }},
        {Input::reaper, [](Stream &stream) { stream.reaper(leaky(), WIRE_REAPER_WAKE); }},
        {Input::exit, [](Stream &stream) { stream.exit(bystander()); }},
        {Input::release, [](Stream &stream) { stream.released(bystander()); }},
        {Input::symbol, [](Stream &stream) { stream.symbol(1, "main"); }},
        {Input::system_state, [](Stream &stream) { stream.system_state(); }},
    };
    return records;
}

class EveryPair : public testing::TestWithParam<std::tuple<std::size_t, std::size_t>>
{
  protected:
    [[nodiscard]] Phase phase() const { return static_cast<Phase>(std::get<0>(GetParam())); }
    [[nodiscard]] Input input() const { return static_cast<Input>(std::get<1>(GetParam())); }
};

// The machine does in each phase, on each input, what the table says.
TEST_P(EveryPair, IsHandledAsTheTableSays)
{
    EpisodeMachine machine;
    Stream stream = stream_up_to(phase());
    ASSERT_THAT(feed(machine, stream), IsEmpty());
    ASSERT_EQ(machine.phase_of(1), phase());
    const auto [next, action] = transition(phase(), input());
    const EpisodeCounters before = machine.counters();

    std::vector<Episode> closed;
    if (const auto record = records_of_inputs().find(input()); record != records_of_inputs().end()) {
        record->second(stream);
        closed = feed(machine, stream);
    } else if (input() == Input::newer_begin) {
        stream.begin_episode(2).begin(helper());
        closed = feed(machine, stream);
    } else if (input() == Input::deadline) {
        if (const auto due = machine.next_deadline_ns()) {
            stream.at(*due);
        }
        stream.clock();
        closed = feed(machine, stream);
    } else {
        closed = machine.finish(ClosedBy::stream_end);
    }

    if (next == Phase::awaiting_aftermath && phase() < Phase::killing) {
        // Nothing was killed, so that there is nothing to await either.
        ASSERT_THAT(closed, SizeIs(1));
        EXPECT_EQ(closed.front().closed_by, ClosedBy::settled);
        EXPECT_EQ(machine.phase_of(1), Phase::closed);
        return;
    }
    EXPECT_EQ(machine.phase_of(1), next);
    switch (action) {
    case Action::ignore:
        EXPECT_THAT(closed, IsEmpty());
        break;
    case Action::open:
        EXPECT_THAT(closed, IsEmpty());
        EXPECT_EQ(machine.counters().salvaged, before.salvaged);
        break;
    case Action::reopen:
        ASSERT_THAT(closed, SizeIs(1));
        EXPECT_EQ(closed.front().closed_by, ClosedBy::stale_twin);
        EXPECT_EQ(machine.counters().purged, before.purged + 1);
        break;
    case Action::salvage:
        EXPECT_EQ(machine.counters().salvaged, before.salvaged + 1);
        break;
    case Action::orphan:
        EXPECT_EQ(machine.counters().orphans, before.orphans + 1);
        EXPECT_EQ(machine.open_episodes(), 0U);
        break;
    case Action::store:
    case Action::store_misplaced: {
        EXPECT_THAT(closed, IsEmpty());
        const std::vector<Episode> rest = machine.finish(ClosedBy::stream_end);
        ASSERT_THAT(rest, SizeIs(1));
        EXPECT_EQ(rest.front().out_of_order, action == Action::store_misplaced);
        break;
    }
    case Action::close_capture:
    case Action::give_up_waiting:
        EXPECT_THAT(closed, IsEmpty());
        break;
    case Action::close:
        EXPECT_THAT(closed, SizeIs(1));
        break;
    }
}

INSTANTIATE_TEST_SUITE_P(Table, EveryPair,
                         testing::Combine(testing::Range<std::size_t>(0, phase_count),
                                          testing::Range<std::size_t>(0, input_count)),
                         [](const auto &pair) {
                             return std::string(name_of(static_cast<Phase>(std::get<0>(pair.param)))) + "_" +
                                    std::string(name_of(static_cast<Input>(std::get<1>(pair.param))));
                         });

TEST(EpisodeMachine, CostsNothingWhileNothingIsOpen)
{
    EpisodeMachine machine;
    EXPECT_EQ(machine.next_deadline_ns(), std::nullopt);
    Stream stream = memcg_episode_fentry();
    EXPECT_THAT(feed(machine, stream), SizeIs(1));
    EXPECT_EQ(machine.next_deadline_ns(), std::nullopt);
    EXPECT_EQ(machine.open_episodes(), 0U);
}

TEST(EpisodeMachine, ClosesAtOnceWhenNothingWasKilled)
{
    EpisodeMachine machine;
    Stream stream;
    stream.begin_episode(1).begin(leaky()).end(WIRE_OUTCOME_NO_VICTIM);
    EXPECT_THAT(feed(machine, stream), IsEmpty());
    EXPECT_EQ(machine.next_deadline_ns(), stream.now_ns() - Stream::step_ns + 500 * millisecond); // for the collector's record
    stream.system_state();
    const std::vector<Episode> closed = feed(machine, stream);
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed.front().closed_by, ClosedBy::settled);
}

TEST(EpisodeMachine, WaitsForTheCollectorOnlySoLong)
{
    EpisodeMachine machine;
    Stream stream;
    stream.begin_episode(1).begin(leaky()).end(WIRE_OUTCOME_NO_VICTIM).symbol(1, "x");
    const std::uint64_t last = stream.now_ns() - Stream::step_ns;
    EXPECT_THAT(feed(machine, stream.at(last + 500 * millisecond - 1).clock()), IsEmpty());
    const std::vector<Episode> closed = feed(machine, stream.at(last + 500 * millisecond).clock());
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_FALSE(closed.front().system);
}

// The collector may itself have been stopped by the OOM; its record counts however late it is, if it is the next one.
TEST(EpisodeMachine, TakesALateSystemStateBeforeItsDeadline)
{
    EpisodeMachine machine;
    Stream stream;
    stream.begin_episode(1).begin(leaky()).end(WIRE_OUTCOME_NO_VICTIM).after(9 * second).system_state();
    const std::vector<Episode> closed = feed(machine, stream);
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_TRUE(closed.front().system);
}

TEST(EpisodeMachine, EndsACaptureThatNeverCloses)
{
    EpisodeMachine machine;
    Stream stream;
    stream.begin_episode(1).begin(leaky()).candidate(leaky(), 5);
    const std::uint64_t last = stream.now_ns() - Stream::step_ns;
    EXPECT_THAT(feed(machine, stream), IsEmpty());
    EXPECT_EQ(machine.next_deadline_ns(), last + 30 * second);
    EXPECT_THAT(feed(machine, stream.at(last + 30 * second - 1).clock()), IsEmpty());
    const std::vector<Episode> closed = feed(machine, stream.at(last + 30 * second).clock());
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed.front().closed_by, ClosedBy::capture_deadline);
    EXPECT_EQ(machine.counters().expired, 1U);
}

TEST(EpisodeMachine, KnowsFromANewerBeginThatAClosingRecordWasLost)
{
    EpisodeMachine machine;
    Stream stream;
    stream.begin_episode(1).begin(leaky()).kill(leaky(), WIRE_KILL_SIGNAL).begin_episode(2).begin(helper());
    EXPECT_THAT(feed(machine, stream), IsEmpty());
    EXPECT_EQ(machine.phase_of(1), Phase::awaiting_aftermath);
    stream.begin_episode(1).released(leaky()).exit(leaky());
    EXPECT_THAT(feed(machine, stream), SizeIs(1));
    EXPECT_EQ(machine.phase_of(2), Phase::begun);
}

class Aftermath : public testing::Test
{
  protected:
    Aftermath()
    {
        stream_.begin_episode(1)
            .begin(leaky())
            .kill(leaky(), WIRE_KILL_SIGNAL)
            .kill(leaky(), WIRE_KILL_MARK)
            .end(WIRE_OUTCOME_KILLED)
            .system_state();
        EXPECT_THAT(feed(machine_, stream_), IsEmpty());
        last_kill_ns_ = stream_.now_ns() - 3 * Stream::step_ns;
        last_sign_ns_ = stream_.now_ns() - Stream::step_ns;
    }

    // 4 us for each of leaky()'s 40,100 pages.
    static constexpr std::uint64_t patience_ = 5 * second + 160'400'000;

    EpisodeMachine machine_;
    Stream stream_;
    std::uint64_t last_kill_ns_ = 0, last_sign_ns_ = 0;
};

TEST_F(Aftermath, EndsWithReleaseAndExitInEitherOrder)
{
    EXPECT_THAT(feed(machine_, stream_.released(leaky())), IsEmpty());
    const std::vector<Episode> closed = feed(machine_, stream_.exit(leaky()));
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed.front().closed_by, ClosedBy::settled);
}

TEST_F(Aftermath, WaitsForTheReleaseAfterTheExit)
{
    stream_.after(4 * second).exit(leaky());
    const std::uint64_t exit_ns = stream_.now_ns() - Stream::step_ns;
    EXPECT_THAT(feed(machine_, stream_), IsEmpty());
    EXPECT_EQ(machine_.next_deadline_ns(), exit_ns + patience_);
    const std::vector<Episode> closed = feed(machine_, stream_.after(4 * second).released(leaky()));
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed.front().closed_by, ClosedBy::settled);
}

TEST_F(Aftermath, IsNotOverWhileOtherThreadsLive)
{
    stream_.exit(leaky(), [](wire_exit &wire) { wire.threads_left = 3; });
    EXPECT_THAT(feed(machine_, stream_.after(second).clock()), IsEmpty());
}

TEST_F(Aftermath, GivesUpFiveSecondsAfterTheLastSignOfLife)
{
    EXPECT_EQ(machine_.next_deadline_ns(), last_sign_ns_ + patience_);
    EXPECT_THAT(feed(machine_, stream_.at(last_sign_ns_ + patience_ - 1).clock()), IsEmpty());
    const std::vector<Episode> closed = feed(machine_, stream_.at(last_sign_ns_ + patience_).clock());
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed.front().closed_by, ClosedBy::aftermath_deadline);
    EXPECT_THAT(feed(machine_, stream_.exit(leaky())), IsEmpty());
    EXPECT_EQ(machine_.counters().late, 1U);
    EXPECT_EQ(machine_.counters().orphans, 0U);
}

TEST_F(Aftermath, GivesUpThirtySecondsAfterTheLastKillWhateverShowsLife)
{
    while (stream_.now_ns() + 4 * second < last_kill_ns_ + 30 * second) {
        EXPECT_THAT(feed(machine_, stream_.after(4 * second).reaper(leaky(), WIRE_REAPER_WAKE)), IsEmpty());
    }
    EXPECT_EQ(machine_.next_deadline_ns(), last_kill_ns_ + 30 * second);
    const std::vector<Episode> closed = feed(machine_, stream_.at(last_kill_ns_ + 30 * second).clock());
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed.front().closed_by, ClosedBy::aftermath_deadline);
}

TEST_F(Aftermath, WaitsLongerForALargeProcess)
{
    const Task large = Task(300, "large").mm(0x300).anon(1'000'000).file(500'000).shmem(-4);
    stream_.late_kill(large, WIRE_KILL_MARK, WIRE_KILL_OOM_GROUP);
    const std::uint64_t kill_ns = stream_.now_ns() - Stream::step_ns;
    EXPECT_THAT(feed(machine_, stream_), IsEmpty());
    EXPECT_EQ(machine_.next_deadline_ns(), kill_ns + 11 * second); // 4 us for each of 1.5 million pages
}

TEST_F(Aftermath, WaitsForEveryKilledProcess)
{
    stream_.late_kill(helper(), WIRE_KILL_MARK, WIRE_KILL_OOM_GROUP).released(leaky()).exit(leaky());
    EXPECT_THAT(feed(machine_, stream_.after(second).clock()), IsEmpty());
    EXPECT_THAT(feed(machine_, stream_.released(helper()).exit(helper())), SizeIs(1));
}

TEST_F(Aftermath, TakesOneReleaseForAllThatShareTheMm)
{
    const Task sharer = Task(200, "sharer").mm(leaky().memory().mm);
    stream_.late_kill(sharer, WIRE_KILL_SIGNAL, WIRE_KILL_SHARES_MM).exit(sharer).exit(leaky());
    EXPECT_THAT(feed(machine_, stream_), IsEmpty());
    EXPECT_THAT(feed(machine_, stream_.released(leaky())), SizeIs(1));
}

TEST_F(Aftermath, CountsAKillThatComesAfterItsRelease)
{
    const Task sharer = Task(200, "sharer").mm(leaky().memory().mm);
    stream_.released(leaky()).exit(sharer).late_kill(sharer, WIRE_KILL_SIGNAL, WIRE_KILL_SHARES_MM).exit(leaky());
    EXPECT_THAT(feed(machine_, stream_), SizeIs(1));
}

// BPF follows it for the first OOM that killed it, here as the sharer of that one's victim.
TEST_F(Aftermath, OfAProcessThatTwoOomsHaveKilledIsOfBoth)
{
    const Task sharer = Task(200, "sharer").mm(leaky().memory().mm);
    stream_.late_kill(sharer, WIRE_KILL_SIGNAL, WIRE_KILL_SHARES_MM).exit(leaky());
    stream_.begin_episode(2).begin(helper()).kill(sharer, WIRE_KILL_MARK).end(WIRE_OUTCOME_ALREADY_DYING).system_state();
    EXPECT_THAT(feed(machine_, stream_.begin_episode(1).reaper(sharer, WIRE_REAPER_WAKE).exit(sharer)), IsEmpty());
    const auto rescans = [](wire_mm_released &wire) { wire.rescans = 3; };
    const std::vector<Episode> closed = feed(machine_, stream_.released(leaky(), rescans));
    ASSERT_THAT(closed, SizeIs(2));
    for (const Episode &episode : closed) {
        EXPECT_EQ(episode.closed_by, ClosedBy::settled) << episode.id;
        EXPECT_THAT(episode.reaper, SizeIs(1)) << episode.id;
        ASSERT_THAT(episode.exits, SizeIs(episode.id == 1 ? 2 : 1));
        EXPECT_EQ(episode.exits.back().body.tgid, 200U) << episode.id;
        EXPECT_EQ(episode.exits.back().header.episode, episode.id);
        ASSERT_THAT(episode.releases, SizeIs(1)) << episode.id;
        EXPECT_EQ(episode.releases.front().body.rescans, episode.id == 1 ? 3U : 0U); // counted once
        EXPECT_TRUE(episode.fates.killed(episode.releases.front().body.tgid)) << episode.id;
    }
}

// Also where the first has been given up meanwhile.
TEST_F(Aftermath, OfAProcessThatTwoOomsHaveKilledOutlivesTheFirst)
{
    ASSERT_THAT(feed(machine_, stream_.at(last_sign_ns_ + patience_).clock()), SizeIs(1));
    stream_.begin_episode(2).begin(helper()).kill(leaky(), WIRE_KILL_MARK).end(WIRE_OUTCOME_ALREADY_DYING).system_state();
    const std::vector<Episode> closed = feed(machine_, stream_.begin_episode(1).exit(leaky()).released(leaky()));
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed.front().id, 2U);
    EXPECT_EQ(closed.front().closed_by, ClosedBy::settled);
}

TEST_F(Aftermath, OfOneProcessIsNotThatOfAnother)
{
    stream_.begin_episode(2).begin(helper()).kill(helper(), WIRE_KILL_MARK).end(WIRE_OUTCOME_KILLED).system_state();
    const std::vector<Episode> closed = feed(machine_, stream_.exit(helper()).released(helper()));
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed.front().id, 2U);
    EXPECT_THAT(feed(machine_, stream_.begin_episode(1).released(leaky()).exit(leaky())), SizeIs(1));
}

TEST_F(Aftermath, EndsWithTheStream)
{
    const std::vector<Episode> closed = feed(machine_, stream_.stream_end());
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed.front().closed_by, ClosedBy::stream_end);
}

// The tracepoint method closes its capture at the first mark; members of the group follow.
TEST(EpisodeMachine, HoldsATracepointEpisodeOpenForLaterKills)
{
    EpisodeMachine machine;
    Stream stream;
    stream.begin_episode(1).begin(leaky(), 0, [](wire_invocation_begin &wire) { wire.attach_method = WIRE_ATTACH_TRACEPOINT; });
    stream.kill(leaky(), WIRE_KILL_MARK, WIRE_KILL_CHOSEN, [](wire_kill &wire) { wire.oom_group_id = 7; });
    stream.end(WIRE_OUTCOME_UNKNOWN, [](wire_invocation_end &wire) { wire.walk_stop = WIRE_WALK_COMPLETE; });
    const std::uint64_t end_ns = stream.now_ns() - Stream::step_ns;
    stream.system_state().released(leaky()).exit(leaky());
    EXPECT_THAT(feed(machine, stream), IsEmpty());
    EXPECT_EQ(machine.next_deadline_ns(), end_ns + 200 * millisecond);
    stream.late_kill(helper(), WIRE_KILL_MARK, WIRE_KILL_OOM_GROUP).released(helper()).exit(helper());
    EXPECT_THAT(feed(machine, stream), IsEmpty());
    const std::vector<Episode> closed = feed(machine, stream.after(200 * millisecond).clock());
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_THAT(closed.front().kills, SizeIs(2));
}

TEST(EpisodeMachine, CountsOrphans)
{
    EpisodeMachine machine;
    Stream stream;
    stream.begin_episode(9).exit(leaky()).released(leaky()).system_state();
    stream.begin_episode(0).candidate(leaky(), 1);
    EXPECT_THAT(feed(machine, stream), IsEmpty());
    EXPECT_EQ(machine.counters().orphans, 4U);
    EXPECT_EQ(machine.open_episodes(), 0U);
}

TEST(EpisodeMachine, SalvagesAnEpisodeWhoseBeginWasLostButNotAStraggler)
{
    EpisodeMachine machine;
    Stream stream;
    stream.begin_episode(5).candidate(leaky(), 1);
    feed(machine, stream);
    EXPECT_EQ(machine.counters().salvaged, 1U);
    EXPECT_EQ(machine.phase_of(5), Phase::weighing);
    stream.begin_episode(4).candidate(leaky(), 1);
    feed(machine, stream);
    EXPECT_EQ(machine.counters().orphans, 1U);
    EXPECT_EQ(machine.phase_of(4), Phase::closed);
}

TEST(EpisodeMachine, IgnoresDuplicatesAndRemembersThem)
{
    EpisodeMachine machine;
    std::vector<Bytes> records = memcg_episode_fentry().records();
    records.insert(records.begin() + 9, records[9]);
    const std::vector<Episode> closed = feed(machine, records);
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed.front().duplicates, 1U);
    EXPECT_THAT(closed.front().candidates, SizeIs(4));
    EXPECT_EQ(machine.counters().duplicates, 1U);
}

TEST(EpisodeMachine, BoundsTheOpenEpisodes)
{
    EpisodeMachine machine({.open_episodes = 3});
    Stream stream;
    for (std::uint64_t id = 1; id <= 3; id++) {
        stream.begin_episode(id).begin(leaky()).kill(leaky(), WIRE_KILL_MARK).end(WIRE_OUTCOME_KILLED).system_state();
    }
    EXPECT_THAT(feed(machine, stream), IsEmpty());
    const std::vector<Episode> closed = feed(machine, stream.begin_episode(4).begin(leaky()));
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed.front().id, 1U);
    EXPECT_EQ(closed.front().closed_by, ClosedBy::too_many_open);
    EXPECT_EQ(machine.open_episodes(), 3U);
    EXPECT_EQ(machine.counters().evicted, 1U);
}

TEST(EpisodeMachine, BoundsTheRecordsOfAnEpisode)
{
    EpisodeMachine machine({.records_per_episode = 4});
    Stream stream;
    stream.begin_episode(1).begin(leaky());
    for (int task = 0; task < 10; task++) {
        stream.candidate(leaky(), 1);
    }
    feed(machine, stream);
    const std::vector<Episode> closed = machine.finish(ClosedBy::stream_end);
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_THAT(closed.front().candidates, SizeIs(3));
    EXPECT_EQ(closed.front().beyond_bound, 7U);
}

TEST(EpisodeMachine, CountsAnAbortedScanInTheEpisodeThatItWaitsFor)
{
    EpisodeMachine machine;
    Stream stream;
    const auto aborted_by = [](std::uint64_t tgid) {
        return [tgid](wire_invocation_end &wire) { wire.aborted_by_tgid = tgid; };
    };
    stream.begin_episode(1).begin(leaky()).kill(leaky(), WIRE_KILL_MARK).end(WIRE_OUTCOME_KILLED).system_state();
    stream.begin_episode(2).begin(helper()).candidate(leaky(), 1).end(WIRE_OUTCOME_ABORTED, aborted_by(100)).system_state();
    stream.begin_episode(3).begin(helper()).end(WIRE_OUTCOME_ABORTED, aborted_by(555)).system_state();
    stream.begin_episode(4).begin(helper()).end(WIRE_OUTCOME_ABORTED).system_state();
    std::vector<Episode> closed = feed(machine, stream);
    ASSERT_THAT(closed, SizeIs(2)); // a victim that nobody saw killed, and one that was not named
    EXPECT_EQ(closed[0].id, 3U);
    EXPECT_EQ(closed[1].id, 4U);
    EXPECT_EQ(machine.counters().coalesced, 1U);
    EXPECT_EQ(machine.counters().orphans, 0U);
    EXPECT_EQ(machine.counters().late, 1U); // the collector's record about the episode that is gone
    closed = machine.finish(ClosedBy::stream_end);
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed.front().coalesced_scans, 1U);
}

TEST(EpisodeMachine, SurvivesTimesAtTheEndOfTheRange)
{
    EpisodeMachine machine;
    Stream stream;
    stream.begin_episode(1).at(~0ULL - 2).begin(leaky()).at(5).kill(leaky(), WIRE_KILL_MARK);
    feed(machine, stream);
    EXPECT_EQ(machine.finish(ClosedBy::truncation).size() + machine.counters().expired, 1U);
}

} // namespace
} // namespace oomtrace::test
