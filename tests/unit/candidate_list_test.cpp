// SPDX-License-Identifier: Apache-2.0
//
// Who was weighed, what score each got, and why the others were spared.
#include "reconstruct/candidate_list.h"

#include <gmock/gmock.h>

#include "reconstruct/eligibility.h"
#include "support/canned_episodes.h"
#include "support/replay.h"

namespace oomtrace::test
{
namespace
{

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t total_pages = 1'000'000;

// A global OOM in which only `task` is weighed, and `leaky` chosen.
Incident weigh(const Task &task, const std::function<void(Stream &, const Task &)> &add)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky());
    add(stream, task);
    stream.choice(leaky(), leaky_points, total_pages, [](wire_choice &wire) { wire.constraint = 0; });
    stream.end(WIRE_OUTCOME_KILLED).system_state();
    return replay_one(stream);
}

CandidateTask observed(const Task &task, std::int64_t points)
{
    return weigh(task, [&](Stream &stream, const Task &weighed) { stream.candidate(weighed, points); }).candidates.at(0);
}

CandidateTask seen_without_score(const Task &task)
{
    return weigh(task,
                 [](Stream &stream, const Task &weighed) {
                     stream.unscored_candidate(weighed, [](wire_candidate &wire) { wire.facts = WIRE_CANDIDATE_EVALUATED; });
                 })
        .candidates.at(0);
}

Task plain()
{
    return Task(50, "plain").anon(100);
}

// oom_cpuset_eligible() asks the tasks' policies under a memory policy, and else their cpusets.
TEST(Eligibility, UnderAMemoryPolicyGoesByThePolicies)
{
    TaskSnapshot task;
    task.facts.mems_disjoint = true;
    task.facts.policy_disjoint = false;
    const auto reason = [&](Scope scope, Constraint constraint) {
        return skip_reason_of(task, true, {.scope = scope, .constraint = constraint, .marked_tgid = std::nullopt});
    };
    EXPECT_EQ(reason(Scope::global, Constraint::memory_policy), SkipReason::none);
    EXPECT_EQ(reason(Scope::global, Constraint::cpuset), SkipReason::cpuset_or_mempolicy);
    task.facts = {};
    task.facts.mems_disjoint = false;
    task.facts.policy_disjoint = true;
    EXPECT_EQ(reason(Scope::global, Constraint::memory_policy), SkipReason::cpuset_or_mempolicy);
    EXPECT_EQ(reason(Scope::global, Constraint::none), SkipReason::none);
    EXPECT_EQ(reason(Scope::memcg, Constraint::memcg), SkipReason::none);
}

struct SkipCase {
    const char *name;
    Task task;
    SkipReason reason;
};

class EverySkipReason : public testing::TestWithParam<SkipCase>
{
};

TEST_P(EverySkipReason, IsDerivedFromTheFacts)
{
    const CandidateTask task = seen_without_score(GetParam().task);
    EXPECT_FALSE(task.eligible);
    EXPECT_EQ(task.skip_reason, GetParam().reason) << name_of(task.skip_reason);
    EXPECT_FALSE(task.points);
    EXPECT_FALSE(task.recomputed_points);
    EXPECT_EQ(task.points_source, PointsSource::recomputed);
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, EverySkipReason,
    testing::Values(
        SkipCase{"Init", plain().fact(WIRE_TASK_GLOBAL_INIT), SkipReason::init},
        SkipCase{"KernelThread", plain().fact(WIRE_TASK_KTHREAD), SkipReason::kernel_thread},
        SkipCase{"OtherMems", plain().fact(WIRE_TASK_MEMS_READ).fact(WIRE_TASK_MEMS_DISJOINT), SkipReason::cpuset_or_mempolicy},
        SkipCase{"EarlierVictim", plain().fact(WIRE_TASK_OOM_VICTIM), SkipReason::already_victim},
        SkipCase{"ReapedVictim", plain().fact(WIRE_TASK_OOM_VICTIM).fact(WIRE_TASK_MMF_OOM_SKIP), SkipReason::mmf_oom_skip},
        SkipCase{"NoMm", plain().no_mm(), SkipReason::no_mm},
        SkipCase{"AdjMin", plain().adj(-1000), SkipReason::oom_score_adj_min},
        SkipCase{"Reaped", plain().fact(WIRE_TASK_MMF_OOM_SKIP), SkipReason::mmf_oom_skip},
        SkipCase{"InVfork", plain().fact(WIRE_TASK_IN_VFORK), SkipReason::in_vfork},
        // The kernel asks in this order, so the first reason is the one.
        SkipCase{"InitBeforeAll", plain().fact(WIRE_TASK_GLOBAL_INIT).fact(WIRE_TASK_OOM_VICTIM).adj(-1000).no_mm(),
                 SkipReason::init},
        SkipCase{"VictimBeforeNoMm", plain().fact(WIRE_TASK_OOM_VICTIM).no_mm(), SkipReason::already_victim},
        SkipCase{"NoMmBeforeAdjMin", plain().adj(-1000).no_mm(), SkipReason::no_mm},
        SkipCase{"AdjMinBeforeReaped", plain().adj(-1000).fact(WIRE_TASK_MMF_OOM_SKIP), SkipReason::oom_score_adj_min},
        SkipCase{"ReapedBeforeVfork", plain().fact(WIRE_TASK_MMF_OOM_SKIP).fact(WIRE_TASK_IN_VFORK), SkipReason::mmf_oom_skip}),
    [](const auto &reason) { return reason.param.name; });

TEST(CandidateList, DoesNotSpareForMemsInAMemcgOrForAVictimInASysrq)
{
    TaskSnapshot task;
    task.tgid = 9;
    task.facts.mems_disjoint = true;
    EXPECT_EQ(skip_reason_of(task, true, {.scope = Scope::memcg, .marked_tgid = {}}), SkipReason::none);
    EXPECT_EQ(skip_reason_of(task, true, {.scope = Scope::global, .marked_tgid = {}}), SkipReason::cpuset_or_mempolicy);
    task.facts.mems_disjoint = false;
    task.facts.oom_victim = true;
    EXPECT_EQ(skip_reason_of(task, true, {.scope = Scope::sysrq, .marked_tgid = {}}), SkipReason::none);
    EXPECT_EQ(skip_reason_of(task, true, {.scope = Scope::global, .marked_tgid = 9}), SkipReason::none);
    EXPECT_EQ(skip_reason_of(task, true, {.scope = Scope::global, .marked_tgid = 8}), SkipReason::already_victim);
}

TEST(CandidateList, TakesTheObservedScore)
{
    const CandidateTask task = observed(plain(), 100);
    EXPECT_TRUE(task.eligible);
    EXPECT_EQ(task.skip_reason, SkipReason::none);
    EXPECT_EQ(task.points, 100);
    EXPECT_EQ(task.recomputed_points, 100);
    EXPECT_EQ(task.points_source, PointsSource::observed);
    EXPECT_EQ(task.memory->rss_anon_bytes, 100U * 4096);
}

TEST(CandidateList, KeepsTheObservedScoreBesideAnotherOfItsOwn)
{
    const Incident incident = weigh(plain(), [](Stream &stream, const Task &task) { stream.candidate(task, 777); });
    EXPECT_EQ(incident.candidates.at(0).points, 777);
    EXPECT_EQ(incident.candidates.at(0).recomputed_points, 100);
    EXPECT_EQ(incident.scores.matched, 0U);
    EXPECT_EQ(incident.scores.mismatched, 1U);
    ASSERT_THAT(incident.scores.mismatches, SizeIs(1));
    EXPECT_EQ(incident.scores.mismatches.front().pid, 50U);
    EXPECT_EQ(incident.scores.mismatches.front().observed, 777);
    EXPECT_EQ(incident.scores.mismatches.front().recomputed, 100);
}

TEST(CandidateList, RecomputesWhereNoScoreWasSeen)
{
    const CandidateTask task = seen_without_score(plain().adj(500));
    EXPECT_TRUE(task.eligible);
    EXPECT_EQ(task.points, 100 + 500 * 1000);
    EXPECT_EQ(task.points_source, PointsSource::recomputed);
}

TEST(CandidateList, TakesTheScoreFromOomControlWhenTheTaskBecameChosen)
{
    const auto chosen = [](wire_candidate &wire) {
        wire.facts = WIRE_CANDIDATE_EVALUATED | WIRE_CANDIDATE_BECAME_CHOSEN | WIRE_CANDIDATE_CHOSEN_POINTS;
        wire.chosen_points = 100;
    };
    const Incident incident =
        weigh(plain(), [&](Stream &stream, const Task &task) { stream.unscored_candidate(task, chosen); });
    EXPECT_EQ(incident.candidates.at(0).points, 100);
    EXPECT_EQ(incident.candidates.at(0).points_source, PointsSource::observed);
    EXPECT_EQ(incident.scores.matched, 1U);
}

TEST(CandidateList, GivesAnOriginTaskTheHighestScoreThereIs)
{
    const CandidateTask task = seen_without_score(plain().fact(WIRE_TASK_OOM_ORIGIN));
    EXPECT_TRUE(task.eligible);
    EXPECT_EQ(task.points, std::numeric_limits<std::int64_t>::max());
}

TEST(CandidateList, AgreesWithTheKernelThatATaskIsNotEligible)
{
    const Incident incident =
        weigh(plain().adj(-1000), [](Stream &stream, const Task &task) { stream.candidate(task, not_eligible); });
    EXPECT_FALSE(incident.candidates.at(0).eligible);
    EXPECT_EQ(incident.candidates.at(0).skip_reason, SkipReason::oom_score_adj_min);
    EXPECT_EQ(incident.candidates.at(0).points_source, PointsSource::observed);
    EXPECT_FALSE(incident.candidates.at(0).points);
    EXPECT_EQ(incident.scores.matched, 1U);
}

TEST(CandidateList, SaysThatItDoesNotKnowWhyTheKernelSparedATask)
{
    const Incident incident = weigh(plain(), [](Stream &stream, const Task &task) { stream.candidate(task, not_eligible); });
    EXPECT_FALSE(incident.candidates.at(0).eligible);
    EXPECT_EQ(incident.candidates.at(0).skip_reason, SkipReason::unknown);
    EXPECT_EQ(incident.scores.mismatched, 1U);
}

TEST(CandidateList, CountsATaskThatTheKernelWeighedAndItWouldNot)
{
    const Incident incident = weigh(plain().adj(-1000), [](Stream &stream, const Task &task) { stream.candidate(task, 100); });
    EXPECT_TRUE(incident.candidates.at(0).eligible);
    EXPECT_EQ(incident.candidates.at(0).skip_reason, SkipReason::none);
    EXPECT_EQ(incident.scores.mismatched, 1U);
    EXPECT_EQ(incident.scores.mismatches.at(0).recomputed, not_eligible);
}

TEST(CandidateList, DoesNotCallAProcessEmptyOfWhichItSawTooLittle)
{
    const CandidateTask task = seen_without_score(plain().no_mm().fact(WIRE_TASK_LOOK_BOUND));
    EXPECT_FALSE(task.eligible);
    EXPECT_EQ(task.skip_reason, SkipReason::unknown);
    EXPECT_EQ(task.points_source, PointsSource::absent);
}

TEST(CandidateList, MatchesEitherReadingOfTheCountersAndSaysWhich)
{
    const auto add = [](std::int64_t points) {
        return [points](Stream &stream, const Task &task) {
            stream.candidate(task, points).candidate(Task(51, "other").anon(7).exact(0, 9, 0, 0), points == 110 ? 9 : 7);
        };
    };
    const Incident exact = weigh(plain().exact(0, 110, 0, 0), add(110));
    EXPECT_EQ(exact.scores.matched, 2U);
    EXPECT_TRUE(exact.scores.exact_counters);
    EXPECT_EQ(exact.candidates.at(0).memory->rss_anon_bytes, 110U * 4096);
    EXPECT_EQ(exact.candidates.at(0).recomputed_points, 110);

    const Incident approximate = weigh(plain().exact(0, 110, 0, 0), add(100));
    EXPECT_EQ(approximate.scores.matched, 2U);
    EXPECT_FALSE(approximate.scores.exact_counters);
    EXPECT_EQ(approximate.candidates.at(0).memory->rss_anon_bytes, 100U * 4096);
}

// What the scores say goes before what the version says.
TEST(CandidateList, BelievesTheScoresMoreThanTheVersion)
{
    Stream stream;
    stream.host([](wire_host &wire) { put_text(wire.kernel, "7.0.1"); }).begin_episode(1).begin(leaky());
    stream.candidate(plain().exact(0, 110, 0, 0), 100).end(WIRE_OUTCOME_NO_VICTIM).system_state();
    const Incident incident = replay_one(stream);
    EXPECT_FALSE(incident.scores.exact_counters);
    EXPECT_EQ(incident.candidates.at(0).memory->rss_anon_bytes, 100U * 4096);
}

TEST(CandidateList, ReadsExactCountersByVersionWhereNothingElseTells)
{
    for (const auto &[kernel, expected] : {std::pair("6.19.3", 100), std::pair("7.0.1-amd64", 110), std::pair("10.2", 110)}) {
        Stream stream;
        stream.host([kernel = kernel](wire_host &wire) { put_text(wire.kernel, kernel); }).begin_episode(1).begin(leaky());
        stream.unscored_candidate(plain().exact(0, 110, 0, 0)).end(WIRE_OUTCOME_NO_VICTIM).system_state();
        EXPECT_EQ(replay_one(stream).candidates.at(0).points, expected) << kernel;
    }
}

TEST(CandidateList, UsesTheOldFormulaForOldKernels)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky(), 0, [](wire_invocation_begin &wire) {
        wire.valid |= WIRE_BEGIN_BADNESS_UNSIGNED | WIRE_BEGIN_CONSTRAINT;
        wire.total_pages = total_pages;
    });
    stream.candidate(plain().adj(-500), 1).candidate(plain().adj(-1000), 0).candidate(plain(), 100);
    stream.end(WIRE_OUTCOME_NO_VICTIM).system_state();
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.scores.matched, 3U);
    EXPECT_TRUE(incident.candidates.at(0).eligible);
    EXPECT_EQ(incident.candidates.at(0).points, 1);
    EXPECT_FALSE(incident.candidates.at(1).eligible);
}

// Without total_pages a score can be worked out only where oom_score_adj is 0.
TEST(CandidateList, DoesNotGuessTotalPages)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky());
    stream.candidate(plain(), 100).candidate(plain().adj(5), 5'100).unscored_candidate(plain().adj(5));
    stream.end(WIRE_OUTCOME_ABORTED).system_state();
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.total_pages, std::nullopt);
    EXPECT_EQ(incident.scores.matched, 1U);
    EXPECT_EQ(incident.scores.not_comparable, 2U);
    EXPECT_EQ(incident.candidates.at(1).points, 5'100);
    EXPECT_TRUE(incident.candidates.at(2).eligible);
    EXPECT_FALSE(incident.candidates.at(2).points);
    EXPECT_EQ(incident.candidates.at(2).points_source, PointsSource::absent);
}

TEST(CandidateList, ShowsOnlyTheFirstMismatchesButCountsAll)
{
    const Incident incident = weigh(plain(), [](Stream &stream, const Task &task) {
        for (int number = 0; number < 40; number++) {
            stream.candidate(task, 1'000 + number);
        }
    });
    EXPECT_EQ(incident.scores.mismatched, 40U);
    EXPECT_THAT(incident.scores.mismatches, SizeIs(16));
}

TEST(CandidateList, KnowsAnAbortedScan)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky());
    stream.candidate(plain(), 100).unscored_candidate(store(), [](wire_candidate &wire) {
        wire.facts = WIRE_CANDIDATE_EVALUATED | WIRE_CANDIDATE_ABORTED_SCAN;
    });
    stream.end(WIRE_OUTCOME_ABORTED, [](wire_invocation_end &wire) { wire.aborted_by_tgid = 103; }).system_state();
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.outcome, Outcome::aborted);
    EXPECT_EQ(incident.candidates.at(1).skip_reason, SkipReason::already_victim);
    EXPECT_FALSE(incident.victim);
}

TEST(CandidateList, OfATracepointMemcgOomHoldsOnlyTheTasksBelowTheLimit)
{
    const Incident incident = replay_one(memcg_episode_tracepoint());
    std::vector<std::string> names;
    for (const CandidateTask &task : incident.candidates) {
        names.push_back(task.process.comm);
    }
    EXPECT_THAT(names, testing::ElementsAre("leaky", "helper", "guard", "store"));
    EXPECT_TRUE(incident.candidates.at(0).eligible); // marked a moment ago, by this very OOM
    EXPECT_TRUE(incident.candidates.at(0).chosen);
    EXPECT_FALSE(incident.candidates.at(1).chosen);
    EXPECT_EQ(incident.candidates.at(2).skip_reason, SkipReason::oom_score_adj_min);
    EXPECT_EQ(incident.scores.not_comparable, 4U);
    EXPECT_EQ(incident.provenance.points.source, Source::recomputed);
}

// A memcg's scan passes over the dead; the victim may be one of them by the time it is marked.
TEST(CandidateList, OfATracepointMemcgOomHoldsNoTaskThatHasLeftItsCgroup)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky(), 0, [](wire_invocation_begin &wire) {
        wire.attach_method = WIRE_ATTACH_TRACEPOINT;
        wire.valid = 0;
    });
    add_memcgs(stream);
    const Task killed = leaky().fact(WIRE_TASK_OOM_VICTIM).fact(WIRE_TASK_NOT_IN_CGROUP);
    const Task earlier = Task(9, "earlier").memcg(web_id).fact(WIRE_TASK_OOM_VICTIM).fact(WIRE_TASK_NOT_IN_CGROUP);
    stream.kill(killed, WIRE_KILL_MARK).unscored_candidate(killed).unscored_candidate(earlier);
    stream.end(WIRE_OUTCOME_UNKNOWN, [](wire_invocation_end &wire) { wire.walk_stop = WIRE_WALK_COMPLETE; }).system_state();
    const Incident incident = replay_one(stream);
    ASSERT_THAT(incident.candidates, SizeIs(1));
    EXPECT_EQ(incident.candidates.front().process.comm, "leaky");
    EXPECT_THAT(incident.completeness.missing, testing::Not(testing::Contains(testing::HasSubstr("candidates"))));
}

TEST(CandidateList, OfATracepointMemcgOomLeavesOutATaskWhosePlaceIsNotKnown)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky(), 0, [](wire_invocation_begin &wire) {
        wire.attach_method = WIRE_ATTACH_TRACEPOINT;
        wire.valid = 0;
    });
    add_memcgs(stream);
    stream.kill(leaky(), WIRE_KILL_MARK).unscored_candidate(leaky()).unscored_candidate(Task(9, "lost").memcg(999).anon(1));
    stream.end(WIRE_OUTCOME_UNKNOWN, [](wire_invocation_end &wire) { wire.walk_stop = WIRE_WALK_COMPLETE; }).system_state();
    const Incident incident = replay_one(stream);
    ASSERT_THAT(incident.candidates, SizeIs(1));
    EXPECT_EQ(incident.candidates.front().process.comm, "leaky");
    EXPECT_THAT(incident.completeness.missing, testing::Contains("the cgroup of 1 task, left out of the candidates"));
}

} // namespace
} // namespace oomtrace::test
