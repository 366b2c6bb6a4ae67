// SPDX-License-Identifier: Apache-2.0
//
// The whole way from wire records to an incident, on whole streams.
#include "reconstruct/reconstructor.h"

#include <algorithm>
#include <random>
#include <string>

#include <gmock/gmock.h>

#include "support/canned_episodes.h"
#include "support/replay.h"

namespace oomtrace::test
{
namespace
{

using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string text_of(const std::vector<std::string> &lines)
{
    std::string text;
    for (const std::string &line : lines) {
        text += line + "\n";
    }
    return text;
}

TEST(Reconstructor, MakesACompleteIncidentOfAMemcgKill)
{
    const std::vector<Incident> incidents = replay(memcg_episode_fentry());
    ASSERT_THAT(incidents, SizeIs(1));
    const Incident &incident = incidents.front();
    EXPECT_THAT(incident.completeness.missing, IsEmpty()) << text_of(incident.completeness.missing);
    EXPECT_TRUE(incident.completeness.complete);
    EXPECT_EQ(incident.outcome, Outcome::killed);
    EXPECT_EQ(incident.scope, Scope::memcg);
    EXPECT_EQ(incident.total_pages, app_max_pages);
    EXPECT_EQ(incident.memcg.path, "/app");
    EXPECT_EQ(incident.memcg.limit_bytes, app_max_pages * 4096);
    ASSERT_TRUE(incident.victim);
    EXPECT_EQ(incident.victim->process.comm, "leaky");
    EXPECT_EQ(incident.victim->process.cgroup, "/app/web");
    EXPECT_EQ(incident.victim->points, leaky_points);
    ASSERT_TRUE(incident.victim->runner_up);
    EXPECT_EQ(incident.victim->runner_up->comm, "helper");
    EXPECT_EQ(incident.victim->runner_up->margin_points, leaky_points - helper_points);
    EXPECT_EQ(incident.scores.matched, 4U);
    EXPECT_EQ(incident.scores.mismatched, 0U);
    ASSERT_THAT(incident.kills, SizeIs(1));
    EXPECT_EQ(incident.after.returned_bytes, 40'100U * 4096);
}

TEST(Reconstructor, MakesTheSameIncidentOfATracepointStream)
{
    const std::vector<Incident> incidents = replay(memcg_episode_tracepoint());
    ASSERT_THAT(incidents, SizeIs(1));
    const Incident &incident = incidents.front();
    EXPECT_THAT(incident.completeness.missing, IsEmpty()) << text_of(incident.completeness.missing);
    EXPECT_EQ(incident.outcome, Outcome::killed);
    EXPECT_EQ(incident.scope, Scope::memcg);
    EXPECT_EQ(incident.memcg.path, "/app");
    EXPECT_EQ(incident.total_pages, app_max_pages);
    ASSERT_TRUE(incident.victim);
    EXPECT_EQ(incident.victim->points, leaky_points);
    EXPECT_EQ(incident.victim->points_source, PointsSource::recomputed);
    ASSERT_TRUE(incident.victim->runner_up);
    EXPECT_EQ(incident.victim->runner_up->comm, "helper");
    EXPECT_EQ(incident.victim->runner_up->points, helper_points);
    ASSERT_THAT(incident.candidates, SizeIs(4));
    EXPECT_EQ(incident.completeness.tasks_seen, 5U);
}

// The habit of the whole tracer: take any one record of an incident away, and the incident says that something is missing.
class OneRecordLess : public testing::TestWithParam<Stream (*)()>
{
};

TEST_P(OneRecordLess, IsSaidToBeIncomplete)
{
    const std::vector<Bytes> whole = GetParam()().records();
    // The last record ends the stream; a recording without it is an error of its source (recording_test).
    for (std::size_t index = 0; index + 1 < whole.size(); index++) {
        std::vector<Bytes> records = whole;
        const auto header = wire_of<wire_header>(records[index]);
        records.erase(records.begin() + static_cast<std::ptrdiff_t>(index));
        const std::vector<Incident> incidents = replay(records);
        ASSERT_THAT(incidents, SizeIs(1)) << "without record " << index << " of kind " << header.kind;
        EXPECT_FALSE(incidents.front().completeness.complete) << "without record " << index << " of kind " << header.kind;
        EXPECT_THAT(incidents.front().completeness.missing, Not(IsEmpty()));
    }
}

// Cut off anywhere, the stream still gives its incident, and the incident says that it is not all.
TEST_P(OneRecordLess, SoIsATruncatedStream)
{
    const std::vector<Bytes> whole = GetParam()().records();
    for (std::size_t length = 2; length + 1 < whole.size();
         length++) { // from the begin on, to before the last of the aftermath
        const std::vector<Incident> incidents = replay({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
        ASSERT_THAT(incidents, SizeIs(1)) << length;
        EXPECT_FALSE(incidents.front().completeness.complete) << length;
    }
}

// In any order the records are taken, nothing is lost twice, and whatever is not whole says so. Records without a number may
// change places unnoticed; then the incident holds the same facts as the original.
TEST_P(OneRecordLess, SoIsAShuffledStream)
{
    const Incident original = replay(GetParam()().records()).front();
    std::mt19937 random(3);
    for (int round = 0; round < 500; round++) {
        std::vector<Bytes> records = GetParam()().records();
        std::shuffle(records.begin(), records.end(), random);
        bool complete_seen = false;
        for (const Incident &incident : replay(records)) {
            if (!incident.completeness.complete) {
                continue;
            }
            EXPECT_FALSE(complete_seen);
            complete_seen = true;
            EXPECT_EQ(incident.outcome, original.outcome);
            EXPECT_EQ(incident.candidates.size(), original.candidates.size());
            EXPECT_EQ(incident.after.returned_bytes, original.after.returned_bytes);
        }
    }
}

// The same, but with the host's record, the begin and the closing record in place, so that the rest is really mixed.
TEST_P(OneRecordLess, SoIsAStreamShuffledWithinItsCapture)
{
    std::mt19937 random(4);
    for (int round = 0; round < 500; round++) {
        std::vector<Bytes> records = GetParam()().records();
        const auto end = std::ranges::find_if(
            records, [](const Bytes &record) { return wire_of<wire_header>(record).kind == WIRE_INVOCATION_END; });
        const std::vector<Bytes> before = records;
        std::shuffle(records.begin() + 2, end, random);
        const std::vector<Incident> incidents = replay(records);
        ASSERT_THAT(incidents, SizeIs(1));
        EXPECT_EQ(incidents.front().completeness.complete, records == before);
        EXPECT_THAT(incidents.front().kills, SizeIs(1));
    }
}

INSTANTIATE_TEST_SUITE_P(Streams, OneRecordLess, testing::Values(&memcg_episode_fentry, &memcg_episode_tracepoint),
                         [](const auto &stream) { return stream.param == &memcg_episode_fentry ? "fentry" : "tracepoint"; });

TEST(Reconstructor, GivesTheSameIncidentsForTheSameRecords)
{
    const Incident first = replay_one(memcg_episode_fentry());
    const Incident second = replay_one(memcg_episode_fentry());
    EXPECT_EQ(first.id, second.id);
    EXPECT_EQ(first.timeline.size(), second.timeline.size());
}

TEST(Reconstructor, KeepsManyEpisodesApart)
{
    Stream stream;
    stream.host();
    constexpr std::uint64_t count = 40;
    for (std::uint64_t id = 1; id <= count; id++) {
        const Task victim = Task(static_cast<std::uint32_t>(id), "victim" + std::to_string(id)).anon(10);
        stream.begin_episode(id).begin(victim).node(0, 10).zone(0, 2, "Normal").candidate(victim, 10).choice(victim, 10, 100);
        stream.kill(victim, WIRE_KILL_SIGNAL).kill(victim, WIRE_KILL_MARK).end(WIRE_OUTCOME_KILLED).system_state();
    }
    for (std::uint64_t id = count; id >= 1; id--) { // the first one killed takes longest
        const Task victim = Task(static_cast<std::uint32_t>(id), "v");
        stream.begin_episode(id).released(victim).exit(victim);
    }
    const std::vector<Incident> incidents = replay(stream);
    ASSERT_THAT(incidents, SizeIs(count));
    for (std::uint64_t index = 0; index < count; index++) {
        EXPECT_EQ(incidents[index].episode, count - index);
        EXPECT_EQ(incidents[index].victim->process.comm, "victim" + std::to_string(count - index));
        EXPECT_TRUE(incidents[index].completeness.complete) << text_of(incidents[index].completeness.missing);
    }
}

// Twenty thousand processes killed at once, each with records of its own: must not take quadratic time.
TEST(Reconstructor, KeepsUpWithALargeGroup)
{
#ifdef OOMTRACE_SANITIZED
    constexpr std::uint32_t members = 2'000; // without optimisation 20'000 take a minute and a half
#else
    constexpr std::uint32_t members = 20'000;
#endif
    Stream stream;
    stream.host().begin_episode(1).begin(Task(1, "m")).node(0, 10).zone(0, 2, "Normal").choice(Task(1, "m"), 9, 100);
    for (std::uint32_t tgid = 1; tgid <= members; tgid++) {
        stream.kill(Task(tgid, "m").anon(1), WIRE_KILL_SIGNAL, WIRE_KILL_OOM_GROUP);
        stream.kill(Task(tgid, "m").anon(1), WIRE_KILL_MARK, WIRE_KILL_OOM_GROUP);
    }
    stream.end(WIRE_OUTCOME_KILLED).system_state();
    for (std::uint32_t tgid = 1; tgid <= members; tgid++) {
        stream.exit(Task(tgid, "m"));
    }
    for (std::uint32_t tgid = 1; tgid <= members; tgid++) {
        stream.released(Task(tgid, "m"));
    }
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.outcome, Outcome::group_kill);
    EXPECT_THAT(incident.kills, SizeIs(members));
    EXPECT_EQ(incident.after.returned_bytes, std::uint64_t{members} * 4096);
    EXPECT_TRUE(incident.completeness.complete) << text_of(incident.completeness.missing);
}

TEST(Reconstructor, HandsOnHostAndLoss)
{
    Reconstructor reconstructor;
    EXPECT_FALSE(reconstructor.host() || reconstructor.loss());
    Stream stream;
    stream.host().loss([](wire_loss &wire) { wire.dropped[0] = 5; });
    std::vector<Incident> incidents;
    feed(reconstructor, stream.records(), incidents);
    EXPECT_EQ(reconstructor.host()->hostname, "box");
    EXPECT_EQ(reconstructor.loss()->dropped[0], 5U);
}

// What the kernel prints of an OOM without a victim, heard by that method.
std::vector<Incident> heard_by(wire_attach_method method, std::uint32_t flags = 0)
{
    Stream stream;
    stream.host([&](wire_host &wire) { wire.attach_method = method; });
    stream.log_event(WIRE_LOG_LISTENING);
    stream.log_line("4,1,1000000,-;eater invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-1000", flags);
    stream.log_line("4,2,1000100,-;CPU: 0 UID: 0 PID: 751 Comm: eater Not tainted 6.12.117 #1  Debian 6.12.117-1", flags);
    stream.log_line("6,3,1000200,-;memory: usage 16384kB, limit 16384kB, failcnt 19", flags);
    stream.log_line("4,4,1000300,-;Out of memory and no killable processes...", flags);
    return replay(stream.records());
}

TEST(Reconstructor, TakesAnOomThatKilledNobodyFromTheReportWhereNoHookTellsOfIt)
{
    const std::vector<Incident> incidents = heard_by(WIRE_ATTACH_TRACEPOINT);
    ASSERT_THAT(incidents, SizeIs(1));
    const Incident &incident = incidents.front();
    EXPECT_EQ(incident.outcome, Outcome::no_killable_task);
    EXPECT_EQ(incident.trigger.process.pid, 751U);
    EXPECT_EQ(incident.host.attach_method, AttachMethod::kernel_log);
    EXPECT_FALSE(incident.before_start);
    EXPECT_THAT(incident.host.boot_id, Not(IsEmpty()));
    EXPECT_NE(incident.realtime_ns, 0);
    EXPECT_NE(incident.host.tracer_version, "");
}

TEST(Reconstructor, LeavesTheReportToTheHooksThatTellOfIt)
{
    EXPECT_THAT(heard_by(WIRE_ATTACH_FENTRY), IsEmpty());
    EXPECT_THAT(heard_by(WIRE_ATTACH_KPROBE), IsEmpty());
}

} // namespace
} // namespace oomtrace::test
