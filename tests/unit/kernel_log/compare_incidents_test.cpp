// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/compare_incidents.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel_log/compare_text.h"
#include "kernel_log/log_reader.h"
#include "support/report_file.h"

namespace oomtrace::kernel_log
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

// The first report of a file.
Incident first_of(const std::string &name)
{
    std::vector<Incident> incidents;
    LogReader reader([&](const Incident &incident) { incidents.push_back(incident); }, "test");
    reader.feed(test::report_text(name));
    reader.finish();
    EXPECT_FALSE(incidents.empty());
    return incidents.front();
}

// A record of the same OOM as a function hook makes it: it has whatever the report has.
Incident record_of(const Incident &kernel)
{
    Incident ours = kernel;
    ours.log_facts.reset();
    ours.completeness = {};
    ours.completeness.every_candidate = true;
    for (Node &node : ours.nodes) {
        for (Zone &zone : node.zones)
            zone.boost_bytes = zone.boost_bytes.value_or(0);
    }
    return ours;
}

std::vector<std::string> fields_of(const KernelLogCheck &check)
{
    std::vector<std::string> fields;
    for (const KernelLogCheck::Mismatch &mismatch : check.mismatches)
        fields.push_back(mismatch.field);
    return fields;
}

using Change = std::function<void(Incident &)>;
struct Wrong {
    std::string field;
    Change change;
};

MemcgLevel &fired(Incident &incident)
{
    for (MemcgLevel &level : incident.memcg.levels) {
        if (level.fired)
            return level;
    }
    throw std::runtime_error("no level fired");
}

Zone &normal(Incident &incident)
{
    return incident.nodes.at(0).zones.at(0);
}

TEST(CompareIncidents, AgreesWithItself)
{
    const std::vector<std::pair<std::string, std::uint64_t>> at_least = {{"memcg_v2-6.12.txt", 60},
                                                                         {"memcg_v1-6.1.txt", 50},
                                                                         {"memcg_v2-7.3.txt", 60},
                                                                         {"global-6.12.txt", 80},
                                                                         {"global-5.10.txt", 80}};
    for (const auto &[name, values] : at_least) {
        const Incident kernel = first_of(name);
        const KernelLogCheck check = compare(record_of(kernel), kernel);
        EXPECT_THAT(fields_of(check), IsEmpty()) << name;
        EXPECT_GE(check.compared, values) << name;
        EXPECT_EQ(check.moved, 0U) << name;
        EXPECT_EQ(check.note, "") << name;
    }
}

TEST(CompareIncidents, FindsEachValueOfACgroupsOomThatIsWrong)
{
    const Incident kernel = first_of("memcg_v2-6.12.txt");
    const std::string candidate = "candidates[" + std::to_string(kernel.candidates.at(0).process.pid) + "]";
    const std::vector<Wrong> wrongs = {
        {"trigger.pid", [](Incident &ours) { ++ours.trigger.process.pid; }},
        {"trigger.comm", [](Incident &ours) { ours.trigger.process.comm = "other"; }},
        {"trigger.uid", [](Incident &ours) { ours.trigger.process.uid = 77; }},
        {"trigger.oom_score_adj", [](Incident &ours) { ++ours.trigger.process.oom_score_adj; }},
        {"trigger.cpuset", [](Incident &ours) { ours.trigger.cpuset = "other"; }},
        {"allocation.gfp_mask", [](Incident &ours) { *ours.allocation.gfp_mask ^= 1; }},
        {"allocation.gfp_flags", [](Incident &ours) { ours.allocation.gfp_flags.push_back("__GFP_ZERO"); }},
        {"allocation.order", [](Incident &ours) { ++*ours.allocation.order; }},
        {"allocation.nodemask", [](Incident &ours) { ours.allocation.nodemask = {1}; }},
        {"allocation.mems_allowed",
         [](Incident &ours) {
             ours.allocation.mems_allowed = {0, 1};
         }},
        {"scope", [](Incident &ours) { ours.scope = Scope::global; }},
        {"constraint", [](Incident &ours) { ours.constraint = Constraint::none; }},
        {"kernel_message", [](Incident &ours) { ours.kernel_message = "Out of memory"; }},
        {"victim.pid", [](Incident &ours) { ++ours.victim->process.pid; }},
        {"victim.comm", [](Incident &ours) { ours.victim->process.comm = "sacrifice (3)"; }},
        {"victim.uid", [](Incident &ours) { ours.victim->process.uid = 0; }},
        {"victim.oom_score_adj", [](Incident &ours) { ours.victim->process.oom_score_adj = 499; }},
        {"victim.cgroup", [](Incident &ours) { ours.victim->process.cgroup = "/limited/eaters"; }},
        {"victim.total_vm_bytes", [](Incident &ours) { ours.victim->memory.total_vm_bytes += 4096; }},
        {"victim.rss_anon_bytes", [](Incident &ours) { ours.victim->memory.rss_anon_bytes += 5 << 20; }},
        {"victim.rss_file_bytes", [](Incident &ours) { ours.victim->memory.rss_file_bytes += 5 << 20; }},
        {"victim.rss_shmem_bytes", [](Incident &ours) { ours.victim->memory.rss_shmem_bytes += 5 << 20; }},
        {"victim.pgtables_bytes", [](Incident &ours) { ours.victim->memory.pgtables_bytes += 5 << 20; }},
        {"memcg.path", [](Incident &ours) { ours.memcg.path = "/limited/eaters"; }},
        {"memcg.memory.max_bytes", [](Incident &ours) { *fired(ours).memory.max_bytes += 4096; }},
        {"memcg.swap.max_bytes", [](Incident &ours) { fired(ours).swap->max_bytes = 1; }},
        {candidate + ".tgid", [](Incident &ours) { ++ours.candidates.at(0).process.tgid; }},
        {candidate + ".comm", [](Incident &ours) { ours.candidates.at(0).process.comm = "other"; }},
        {candidate + ".uid", [](Incident &ours) { ours.candidates.at(0).process.uid = 4242; }},
        {candidate + ".oom_score_adj", [](Incident &ours) { ours.candidates.at(0).process.oom_score_adj = 17; }},
        {candidate + ".total_vm_bytes", [](Incident &ours) { ours.candidates.at(0).memory->total_vm_bytes += 5 << 20; }},
        {candidate + ".rss_anon_bytes", [](Incident &ours) { ours.candidates.at(0).memory->rss_anon_bytes += 5 << 20; }},
        {candidate + ".rss_file_bytes", [](Incident &ours) { ours.candidates.at(0).memory->rss_file_bytes += 5 << 20; }},
        {candidate + ".rss_shmem_bytes", [](Incident &ours) { ours.candidates.at(0).memory->rss_shmem_bytes += 5 << 20; }},
        {candidate + ".swap_bytes", [](Incident &ours) { ours.candidates.at(0).memory->swap_bytes += 5 << 20; }},
        {candidate + ".pgtables_bytes", [](Incident &ours) { ours.candidates.at(0).memory->pgtables_bytes += 5 << 20; }},
        {candidate + ".pid", [](Incident &ours) { ours.candidates.erase(ours.candidates.begin()); }},
        {"candidates[9999].pid",
         [](Incident &ours) {
             ours.candidates.push_back(ours.candidates.front());
             ours.candidates.back().process.pid = 9999;
         }},
    };
    for (const auto &[field, change] : wrongs) {
        Incident ours = record_of(kernel);
        change(ours);
        EXPECT_THAT(fields_of(compare(ours, kernel)), ElementsAre(field));
    }
}

TEST(CompareIncidents, FindsEachValueOfAHostsOomThatIsWrong)
{
    const Incident kernel = first_of("global-6.12.txt");
    const std::string zone = "nodes[0].zones[" + kernel.nodes.at(0).zones.at(0).name + "]";
    const std::vector<Wrong> wrongs = {
        {zone + ".min_bytes", [](Incident &ours) { normal(ours).min_bytes += 4096; }},
        {zone + ".low_bytes", [](Incident &ours) { normal(ours).low_bytes += 4096; }},
        {zone + ".high_bytes", [](Incident &ours) { normal(ours).high_bytes += 4096; }},
        {zone + ".managed_bytes", [](Incident &ours) { *normal(ours).managed_bytes += 4096; }},
        {zone + ".present_bytes", [](Incident &ours) { *normal(ours).present_bytes += 4096; }},
        {zone + ".lowmem_reserve_bytes", [](Incident &ours) { normal(ours).lowmem_reserve_bytes.at(0) += 4096; }},
        {zone, [](Incident &ours) { normal(ours).name = "Movable"; }},
        {"swap.total_bytes", [](Incident &ours) { *ours.swap.total_bytes += 4096; }},
    };
    for (const auto &[field, change] : wrongs) {
        Incident ours = record_of(kernel);
        change(ours);
        EXPECT_THAT(fields_of(compare(ours, kernel)), ElementsAre(field));
    }
}

TEST(CompareIncidents, LooksAtEveryProcessOfAGroup)
{
    const Incident kernel = first_of("group_and_sysrq-6.12.kmsg.txt");
    ASSERT_EQ(kernel.kills.size(), 3U);
    const std::vector<Wrong> wrongs = {
        {"kills[151].pid", [](Incident &ours) { ours.kills.at(1).process.pid = ours.kills.at(1).process.tgid = 1; }},
        {"kills[151].comm", [](Incident &ours) { ours.kills.at(1).process.comm = "x"; }},
        {"kills[150].uid", [](Incident &ours) { ours.kills.at(2).process.uid = 1; }},
        {"kills[150].oom_score_adj", [](Incident &ours) { ours.kills.at(2).process.oom_score_adj = 1; }},
        {"kills[150].rss_anon_bytes", [](Incident &ours) { ours.kills.at(2).memory->rss_anon_bytes += 5 << 20; }},
    };
    for (const auto &[field, change] : wrongs) {
        Incident ours = record_of(kernel);
        change(ours);
        EXPECT_THAT(fields_of(compare(ours, kernel)), ElementsAre(field));
    }
}

TEST(CompareIncidents, SaysWhatBothHave)
{
    const Incident kernel = first_of("memcg_v2-6.12.txt");
    Incident ours = record_of(kernel);
    ours.victim->process.uid = 77;
    const KernelLogCheck check = compare(ours, kernel);
    ASSERT_EQ(check.mismatches.size(), 1U);
    EXPECT_EQ(check.mismatches[0].ours, "77");
    EXPECT_EQ(check.mismatches[0].kernel, "1001");
}

TEST(CompareIncidents, CountsWhatMovesApart)
{
    const Incident kernel = first_of("memcg_v2-6.12.txt");
    Incident ours = record_of(kernel);
    ours.victim->memory.rss_anon_bytes += always_may_move_bytes;
    ours.candidates.at(0).memory->pgtables_bytes += 4096;
    const KernelLogCheck check = compare(ours, kernel);
    EXPECT_THAT(fields_of(check), IsEmpty());
    EXPECT_EQ(check.moved, 2U);
    ours.victim->memory.rss_anon_bytes += 1;
    EXPECT_THAT(fields_of(compare(ours, kernel)), ElementsAre("victim.rss_anon_bytes"));
}

TEST(CompareIncidents, AllowsALargeProcessItsShare)
{
    constexpr std::uint64_t large = 100ULL << 30;
    EXPECT_EQ(may_move_bytes(large, 1), large / 100 * may_move_percent);
    EXPECT_EQ(may_move_bytes(1, large), large / 100 * may_move_percent);
    EXPECT_EQ(may_move_bytes(0, 0), always_may_move_bytes);
    EXPECT_EQ(may_come_and_go(49), 0U);
    EXPECT_EQ(may_come_and_go(1000), 20U);
}

TEST(CompareIncidents, TakesTheBoostOutOfTheWatermarks)
{
    Incident kernel = first_of("global-6.12.txt");
    normal(kernel).boost_bytes = 0;
    Incident ours = record_of(kernel);
    Zone &zone = normal(ours);
    zone.boost_bytes = 8192;
    zone.min_bytes += 8192;
    zone.low_bytes += 8192;
    zone.high_bytes += 8192;
    const KernelLogCheck check = compare(ours, kernel);
    EXPECT_THAT(fields_of(check), IsEmpty());
    EXPECT_EQ(check.moved, 1U);
}

TEST(CompareIncidents, DoesNotCompareWhatOneSideLacks)
{
    const Incident kernel = first_of("memcg_v2-6.12.txt");
    Incident ours = record_of(kernel);
    const std::uint64_t all = compare(ours, kernel).compared;
    ours.allocation.gfp_mask.reset();
    ours.allocation.order.reset();
    const KernelLogCheck check = compare(ours, kernel);
    EXPECT_EQ(check.compared, all - 3); // the flags' names with the mask
    EXPECT_THAT(fields_of(check), IsEmpty());
}

TEST(CompareIncidents, DoesNotAskForTasksThatEitherSideMayHaveLost)
{
    Incident kernel = first_of("memcg_v2-6.12.txt");
    Incident ours = record_of(kernel);
    ours.completeness.every_candidate = false;
    ours.candidates.erase(ours.candidates.begin());
    EXPECT_THAT(fields_of(compare(ours, kernel)), IsEmpty());

    ours = record_of(kernel);
    kernel.candidates.erase(kernel.candidates.begin());
    kernel.completeness.complete = false;
    EXPECT_THAT(fields_of(compare(ours, kernel)), IsEmpty());
}

TEST(CompareIncidents, BoundsWhatItKeeps)
{
    const Incident kernel = first_of("memcg_v2-6.12.txt");
    Incident large = kernel;
    while (large.candidates.size() < 200) {
        large.candidates.push_back(kernel.candidates.front());
        large.candidates.back().process.pid = static_cast<std::uint32_t>(10'000 + large.candidates.size());
    }
    Incident ours = record_of(large);
    std::size_t wrong = 0;
    for (CandidateTask &task : ours.candidates) {
        task.process.uid = 4242;
        ++wrong;
    }
    const KernelLogCheck check = compare(ours, large);
    EXPECT_EQ(check.mismatches.size(), most_mismatches);
    EXPECT_EQ(check.note, std::to_string(wrong - most_mismatches) + " more mismatches");
}

TEST(CompareText, KnowsWhatALogCannotHave)
{
    EXPECT_TRUE(same_comm("kworker/0:1 ", "kworker/0:1"));
    EXPECT_TRUE(same_comm("two\nlines", "two"));
    EXPECT_FALSE(same_comm("two", "tw"));
    EXPECT_FALSE(same_comm("", "tw"));
    const std::string path = "/" + std::string(400, 'p');
    EXPECT_TRUE(same_path(path, path.substr(0, 255)));
    EXPECT_FALSE(same_path(path, path.substr(0, 200)));
    EXPECT_FALSE(same_path("/a/b", "/a"));
}

} // namespace
} // namespace oomtrace::kernel_log
