// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/incident_builder.h"

#include <gmock/gmock.h>

#include "support/canned_episodes.h"
#include "support/replay.h"

namespace oomtrace::test
{
namespace
{

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(IncidentBuilder, GivesAnIdThatFollowsFromTheRecords)
{
    const Incident incident = replay_one(memcg_episode_fentry());
    EXPECT_EQ(incident.id, "01234567-7-e8d4a513e8"); // episode 7, one step after 10^12 ns
    EXPECT_EQ(incident.episode, 7U);
    EXPECT_EQ(incident.monotonic_ns, 1'000'000'001'000U);
    EXPECT_EQ(incident.realtime_ns, 1'700'000'000'000'000'000 + 1'000'000'001'000);
    EXPECT_EQ(replay_one(memcg_episode_fentry()).id, incident.id);
}

TEST(IncidentBuilder, DescribesTriggerAllocationAndHost)
{
    const Incident incident = replay_one(memcg_episode_fentry());
    EXPECT_EQ(incident.trigger.process.comm, "leaky");
    EXPECT_EQ(incident.trigger.process.cgroup, "/app/web");
    EXPECT_EQ(incident.trigger.process.start_boottime_ns, 100'000'000U);
    EXPECT_EQ(incident.trigger.cpuset, "/");
    ASSERT_THAT(incident.trigger.stack, SizeIs(2));
    EXPECT_EQ(incident.trigger.stack[0].symbol, "out_of_memory+0x1c");
    EXPECT_EQ(incident.trigger.stack[1].address, second_frame);
    EXPECT_EQ(incident.allocation.gfp_mask, 0xcc0U);
    EXPECT_THAT(incident.allocation.gfp_flags, ElementsAre("GFP_KERNEL"));
    EXPECT_EQ(incident.allocation.order, 0);
    EXPECT_EQ(incident.allocation.highest_zone, "Normal");
    EXPECT_TRUE(incident.allocation.nodemask_known);
    EXPECT_FALSE(incident.allocation.nodemask);
    EXPECT_THAT(*incident.allocation.mems_allowed, ElementsAre(0));
    EXPECT_EQ(incident.host.hostname, "box");
    EXPECT_EQ(incident.host.attach_method, AttachMethod::fentry);
    EXPECT_EQ(incident.host.tracer_version, "0.1.0");
    EXPECT_EQ(incident.kernel_message, "Memory cgroup out of memory");
}

TEST(IncidentBuilder, SaysWhereEachGroupOfFactsComesFrom)
{
    const ProvenanceTable observed = replay_one(memcg_episode_fentry()).provenance;
    for (const Provenance *group :
         {&observed.outcome, &observed.trigger, &observed.allocation, &observed.constraint, &observed.memcg, &observed.nodes,
          &observed.candidates, &observed.points, &observed.victim, &observed.kills, &observed.after}) {
        EXPECT_EQ(group->source, Source::observed);
        EXPECT_EQ(group->note, "");
    }
    for (const Provenance *group : {&observed.swap, &observed.sysctls, &observed.host}) {
        EXPECT_EQ(group->source, Source::procfs);
    }

    const ProvenanceTable recomputed = replay_one(memcg_episode_tracepoint()).provenance;
    EXPECT_EQ(recomputed.allocation.source, Source::absent);
    EXPECT_EQ(recomputed.allocation.note, "oom_control was not found on the asker's stack");
    for (const Provenance *group :
         {&recomputed.outcome, &recomputed.constraint, &recomputed.memcg, &recomputed.candidates, &recomputed.points}) {
        EXPECT_EQ(group->source, Source::recomputed);
    }
    for (const Provenance *group : {&recomputed.trigger, &recomputed.nodes, &recomputed.victim, &recomputed.kills}) {
        EXPECT_EQ(group->source, Source::observed);
    }
}

// Whatever is missing, an absent group says why.
// With function hooks, when the kernel's scan was expected to be aborted and was not watched, but went on to choose.
Stream unwatched_scan(bool walked)
{
    Stream stream;
    stream.host().begin_episode(7).begin(leaky(), app_id);
    add_memcgs(stream);
    add_memory(stream);
    if (walked)
        stream.unscored_candidate(leaky()).unscored_candidate(helper()).unscored_candidate(guard()).unscored_candidate(store());
    stream.choice(leaky(), leaky_points, app_max_pages)
        .kill(leaky(), WIRE_KILL_SIGNAL)
        .kill(leaky(), WIRE_KILL_MARK)
        .end(WIRE_OUTCOME_KILLED,
             [walked](wire_invocation_end &wire) {
                 wire.tasks_seen = 4;
                 wire.walk_stop = walked ? WIRE_WALK_COMPLETE : WIRE_WALK_NONE;
             })
        .system_state();
    add_aftermath(stream);
    return stream.stream_end();
}

TEST(IncidentBuilder, SaysThatAnUnwatchedScanWasWalkedAfterwards)
{
    const Incident incident = replay_one(unwatched_scan(true));
    EXPECT_TRUE(incident.completeness.complete) << testing::PrintToString(incident.completeness.missing);
    EXPECT_EQ(incident.provenance.allocation.source, Source::observed);
    EXPECT_EQ(incident.provenance.candidates.source, Source::recomputed);
    EXPECT_THAT(incident.provenance.candidates.note, HasSubstr("at the choice"));
    EXPECT_EQ(incident.provenance.points.source, Source::recomputed);
    ASSERT_THAT(incident.candidates, SizeIs(4));
    EXPECT_EQ(incident.candidates[0].points, leaky_points);
    EXPECT_EQ(incident.candidates[0].points_source, PointsSource::recomputed);
    ASSERT_TRUE(incident.victim);
    EXPECT_EQ(incident.victim->points, leaky_points);
    EXPECT_EQ(incident.victim->points_source, PointsSource::observed);
}

TEST(IncidentBuilder, IsIncompleteWhenTheWeighedTasksAreNotThere)
{
    const Incident incident = replay_one(unwatched_scan(false));
    EXPECT_FALSE(incident.completeness.complete);
    EXPECT_THAT(incident.completeness.missing, Contains(HasSubstr("the tasks that were weighed")));
    EXPECT_EQ(incident.provenance.candidates.source, Source::absent);
    EXPECT_THAT(incident.provenance.candidates.note, HasSubstr("lost"));
}

TEST(IncidentBuilder, NeverLeavesAGroupAbsentWithoutAReason)
{
    for (const Stream &stream : {memcg_episode_fentry(), memcg_episode_tracepoint()}) {
        for (std::size_t first = 0; first < stream.records().size(); first++) {
            const std::vector<Bytes> rest(stream.records().begin() + static_cast<std::ptrdiff_t>(first),
                                          stream.records().end());
            for (const Incident &incident : replay(rest)) {
                const ProvenanceTable &table = incident.provenance;
                for (const Provenance *group : {&table.outcome, &table.trigger, &table.allocation, &table.constraint,
                                                &table.memcg, &table.nodes, &table.swap, &table.sysctls, &table.candidates,
                                                &table.points, &table.victim, &table.kills, &table.after, &table.host}) {
                    EXPECT_TRUE(group->source != Source::absent || !group->note.empty()) << "without the first " << first;
                }
            }
        }
    }
}

struct OutcomeCase {
    wire_outcome wire;
    Outcome outcome;
};

class EveryOutcome : public testing::TestWithParam<OutcomeCase>
{
};

TEST_P(EveryOutcome, WithoutAKill)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky()).node(0, 10).zone(0, 2, "Normal");
    stream.candidate(guard(), not_eligible).end(GetParam().wire).system_state();
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.outcome, GetParam().outcome);
    EXPECT_FALSE(incident.victim);
    EXPECT_THAT(incident.kills, IsEmpty());
    EXPECT_EQ(incident.provenance.outcome.source, Source::observed);
    EXPECT_EQ(incident.provenance.victim.note, "nobody was chosen");
}

INSTANTIATE_TEST_SUITE_P(Outcomes, EveryOutcome,
                         testing::Values(OutcomeCase{WIRE_OUTCOME_ABORTED, Outcome::aborted},
                                         OutcomeCase{WIRE_OUTCOME_NO_VICTIM, Outcome::no_killable_task},
                                         OutcomeCase{WIRE_OUTCOME_NOTIFIER_FREED, Outcome::notifier_freed},
                                         OutcomeCase{WIRE_OUTCOME_PANIC, Outcome::panic}),
                         [](const auto &outcome) { return std::string(name_of(outcome.param.outcome)); });

TEST(IncidentBuilder, SaysThatNothingIsReadBeforeAPanic)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky()).end(WIRE_OUTCOME_PANIC).system_state([](wire_system_state &wire) {
        wire.valid = 0;
    });
    const Incident incident = replay_one(stream);
    EXPECT_FALSE(incident.sysctls.panic_on_oom);
    EXPECT_EQ(incident.provenance.sysctls.source, Source::absent);
    EXPECT_THAT(incident.provenance.sysctls.note, testing::HasSubstr("about to panic"));
    EXPECT_EQ(incident.provenance.swap.source, Source::absent);
}

TEST(IncidentBuilder, CallsTheOutcomeUnknownWhenNothingTells)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky()).candidate(leaky(), 5);
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.outcome, Outcome::unknown);
    EXPECT_EQ(incident.provenance.outcome.source, Source::absent);
    EXPECT_FALSE(incident.completeness.complete);
    EXPECT_THAT(incident.completeness.missing, Contains("the closing record"));
}

TEST(IncidentBuilder, JudgesByTheKillsWhenTheClosingRecordWasLost)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky()).kill(leaky(), WIRE_KILL_SIGNAL);
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.outcome, Outcome::killed);
    EXPECT_EQ(incident.provenance.outcome.source, Source::recomputed);
    EXPECT_FALSE(incident.completeness.complete);
}

TEST(IncidentBuilder, KillsTheAllocatingTaskWithoutAScore)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky());
    stream.choice(leaky(), 0, 500, [](wire_choice &wire) {
        wire.constraint = 0;
        put_text(wire.message, "Out of memory (oom_kill_allocating_task)");
    });
    stream.kill(leaky(), WIRE_KILL_SIGNAL).kill(leaky(), WIRE_KILL_MARK).end(WIRE_OUTCOME_KILLED).system_state();
    const Incident incident = replay_one(stream);
    ASSERT_TRUE(incident.victim);
    EXPECT_FALSE(incident.victim->points || incident.victim->share_of_total || incident.victim->runner_up);
    EXPECT_EQ(incident.kernel_message, "Out of memory (oom_kill_allocating_task)");
    EXPECT_EQ(incident.provenance.candidates.note, "nothing was weighed");
}

TEST(IncidentBuilder, GivesTheVictimsShareAndTheRunnerUp)
{
    const Incident incident = replay_one(memcg_episode_fentry());
    EXPECT_DOUBLE_EQ(*incident.victim->share_of_total, static_cast<double>(leaky_points) / app_max_pages);
    EXPECT_EQ(incident.victim->runner_up->tgid, 101U);
    EXPECT_EQ(incident.victim->runner_up->points, helper_points);
}

// On equal scores the kernel takes the later one; so the later one is the runner-up too.
TEST(IncidentBuilder, ResolvesTiesAsTheKernelDoes)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky());
    stream.candidate(Task(1, "first").anon(7), 7)
        .candidate(Task(2, "second").anon(7), 7)
        .candidate(Task(3, "third").anon(2), 2);
    stream.candidate(leaky(), leaky_points).choice(leaky(), leaky_points, 100'000).kill(leaky(), WIRE_KILL_MARK);
    const Incident incident = replay_one(stream.end(WIRE_OUTCOME_KILLED).system_state());
    EXPECT_EQ(incident.victim->runner_up->comm, "second");
    EXPECT_EQ(incident.victim->runner_up->margin_points, leaky_points - 7);
}

TEST(IncidentBuilder, HasNoRunnerUpWhereNobodyElseWasEligible)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky()).candidate(leaky(), leaky_points).candidate(guard(), not_eligible);
    stream.choice(leaky(), leaky_points, 100'000).kill(leaky(), WIRE_KILL_MARK);
    EXPECT_FALSE(replay_one(stream.end(WIRE_OUTCOME_KILLED).system_state()).victim->runner_up);
}

TEST(IncidentBuilder, TakesTheVictimsSizesFromItsCandidateWhenNoKillWasSeen)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky()).candidate(leaky(), leaky_points).choice(leaky(), leaky_points, 100'000);
    const Incident incident = replay_one(stream.end(WIRE_OUTCOME_KILLED).system_state());
    ASSERT_TRUE(incident.victim);
    EXPECT_EQ(incident.victim->process.comm, "leaky");
    EXPECT_EQ(incident.victim->memory.rss_anon_bytes, 40'000U * 4096);
    EXPECT_THAT(incident.provenance.victim.note, HasSubstr("not those at mark_oom_victim()"));
    EXPECT_THAT(incident.completeness.missing, Contains("the record of the kill"));
}

TEST(IncidentBuilder, CountsAbortedScansInTheIncidentTheyWaitFor)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky(), app_id);
    add_memcgs(stream);
    add_memory(stream);
    stream.kill(leaky(), WIRE_KILL_MARK, WIRE_KILL_CHOSEN).end(WIRE_OUTCOME_ALREADY_DYING).system_state();
    for (std::uint64_t id = 2; id <= 4; id++) {
        stream.begin_episode(id).begin(store()).end(WIRE_OUTCOME_ABORTED,
                                                    [](wire_invocation_end &wire) { wire.aborted_by_tgid = 100; });
        stream.system_state();
    }
    stream.begin_episode(1).released(leaky(), [](wire_mm_released &wire) { wire.rescans = 10; }).exit(leaky());
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.after.rescans, 13U);
    EXPECT_TRUE(incident.completeness.complete);
}

TEST(Completeness, CountsWhatTheKernelSideDropped)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky());
    stream.end(WIRE_OUTCOME_ABORTED, [](wire_invocation_end &wire) {
        wire.last_sequence = 14;
        wire.header.sequence = 14;
        wire.candidates_sent = 9;
        wire.dropped[WIRE_DROP_RING_FULL] = 12;
        wire.dropped[WIRE_DROP_MEMCG_TABLE_FULL] = 1;
        wire.dropped[WIRE_DROP_VICTIM_TABLE_FULL] = 2;
        wire.dropped[WIRE_DROP_DEPTH_LIMIT] = 3;
    });
    const Incident incident = replay_one(stream.system_state());
    EXPECT_EQ(incident.completeness.records_lost, 12U);
    EXPECT_THAT(incident.completeness.missing,
                testing::IsSupersetOf({std::string("12 records (sequence 2-13)"), std::string("12 records dropped: ring full"),
                                       std::string("9 of 9 candidates"),
                                       std::string("the end of 2 victims: the table of victims was full")}));
}

TEST(Completeness, SaysHowFarTheWalkGot)
{
    Stream stream = memcg_episode_tracepoint();
    for (Bytes &record : stream.records()) {
        if (wire_of<wire_header>(record).kind == WIRE_INVOCATION_END) {
            auto wire = wire_of<wire_invocation_end>(record);
            wire.walk_stop = WIRE_WALK_TIME_LIMIT;
            record = bytes_of(wire);
        }
    }
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.completeness.walk_stop, WalkStop::time_limit);
    EXPECT_EQ(incident.completeness.walk_ns, 40'000U);
    EXPECT_THAT(incident.completeness.missing, ElementsAre("tasks beyond the first 5: the walk ran out of time"));
}

TEST(Completeness, NamesOnlyTheFirstOfManyProcesses)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky()).node(0, 1).zone(0, 2, "Normal").choice(leaky(), 9, 1'000);
    for (std::uint32_t tgid = 1; tgid <= 20; tgid++) {
        stream.kill(Task(tgid, "member"), WIRE_KILL_SIGNAL, WIRE_KILL_OOM_GROUP);
    }
    const Incident incident = replay_one(stream.end(WIRE_OUTCOME_KILLED).system_state().stream_end());
    EXPECT_THAT(incident.completeness.missing, Contains("the exit of 12 more"));
    EXPECT_THAT(incident.kills, SizeIs(20));
}

TEST(Completeness, AsksForTheWholeChainOfTheReaper)
{
    const auto missing_with = [](std::initializer_list<wire_reaper_event> steps) {
        Stream stream;
        stream.host().begin_episode(1).begin(leaky(), app_id);
        add_memcgs(stream);
        add_memory(stream);
        stream.choice(leaky(), 9, 1'000).kill(leaky(), WIRE_KILL_SIGNAL).kill(leaky(), WIRE_KILL_MARK);
        stream.end(WIRE_OUTCOME_KILLED).system_state();
        for (const wire_reaper_event step : steps) {
            stream.reaper(leaky(), step);
        }
        add_aftermath(stream);
        return replay_one(stream).completeness.missing;
    };
    EXPECT_THAT(missing_with({}), IsEmpty()); // it exited before the reaper's timer
    EXPECT_THAT(missing_with({WIRE_REAPER_WAKE, WIRE_REAPER_START, WIRE_REAPER_FINISH}), IsEmpty());
    EXPECT_THAT(missing_with({WIRE_REAPER_WAKE, WIRE_REAPER_SKIP}), IsEmpty());
    EXPECT_THAT(missing_with({WIRE_REAPER_START, WIRE_REAPER_FINISH}), ElementsAre(HasSubstr("waking")));
    EXPECT_THAT(missing_with({WIRE_REAPER_WAKE, WIRE_REAPER_FINISH}), ElementsAre(HasSubstr("start")));
    EXPECT_THAT(missing_with({WIRE_REAPER_WAKE, WIRE_REAPER_START}), ElementsAre(HasSubstr("end")));
}

TEST(Completeness, NoticesAKillThatItNeverSaw)
{
    Stream stream = memcg_episode_tracepoint();
    stream.records().resize(stream.records().size() - 3);
    stream.exit(helper()); // a member of the group whose mark was dropped after the closing record
    add_aftermath(stream);
    EXPECT_THAT(replay_one(stream).completeness.missing, ElementsAre("the kill of process 101, whose end was seen"));
}

// A host that hides its symbols has none; that some are missing means that a record was lost.
TEST(Completeness, AsksForSymbolsOnlyWhereThereAreAny)
{
    Stream stream;
    const auto stack = [](wire_invocation_begin &wire) {
        wire.stack[0] = first_frame;
        wire.stack[1] = second_frame;
        wire.stack_depth = 2;
    };
    stream.host().begin_episode(1).begin(Task(5, "x"), 0, stack).end(WIRE_OUTCOME_ABORTED).system_state();
    EXPECT_THAT(replay_one(stream).completeness.missing, IsEmpty());

    Stream unresolved;
    unresolved.host().begin_episode(1).begin(Task(5, "x"), 0, stack).end(WIRE_OUTCOME_ABORTED);
    unresolved.symbol(first_frame, "f").symbol(second_frame, "").system_state();
    const Incident incident = replay_one(unresolved);
    EXPECT_THAT(incident.completeness.missing, IsEmpty());
    EXPECT_FALSE(incident.trigger.stack.at(1).symbol);
}

} // namespace
} // namespace oomtrace::test
