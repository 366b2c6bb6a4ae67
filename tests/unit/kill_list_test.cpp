// SPDX-License-Identifier: Apache-2.0
//
// Who was killed, why, what became of them and what came back; and the timeline of it.
#include "reconstruct/kill_list.h"

#include <gmock/gmock.h>

#include "support/canned_episodes.h"
#include "support/replay.h"

namespace oomtrace::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Stream begun()
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky(), app_id);
    add_memcgs(stream);
    add_memory(stream);
    return stream;
}

TEST(KillList, MergesSignalAndMarkOfAProcess)
{
    Stream stream = begun();
    stream.choice(leaky(), 9, 1000)
        .kill(leaky().anon(41'000), WIRE_KILL_SIGNAL)
        .kill(leaky().pid(108), WIRE_KILL_MARK)
        .end(WIRE_OUTCOME_KILLED)
        .system_state();
    const Incident incident = replay_one(stream);
    ASSERT_THAT(incident.kills, SizeIs(1));
    const KilledProcess &kill = incident.kills.front();
    EXPECT_TRUE(kill.signalled && kill.marked);
    EXPECT_EQ(kill.why, KillWhy::chosen);
    EXPECT_EQ(kill.process.pid, 108U); // the thread that the kernel marked
    EXPECT_EQ(kill.process.tgid, 100U);
    EXPECT_EQ(kill.memory->rss_anon_bytes, 40'000U * 4096); // the sizes at the mark
    EXPECT_EQ(*kill.marked_ns - *kill.signalled_ns, Stream::step_ns);
    EXPECT_EQ(incident.outcome, Outcome::killed);
    EXPECT_EQ(incident.victim->memory.rss_anon_bytes, 40'000U * 4096);
    EXPECT_EQ(incident.provenance.victim.note, "");
}

TEST(KillList, HoldsEveryMemberOfAGroup)
{
    Stream stream = begun();
    stream.choice(leaky(), 9, 1000);
    const auto in_group = [](wire_kill &wire) { wire.oom_group_id = web_id; };
    stream.kill(leaky(), WIRE_KILL_SIGNAL, WIRE_KILL_CHOSEN, in_group)
        .kill(leaky(), WIRE_KILL_MARK, WIRE_KILL_CHOSEN, in_group);
    // The kernel goes over the whole group afterwards, the victim included.
    stream.kill(leaky().anon(3), WIRE_KILL_SIGNAL, WIRE_KILL_OOM_GROUP, in_group);
    stream.kill(leaky().anon(2), WIRE_KILL_MARK, WIRE_KILL_OOM_GROUP, in_group);
    stream.kill(helper(), WIRE_KILL_SIGNAL, WIRE_KILL_OOM_GROUP, in_group);
    stream.kill(helper(), WIRE_KILL_MARK, WIRE_KILL_OOM_GROUP, in_group);
    stream.end(WIRE_OUTCOME_KILLED).system_state();
    stream.released(leaky()).exit(leaky()).released(helper()).exit(helper());
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.outcome, Outcome::group_kill);
    ASSERT_THAT(incident.kills, SizeIs(2));
    EXPECT_EQ(incident.kills[0].why, KillWhy::chosen);
    EXPECT_EQ(incident.kills[1].process.comm, "helper");
    EXPECT_EQ(incident.kills[1].why, KillWhy::oom_group);
    EXPECT_EQ(incident.after.returned_bytes, (40'100U + 5'000U) * 4096);
}

TEST(KillList, OfAGroupOfOneIsNoGroupKill)
{
    Stream stream = begun();
    stream.choice(leaky(), 9, 1000).kill(leaky(), WIRE_KILL_MARK, WIRE_KILL_CHOSEN, [](wire_kill &wire) {
        wire.oom_group_id = web_id;
    });
    stream.end(WIRE_OUTCOME_KILLED).system_state();
    EXPECT_EQ(replay_one(stream).outcome, Outcome::killed);
}

TEST(KillList, TakesTracepointGroupMembersAfterTheClosingRecord)
{
    Stream stream = memcg_episode_tracepoint();
    // Before the aftermath: release, exit and the end of the stream are the last three.
    std::vector<Bytes> tail(stream.records().end() - 3, stream.records().end());
    stream.records().resize(stream.records().size() - 3);
    stream.late_kill(helper(), WIRE_KILL_MARK, WIRE_KILL_OOM_GROUP).released(helper()).exit(helper());
    stream.records().insert(stream.records().end(), tail.begin(), tail.end());
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.outcome, Outcome::group_kill);
    EXPECT_THAT(incident.kills, SizeIs(2));
    EXPECT_TRUE(incident.completeness.complete);
}

TEST(KillList, CountsSharedMemoryOnce)
{
    const Task sharer = Task(200, "sharer").memcg(web_id).mm(leaky().memory().mm).anon(40'000).file(100);
    Stream stream = begun();
    stream.choice(leaky(), 9, 1000)
        .kill(leaky(), WIRE_KILL_SIGNAL)
        .kill(leaky(), WIRE_KILL_MARK)
        .kill(sharer, WIRE_KILL_SIGNAL, WIRE_KILL_SHARES_MM)
        .end(WIRE_OUTCOME_KILLED)
        .system_state();
    stream.exit(leaky()).released(leaky()).exit(sharer);
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.outcome, Outcome::killed);
    ASSERT_THAT(incident.kills, SizeIs(2));
    EXPECT_EQ(incident.kills[1].why, KillWhy::shares_mm);
    EXPECT_FALSE(incident.kills[1].marked);
    EXPECT_TRUE(incident.kills[1].released_ns);
    EXPECT_FALSE(incident.kills[1].returned_bytes);
    EXPECT_EQ(incident.after.returned_bytes, 40'100U * 4096);
    EXPECT_THAT(incident.completeness.missing, IsEmpty());
}

TEST(KillList, CallsAMarkWithoutASignalAlreadyExiting)
{
    Stream stream = begun();
    stream.kill(leaky(), WIRE_KILL_MARK).end(WIRE_OUTCOME_ALREADY_DYING).system_state();
    add_aftermath(stream);
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.outcome, Outcome::victim_already_dying);
    ASSERT_THAT(incident.kills, SizeIs(1));
    EXPECT_EQ(incident.kills.front().why, KillWhy::already_exiting);
    ASSERT_TRUE(incident.victim);
    EXPECT_FALSE(incident.victim->points);
    EXPECT_EQ(incident.victim->points_source, PointsSource::absent);
    EXPECT_THAT(incident.completeness.missing, IsEmpty());
}

TEST(KillList, MeasuresTheReaperAndTheAftermath)
{
    Stream stream = begun();
    const std::uint64_t invoked = Stream::start_ns + Stream::step_ns;
    stream.choice(leaky(), 9, 1000).kill(leaky(), WIRE_KILL_SIGNAL).kill(leaky(), WIRE_KILL_MARK).end(WIRE_OUTCOME_KILLED);
    stream.system_state();
    stream.at(invoked + 2'000).reaper(leaky(), WIRE_REAPER_WAKE).reaper(leaky(), WIRE_REAPER_START);
    stream.at(invoked + 9'000'000).reaper(leaky().anon(1'000).file(90), WIRE_REAPER_FINISH);
    stream.at(invoked + 20'000'000).released(leaky(), [](wire_mm_released &wire) {
        wire.rescans = 3;
        wire.memcg_id = app_id;
        wire.memcg_usage = 12;
    });
    stream.at(invoked + 21'000'000).exit(leaky());
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.monotonic_ns, invoked);
    EXPECT_EQ(incident.kills.front().reaped_bytes, (40'100U - 1'090U) * 4096);
    EXPECT_EQ(incident.kills.front().returned_bytes, 40'100U * 4096);
    const KilledProcess::Reaper &reaper = incident.kills.front().reaper;
    EXPECT_EQ(reaper.woken_ns, invoked + 2'000);
    EXPECT_EQ(reaper.started_ns, invoked + 2'000 + Stream::step_ns);
    EXPECT_EQ(reaper.finished_ns, invoked + 9'000'000);
    EXPECT_FALSE(reaper.skipped_ns);
    EXPECT_EQ(incident.after.rescans, 3U);
    EXPECT_EQ(incident.after.memcg_usage_after_bytes, 12U * 4096);
    EXPECT_EQ(incident.after.to_reap_ns, 9'000'000U);
    EXPECT_EQ(incident.after.to_release_ns, 20'000'000U);
    EXPECT_EQ(incident.after.to_exit_ns, 21'000'000U);
    EXPECT_EQ(incident.after.to_choice_ns, 7U * Stream::step_ns);
    EXPECT_EQ(incident.after.to_kill_ns, 8U * Stream::step_ns);
    EXPECT_THAT(incident.completeness.missing, IsEmpty());
}

TEST(KillList, SaysThatTheReaperSkippedIt)
{
    Stream stream = begun();
    stream.choice(leaky(), 9, 1000).kill(leaky(), WIRE_KILL_SIGNAL).kill(leaky(), WIRE_KILL_MARK).end(WIRE_OUTCOME_KILLED);
    stream.system_state();
    const std::uint64_t woken = stream.now_ns();
    stream.reaper(leaky(), WIRE_REAPER_WAKE).reaper(leaky(), WIRE_REAPER_SKIP).reaper(leaky(), WIRE_REAPER_SKIP);
    stream.released(leaky()).exit(leaky());
    const Incident incident = replay_one(stream);
    const KilledProcess::Reaper &reaper = incident.kills.front().reaper;
    EXPECT_EQ(reaper.woken_ns, woken);
    EXPECT_FALSE(reaper.started_ns || reaper.finished_ns);
    EXPECT_EQ(reaper.skipped_ns, woken + Stream::step_ns); // the first of its tries
    EXPECT_FALSE(incident.kills.front().reaped_bytes || incident.after.to_reap_ns);
}

TEST(KillList, DoesNotTakeAnotherCgroupsUsageForThatOfTheLimit)
{
    Stream stream = begun();
    stream.kill(leaky(), WIRE_KILL_MARK).end(WIRE_OUTCOME_KILLED).system_state();
    stream.released(leaky(), [](wire_mm_released &wire) {
        wire.memcg_id = web_id;
        wire.memcg_usage = 12;
    });
    EXPECT_FALSE(replay_one(stream.exit(leaky())).after.memcg_usage_after_bytes);
}

TEST(KillList, KeepsWhatWasNotSeenAbsent)
{
    Stream stream = begun();
    stream.choice(leaky(), 9, 1000).kill(leaky().no_mm(), WIRE_KILL_SIGNAL).end(WIRE_OUTCOME_KILLED).system_state();
    const Incident incident = replay_one(stream.stream_end());
    const KilledProcess &kill = incident.kills.at(0);
    EXPECT_FALSE(kill.memory || kill.exited_ns || kill.released_ns || kill.returned_bytes || kill.reaped_bytes ||
                 kill.marked_ns);
    EXPECT_FALSE(incident.after.to_exit_ns || incident.after.to_release_ns || incident.after.to_reap_ns ||
                 incident.after.returned_bytes || incident.after.memcg_usage_after_bytes);
    EXPECT_EQ(incident.provenance.after.source, Source::absent);
    EXPECT_THAT(incident.completeness.missing,
                ElementsAre("the exit of 100 (leaky)", "the release of the memory of 100 (leaky)"));
    EXPECT_THAT(incident.provenance.victim.note, testing::HasSubstr("mark_oom_victim"));
}

TEST(Timeline, IsInOrderAndRelativeToTheInvocation)
{
    const Incident incident = replay_one(memcg_episode_fentry());
    std::vector<TimelineEvent> events;
    for (const TimelineEntry &entry : incident.timeline) {
        events.push_back(entry.event);
        EXPECT_EQ(entry.monotonic_ns - incident.monotonic_ns, static_cast<std::uint64_t>(entry.since_invocation_ns));
    }
    EXPECT_THAT(events, ElementsAre(TimelineEvent::invoked, TimelineEvent::scan_began, TimelineEvent::chosen,
                                    TimelineEvent::signalled, TimelineEvent::marked, TimelineEvent::capture_closed,
                                    TimelineEvent::memory_released, TimelineEvent::exited));
    EXPECT_EQ(incident.timeline.front().since_invocation_ns, 0);
    EXPECT_EQ(incident.timeline.back().tgid, 100U);
    EXPECT_EQ(incident.timeline.back().comm, "leaky");
}

// The walk at the mark is the tracer's own, the kernel's scan was over by then.
TEST(Timeline, ShowsNoScanWhereNoneWasSeen)
{
    for (const TimelineEntry &entry : replay_one(memcg_episode_tracepoint()).timeline) {
        EXPECT_NE(entry.event, TimelineEvent::scan_began);
        EXPECT_NE(entry.event, TimelineEvent::chosen);
    }
}

TEST(Timeline, SaysWhetherTheTracerStoppedOrADeadlinePassed)
{
    Stream stream = begun();
    stream.kill(leaky(), WIRE_KILL_MARK).end(WIRE_OUTCOME_KILLED).system_state();
    Stream stopped = stream;
    EXPECT_EQ(replay_one(stopped.stream_end()).timeline.back().event, TimelineEvent::tracer_stopped);
    const Incident late = replay_one(stream.after(6'000'000'000).clock());
    EXPECT_EQ(late.timeline.back().event, TimelineEvent::deadline);
    EXPECT_EQ(late.timeline.back().monotonic_ns, stream.now_ns() - Stream::step_ns);
}

} // namespace
} // namespace oomtrace::test
