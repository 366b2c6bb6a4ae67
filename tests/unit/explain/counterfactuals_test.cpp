// SPDX-License-Identifier: Apache-2.0
//
// The ranking and the counterfactuals against a reading of the kernel's loop that shares no code with them.
#include "explain/counterfactuals.h"

#include <algorithm>
#include <optional>
#include <random>

#include <gtest/gtest.h>

#include "explain/explain.h"
#include "explain/ranking.h"
#include "support/sample_incident.h"

namespace oomtrace
{
namespace
{

constexpr std::uint64_t page = 4096;

// select_bad_process() of 5.9 and later over `incident`, with `adj_of_victim` for `victim`. Absent: nobody is eligible.
std::optional<std::size_t> select_bad_process(const Incident &incident, std::uint32_t victim, std::int32_t adj_of_victim)
{
    std::optional<std::size_t> chosen;
    std::int64_t chosen_points = std::numeric_limits<std::int64_t>::min();
    for (std::size_t i = 0; i < incident.candidates.size(); ++i) {
        const CandidateTask &task = incident.candidates[i];
        const std::int32_t adj = task.process.tgid == victim ? adj_of_victim : task.process.oom_score_adj;
        if (!task.eligible || adj == -1000)
            continue;
        const ProcessMemory &memory = *task.memory;
        const auto points =
            static_cast<std::int64_t>(memory.rss_anon_bytes / page + memory.rss_file_bytes / page +
                                      memory.rss_shmem_bytes / page + memory.swap_bytes / page + memory.pgtables_bytes / page) +
            std::int64_t{adj} * static_cast<std::int64_t>(*incident.total_pages / 1000);
        if (points < chosen_points)
            continue;
        chosen = i;
        chosen_points = points;
    }
    return chosen;
}

class RandomLedger
{
  public:
    explicit RandomLedger(unsigned seed) : random_(seed) {}

    Incident incident()
    {
        Incident incident = sample::memcg_kill();
        incident.candidates.clear();
        incident.total_pages = pick({900, 1'000, 25'600, 524'288, 8'388'608});
        const std::uint64_t count = number(1, 12);
        // Few different sizes, so that ties come about.
        for (std::uint32_t i = 0; i < count; ++i) {
            CandidateTask task =
                sample::task(100 + i, "task", 0, adj(), "/", {.anon = number(0, 6) * 512 * page, .swap = number(0, 1) * page});
            if (number(0, 5) == 0)
                task = sample::skipped_task(task, SkipReason::in_vfork);
            incident.candidates.push_back(std::move(task));
        }
        const auto chosen = select_bad_process(incident, 0, 0);
        sample::weigh(incident, chosen ? incident.candidates[*chosen].process.tgid : 0);
        return incident;
    }

  private:
    std::uint64_t number(std::uint64_t low, std::uint64_t high)
    {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random_);
    }

    std::uint64_t pick(std::initializer_list<std::uint64_t> of) { return *(of.begin() + number(0, of.size() - 1)); }

    std::int32_t adj()
    {
        constexpr std::int32_t usual[] = {0, 0, 0, 1, -1, 500, -500, 999, 1000, -998, -999};
        return usual[number(0, std::size(usual) - 1)];
    }

    std::mt19937 random_;
};

const Counterfactual *of_kind(const Verdict &verdict, CounterfactualKind kind)
{
    const auto found = std::find_if(verdict.counterfactuals.begin(), verdict.counterfactuals.end(),
                                    [&](const Counterfactual &one) { return one.kind == kind; });
    return found == verdict.counterfactuals.end() ? nullptr : &*found;
}

std::optional<std::uint32_t> tgid_of(const Incident &incident, std::optional<std::size_t> candidate)
{
    return candidate ? std::optional(incident.candidates[*candidate].process.tgid) : std::nullopt;
}

std::optional<std::uint32_t> tgid_of(const Counterfactual &counterfactual)
{
    return counterfactual.chosen ? std::optional(counterfactual.chosen->tgid) : std::nullopt;
}

TEST(Counterfactuals, AreWhatTheKernelsLoopWouldHaveDone)
{
    std::uint64_t saved_by_adj = 0, saved_only_by_protection = 0, ties = 0;
    for (unsigned seed = 0; seed < 5'000; ++seed) {
        const Incident incident = RandomLedger(seed).incident();
        const Verdict verdict = explain(incident);
        const auto chosen = select_bad_process(incident, 0, 0);
        if (!chosen) {
            ASSERT_TRUE(verdict.victim.ranking.empty()) << seed;
            ASSERT_TRUE(verdict.counterfactuals.empty()) << seed;
            continue;
        }
        const std::uint32_t victim = incident.candidates[*chosen].process.tgid;
        const std::int32_t own_adj = incident.candidates[*chosen].process.oom_score_adj;
        ASSERT_EQ(verdict.victim.ranking.front().task.tgid, victim) << seed;
        ASSERT_TRUE(verdict.disagreements.empty()) << seed;
        const auto &reasons = verdict.victim.reasons;
        ties += std::find(reasons.begin(), reasons.end(), VictimReason::tie) != reasons.end() ? 1 : 0;

        const Counterfactual *saved = of_kind(verdict, CounterfactualKind::victim_saved);
        ASSERT_NE(saved, nullptr) << seed;
        ASSERT_EQ(saved->adj_before, own_adj) << seed;
        ASSERT_LT(*saved->adj_after, own_adj) << seed;
        const auto then = select_bad_process(incident, victim, *saved->adj_after);
        ASSERT_NE(then, chosen) << seed;
        ASSERT_EQ(tgid_of(*saved), tgid_of(incident, then)) << seed;
        ASSERT_EQ(select_bad_process(incident, victim, *saved->adj_after + 1), chosen) << seed << ": one less saves it too";
        (*saved->adj_after == -1000 ? saved_only_by_protection : saved_by_adj) += 1;

        const Counterfactual *absent = of_kind(verdict, CounterfactualKind::victim_absent);
        ASSERT_NE(absent, nullptr) << seed;
        ASSERT_EQ(tgid_of(*absent), tgid_of(incident, select_bad_process(incident, victim, -1000))) << seed;

        const Counterfactual *zero = of_kind(verdict, CounterfactualKind::victim_adj_zero);
        ASSERT_EQ(zero != nullptr, own_adj != 0) << seed;
        if (zero != nullptr) {
            ASSERT_EQ(tgid_of(*zero), tgid_of(incident, select_bad_process(incident, victim, 0))) << seed;
        }
    }
    // Else the ledgers would not have asked much.
    EXPECT_GT(saved_by_adj, 1'000U);
    EXPECT_GT(saved_only_by_protection, 100U);
    EXPECT_GT(ties, 100U);
}

TEST(Counterfactuals, NoneWhereTheLedgerIsNotWhole)
{
    Incident incident = sample::memcg_kill();
    incident.completeness.complete = false;
    EXPECT_EQ(explain(incident).no_counterfactuals, NoCounterfactuals::ledger_incomplete);
    EXPECT_TRUE(explain(incident).counterfactuals.empty());
    incident.completeness.every_candidate = true; // it is something else that is missing
    EXPECT_EQ(explain(incident).no_counterfactuals, NoCounterfactuals::none);
    EXPECT_FALSE(explain(incident).counterfactuals.empty());

    incident = sample::memcg_kill();
    incident.candidates[4].points.reset();
    EXPECT_EQ(explain(incident).no_counterfactuals, NoCounterfactuals::points_not_known);

    incident = sample::memcg_kill();
    incident.host.kernel = "3.16.0-4-amd64";
    EXPECT_EQ(explain(incident).no_counterfactuals, NoCounterfactuals::formula_not_known);

    incident = sample::memcg_kill();
    sample::weigh(incident, 4125);
    EXPECT_EQ(explain(incident).no_counterfactuals, NoCounterfactuals::choice_does_not_follow);
    EXPECT_EQ(explain(sample::already_dying()).no_counterfactuals, NoCounterfactuals::nothing_weighed);
}

// Up to 5.8 every score below 1 is 1: what is under it shows only in the sizes.
TEST(Counterfactuals, UnsignedPointsNeedTheSizes)
{
    CandidateTask task = sample::task(1, "a", 0, -500, "/", {.anon = 100 * page});
    task.points = 1;
    const auto formula = BadnessFormula::unsigned_until_5_8;
    EXPECT_EQ(points_with_adj(task, 0, 1'000'000, page, formula).points, 100);
    EXPECT_EQ(points_with_adj(task, -999, 1'000'000, page, formula).points, 1);
    EXPECT_FALSE(points_with_adj(task, -1000, 1'000'000, page, formula).points);
    task.memory.reset();
    EXPECT_FALSE(points_with_adj(task, 0, 1'000'000, page, formula).known);
    task.points = 7;
    EXPECT_EQ(points_with_adj(task, -499, 1'000'000, page, formula).points, 1007);
    EXPECT_EQ(points_with_adj(task, -501, 1'000'000, page, formula).points, 1);
}

TEST(Counterfactuals, ATaskThatAskedToBeFirstIsSavedByNoSetting)
{
    Incident incident = sample::memcg_kill();
    for (CandidateTask &one : incident.candidates)
        one.chosen = &one == &incident.candidates[3];
    incident.candidates[3].points = std::numeric_limits<std::int64_t>::max();
    incident.victim->process = incident.candidates[3].process;
    incident.victim->points = incident.candidates[3].points;
    const Verdict verdict = explain(incident);
    EXPECT_EQ(verdict.victim.reasons.front(), VictimReason::asked_to_be_first);
    EXPECT_EQ(of_kind(verdict, CounterfactualKind::victim_saved), nullptr);
    EXPECT_EQ(of_kind(verdict, CounterfactualKind::victim_absent)->chosen->tgid, 4121U);
}

TEST(Ranking, FormulaByRelease)
{
    EXPECT_EQ(formula_of("6.12.48-amd64"), BadnessFormula::signed_since_5_9);
    EXPECT_EQ(formula_of("5.9.0"), BadnessFormula::signed_since_5_9);
    EXPECT_EQ(formula_of("5.8.18"), BadnessFormula::unsigned_until_5_8);
    EXPECT_EQ(formula_of("4.17"), BadnessFormula::unsigned_until_5_8);
    EXPECT_EQ(formula_of("4.16.1"), std::nullopt);
    EXPECT_EQ(formula_of("2.6.27-gentoo-r8"), std::nullopt);
    for (const char *unreadable : {"", "x", "6", "6.", "-1.2"})
        EXPECT_EQ(formula_of(unreadable), std::nullopt) << unreadable;
}

} // namespace
} // namespace oomtrace
