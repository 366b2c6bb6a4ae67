// SPDX-License-Identifier: Apache-2.0
//
// A verdict's words, whole. What the terminal and JSON both print.
#include <algorithm>
#include <string>

#include <gmock/gmock.h>

#include "explain/explain.h"
#include "sinks/why_now_text.h"
#include "sinks/why_victim_text.h"
#include "support/sample_incident.h"
#include "support/sample_old_report.h"

namespace oomtrace
{
namespace
{

using sample::gib;
using sample::kib;
using sample::mib;

std::string why_now(const Incident &incident)
{
    return why_now_text(incident, explain(incident).now, 60);
}

std::string why_victim(const Incident &incident)
{
    return why_victim_text(incident, explain(incident).victim, 60);
}

std::string otherwise(const Incident &incident)
{
    return otherwise_text(explain(incident));
}

CandidateTask &task_of(Incident &incident, std::uint32_t tgid)
{
    return *std::find_if(incident.candidates.begin(), incident.candidates.end(),
                         [&](const CandidateTask &one) { return one.process.tgid == tgid; });
}

// ---- why now: a cgroup ----------------------------------------------------------------------------------------------

TEST(WhyNow, LimitReached)
{
    Incident incident = sample::memcg_kill();
    EXPECT_EQ(why_now(incident), "Cgroup /kube/pod7/db has used up its 2 GiB limit, and there is no swap.");
    incident.swap = {4 * gib, 3 * gib}; // the host has some; the cgroup's limit of it is 0
    EXPECT_EQ(why_now(incident), "Cgroup /kube/pod7/db has used up its 2 GiB limit, and it may not swap.");
    incident.memcg.levels[0].swap->max_bytes = 256 * mib;
    incident.memcg.levels[0].swap->usage_bytes = 256 * mib;
    EXPECT_EQ(why_now(incident), "Cgroup /kube/pod7/db has used up its 2 GiB limit, and its 256 MiB of swap are used up.");
    incident.memcg.levels[0].swap->max_bytes.reset();
    EXPECT_EQ(why_now(incident), "Cgroup /kube/pod7/db has used up its 2 GiB limit, and swap was not full (3.00 GiB free), but "
                                 "too little could be moved there.");
    incident.swap = {};
    EXPECT_EQ(why_now(incident), "Cgroup /kube/pod7/db has used up its 2 GiB limit.");
}

TEST(WhyNow, SwapThatWasReadWhenTheVictimHadGivenItsBack)
{
    Incident incident = sample::memcg_kill();
    incident.memcg.levels[0].swap->max_bytes.reset();
    incident.provenance.swap = {Source::procfs, ""};
    incident.kills[0].memory->swap_bytes = 3 * gib;
    const std::string used_up = "Cgroup /kube/pod7/db has used up its 2 GiB limit";
    incident.swap = {8 * gib, 3 * gib}; // it may all have been the victim's
    EXPECT_EQ(why_now(incident), used_up + ".");
    incident.swap.free_bytes = 4 * gib; // it was not all the victim's
    EXPECT_EQ(why_now(incident), used_up + ", and swap was not full (4.00 GiB free), but too little could be moved there.");
    incident.swap.free_bytes = 0;
    EXPECT_EQ(why_now(incident), used_up + ", and swap is full (0 B of 8.00 GiB free).");
    incident.provenance.swap.source = Source::observed; // at the OOM itself
    incident.swap.free_bytes = 3 * gib;
    EXPECT_EQ(why_now(incident), used_up + ", and swap was not full (3.00 GiB free), but too little could be moved there.");
}

TEST(WhyNow, LimitOfAnAncestor)
{
    Incident incident = sample::memcg_kill();
    incident.memcg.levels[0].fired = false;
    incident.memcg.levels[1].fired = true;
    incident.memcg.levels[1].memory.usage_bytes = 4 * gib;
    incident.memcg.path = "/kube/pod7";
    incident.memcg.limit_bytes = incident.memcg.usage_bytes = 4 * gib;
    EXPECT_EQ(why_now(incident),
              "Cgroup /kube/pod7 has used up its 4 GiB limit, which holds for all cgroups below it, and there "
              "is no swap. At least 2.01 GiB of that is in no process (tmpfs files, page cache, kernel "
              "memory) and need not come back with a kill.");
}

TEST(WhyNow, LimitOfZeroLoweredOrPassed)
{
    Incident incident = sample::memcg_kill();
    LimitCounter &memory = incident.memcg.levels[0].memory;
    memory.max_bytes = 0;
    EXPECT_EQ(why_now(incident), "Cgroup /kube/pod7/db has a limit of 0: it may hold nothing at all.");
    memory.max_bytes = 1536 * mib;
    EXPECT_EQ(why_now(incident), "Cgroup /kube/pod7/db uses 2.00 GiB, 512 MiB more than its 1.5 GiB limit: the limit was "
                                 "lowered, or the kernel had to charge past it, and there is no swap.");
    incident.trigger.stack.push_back({0xffffffff812a4000, "memory_max_write+0x11c"});
    EXPECT_EQ(why_now(incident),
              "The limit of cgroup /kube/pod7/db was lowered to 1.5 GiB while it used 2.00 GiB, and there is "
              "no swap.");
    incident.trigger.stack.clear();
    memory.max_bytes = memory.usage_bytes - 64 * 4 * kib; // one batch of charges
    EXPECT_EQ(explain(incident).now.shortage, Shortage::memcg_limit);
}

TEST(WhyNow, MemoryAndSwapLimit)
{
    EXPECT_EQ(
        why_now(sample::tracepoint_kill()),
        "Cgroup /docker/build has used up its 768 MiB memory+swap limit, and swapping does not help: the limit counts swap "
        "too.");
}

// tmpfs fills it: no kill brings that back.
TEST(WhyNow, WhatNoKillCanFree)
{
    Incident incident = sample::memcg_kill();
    task_of(incident, 4121).memory->rss_anon_bytes = 100 * mib;
    task_of(incident, 4131).process.oom_score_adj = 0;
    sample::weigh(incident, 4121);
    EXPECT_EQ(why_now(incident), "Cgroup /kube/pod7/db has used up its 2 GiB limit, and there is no swap. At least 1.54 GiB of "
                                 "that is in no process (tmpfs files, page cache, kernel memory) and need not come back with a "
                                 "kill.");
    EXPECT_EQ(why_victim(incident),
              "postgres[4121] had the highest score of the 7 that could be killed: it held 196 MiB; 31.7 MiB ahead of "
              "postgres[4125]. It held only 192 MiB itself: most of the memory that ran out is not its own.");
    incident.completeness.complete = false; // a process may be missing that holds it
    EXPECT_EQ(why_now(incident), "Cgroup /kube/pod7/db has used up its 2 GiB limit, and there is no swap.");
}

TEST(WhyNow, WhatTheStatisticsOfTheCgroupSay)
{
    Incident incident = sample::memcg_kill();
    incident.log_facts.emplace().memcg_stats = {
        {"anon", 300 * mib},         {"file", 1500 * mib},          {"shmem", 1400 * mib},
        {"kernel", 200 * mib},       {"slab_reclaimable", 4 * mib}, {"slab_unreclaimable", 180 * mib},
        {"kernel_stack", 2 * mib},   {"pagetables", 6 * mib},       {"sock", 0},
        {"pgfault", 123'456'789'012}};
    EXPECT_EQ(
        why_now(incident),
        "Cgroup /kube/pod7/db has used up its 2 GiB limit, and there is no swap. It is filled with 1.37 GiB of shared memory "
        "and tmpfs files, 300 MiB of process memory (anon), 180 MiB of kernel objects (slab).");
}

// ---- why now: the host ----------------------------------------------------------------------------------------------

TEST(WhyNow, ZonesShort)
{
    EXPECT_EQ(why_now(sample::global_kill()),
              "No zone could give the 4 KiB asked for: Normal is 1.31 MiB below its min watermark (52.8 MiB free); the 56.3 "
              "MiB left in DMA32 and 11.0 MiB in DMA are kept for requests that can use no higher zone (lowmem_reserve). Swap "
              "is full (0 B of 2.00 GiB free). The 15.7 GiB of the host are filled with 14.0 GiB of process memory (anon), 992 "
              "MiB of memory in no counter (drivers, a balloon).");
}

TEST(WhyNow, Fragmentation)
{
    Incident incident = sample::global_kill();
    incident.allocation.order = 3;
    incident.nodes[0].zones[2].free_bytes = 100 * mib;
    EXPECT_EQ(why_now(incident),
              "No zone could give the 32 KiB asked for in one piece: Normal has 100 MiB free, but no block of 32 KiB; the 56.3 "
              "MiB left in DMA32 and 11.0 MiB in DMA are kept for requests that can use no higher zone (lowmem_reserve). Swap "
              "is full (0 B of 2.00 GiB free). The 15.7 GiB of the host are filled with 14.0 GiB of process memory (anon), 945 "
              "MiB of memory in no counter (drivers, a balloon).");
}

TEST(WhyNow, NodesThatAreNotAllowed)
{
    Incident incident = sample::global_kill();
    Node second = incident.nodes[0];
    second.node = 1;
    for (Zone &zone : second.zones)
        zone.free_bytes = zone.managed_bytes.value_or(0) / 2;
    incident.nodes.push_back(second);
    incident.constraint = Constraint::cpuset;
    incident.trigger.cpuset = "/web";
    incident.nodes[0].stat_bytes["anon_mapped"] = 10 * gib;
    EXPECT_EQ(why_now(incident),
              "No zone could give the 4 KiB asked for: Normal of node 0 is 1.31 MiB below its min watermark (52.8 MiB free); "
              "the 56.3 MiB left in DMA32 of node 0 and 11.0 MiB in DMA of node 0 are kept for requests that can use no higher "
              "zone (lowmem_reserve). 7.85 GiB is free on node 1, which cpuset /web does not allow. Swap is full (0 B of 2.00 "
              "GiB free). The 15.7 GiB of the nodes that were allowed are filled with 10.0 GiB of process memory (anon).");
    EXPECT_EQ(why_victim(incident),
              "java[911] had the highest score of the 7 that could be killed: it held 12.6 GiB and 1.72 GiB in swap; 5.28 GiB "
              "ahead of python3[1310]. Scores count memory on all nodes, not only on those that were short. At least 2.60 GiB "
              "of what it held lay on nodes that were not short.");
    incident.constraint = Constraint::memory_policy;
    incident.allocation.nodemask = std::vector<std::uint32_t>{0};
    EXPECT_EQ(explain(incident).now.free_on_other_nodes_bytes,
              second.zones[0].free_bytes + second.zones[1].free_bytes + second.zones[2].free_bytes);
    EXPECT_NE(why_now(incident).find(" is free on node 1, which its NUMA policy does not allow. "), std::string::npos);
}

TEST(WhyNow, MemoryCameBackBeforeItWasRead)
{
    Incident incident = sample::global_kill();
    incident.nodes[0].zones[2].free_bytes = 2 * gib;
    EXPECT_EQ(
        why_now(incident),
        "When the zones were read there was room for the 4 KiB asked for again: what was short had come back by then. Swap is "
        "full (0 B of 2.00 GiB free). The 15.7 GiB of the host are filled with 14.0 GiB of process memory (anon).");
    incident.allocation.order.reset(); // how much was asked for is not known
    EXPECT_EQ(explain(incident).now.shortage, Shortage::unknown);
}

TEST(WhyNow, ReportsOfOldKernels)
{
    EXPECT_EQ(why_now(sample::small_host_of_2_6_27()),
              "No zone could give the 4 KiB asked for: DMA32 is 108 KiB below its min watermark (5.48 MiB free); the 7.84 MiB "
              "left in DMA is kept for requests that can use no higher zone (lowmem_reserve). Swap was not full (145 GiB "
              "free), but too little could be moved there.");
    const Incident highmem = sample::highmem_host_of_2_6_16();
    EXPECT_EQ(why_now(highmem),
              "No zone could give what was asked for: Normal is 2.36 MiB below its min watermark (1.31 MiB free); the 3.46 MiB "
              "left in DMA is kept for requests that can use no higher zone (lowmem_reserve). 1.54 GiB is free in HighMem: the "
              "request must have been one that cannot use it, such as most of the kernel's own.");
    EXPECT_EQ(explain(highmem).now.highest_zone, "Normal");
    EXPECT_EQ(explain(highmem).now.highest_zone_source, HighestZoneSource::deduced);
}

TEST(WhyNow, ByHandAndNotKnown)
{
    EXPECT_EQ(why_now(sample::sysrq_kill()), "The OOM killer was started by hand (SysRq f): memory need not have been short.");
    EXPECT_EQ(why_now(Incident{}), "");
    Incident incident = sample::global_kill();
    incident.nodes.clear();
    incident.swap = {};
    EXPECT_EQ(why_now(incident), "Which memory was short is not known: no zones in the record.");
}

// ---- why this one ---------------------------------------------------------------------------------------------------

TEST(WhyVictim, HighestScore)
{
    EXPECT_EQ(why_victim(sample::memcg_kill()), "postgres[4121] had the highest score of the 7 that could be killed: it held "
                                                "1.72 GiB; 1.09 GiB ahead of pg_exporter[4131].");
    EXPECT_EQ(otherwise(sample::memcg_kill()),
              "With oom_score_adj -545 or lower for postgres[4121], pg_exporter[4131] would have been killed instead.");
}

TEST(WhyVictim, OwnOomScoreAdjDecided)
{
    Incident incident = sample::memcg_kill();
    task_of(incident, 4125).process.oom_score_adj = 800;
    sample::weigh(incident, 4125);
    EXPECT_EQ(why_victim(incident),
              "postgres[4125] had the highest score of the 7 that could be killed: it held 164 MiB, and oom_score_adj +800 "
              "added 1.60 GiB; 41.8 MiB ahead of postgres[4121]. Its oom_score_adj decided that. postgres[4121] held more "
              "(1.72 GiB). It held only 164 MiB itself: most of the memory that ran out is not its own.");
    EXPECT_EQ(otherwise(incident),
              "With oom_score_adj 779 or lower for postgres[4125], postgres[4121] would have been killed instead.");
}

TEST(WhyVictim, OthersOomScoreAdjDecided)
{
    Incident incident = sample::memcg_kill();
    task_of(incident, 4121).process.oom_score_adj = -900;
    task_of(incident, 4131).process.oom_score_adj = 0;
    sample::weigh(incident, 4125);
    EXPECT_EQ(why_victim(incident), "postgres[4125] had the highest score of the 7 that could be killed: it held 164 MiB; 123 "
                                    "MiB ahead of postgres[4100]. postgres[4121] held more (1.72 GiB), but had oom_score_adj "
                                    "-900. It held only 164 MiB itself: most of the memory that ran out is not its own.");
    EXPECT_EQ(otherwise(incident),
              "With oom_score_adj -61 or lower for postgres[4125], postgres[4100] would have been killed instead. With "
              "oom_score_adj 0 for everyone who can be killed, postgres[4121] would have been killed instead.");
    task_of(incident, 4121).process.oom_score_adj = -1000;
    task_of(incident, 4121) = sample::skipped_task(task_of(incident, 4121), SkipReason::oom_score_adj_min);
    task_of(incident, 4121).points.reset();
    sample::weigh(incident, 4125);
    EXPECT_EQ(why_victim(incident),
              "postgres[4125] had the highest score of the 6 that could be killed: it held 164 MiB; 123 MiB ahead of "
              "postgres[4100]. postgres[4121] held more (1.72 GiB), but was protected by oom_score_adj -1000. It held only 164 "
              "MiB itself: most of the memory that ran out is not its own.");
}

TEST(WhyVictim, Tie)
{
    Incident incident = sample::memcg_kill();
    task_of(incident, 4100).memory = task_of(incident, 4121).memory;
    sample::weigh(incident, 4121);
    EXPECT_EQ(why_victim(incident),
              "postgres[4121] had the highest score of the 7 that could be killed: it held 1.72 GiB. postgres[4100] had the "
              "same score, and of equals the kernel takes the one that it looks at last.");
    EXPECT_EQ(otherwise(incident),
              "With oom_score_adj -1 or lower for postgres[4121], postgres[4100] would have been killed instead.");
}

TEST(WhyVictim, OnlyOne)
{
    Incident incident = sample::memcg_kill();
    for (CandidateTask &one : incident.candidates) {
        if (one.process.tgid != 4121) {
            one = sample::skipped_task(one, SkipReason::oom_score_adj_min);
            one.points.reset();
        }
    }
    sample::weigh(incident, 4121);
    EXPECT_EQ(why_victim(incident), "postgres[4121] was the only one of 8 tasks that could be killed.");
    EXPECT_EQ(otherwise(incident), "With oom_score_adj -1000 for postgres[4121], nobody could have been killed.");
}

TEST(WhyVictim, WhoAskedAndWhoWasDying)
{
    Incident incident = sample::global_kill();
    incident.sysctls.oom_kill_allocating_task = 1;
    incident.victim->process = incident.trigger.process;
    incident.victim->points.reset();
    EXPECT_EQ(why_victim(incident), "nginx[77701] asked for the memory, and vm.oom_kill_allocating_task has the kernel kill "
                                    "whoever asks: nobody was weighed.");
    // A tracer that sees no scan works out scores all the same.
    incident.victim->points = 1;
    incident.provenance.points.source = Source::recomputed;
    EXPECT_THAT(why_victim(incident), testing::HasSubstr("whoever asks: nobody was weighed."));
    incident.provenance.points.source = Source::observed;
    EXPECT_THAT(why_victim(incident), testing::Not(testing::HasSubstr("nobody was weighed")));
    EXPECT_EQ(why_victim(sample::already_dying()),
              "postgres[4125] was exiting already: the kernel waits for that rather than kill another.");
    EXPECT_EQ(why_victim(sample::no_killable_task()), "Nobody was killed: all 2 tasks are protected by oom_score_adj -1000.");
    EXPECT_EQ(why_victim(sample::group_kill()),
              "train[310] had the highest score of the 3 that could be killed: it held 1.20 GiB; 980 MiB ahead of loader[311]. "
              "memory.oom.group is set on /batch/job42: 3 processes died together.");
}

TEST(WhyVictim, DoesNotFollow)
{
    Incident incident = sample::memcg_kill();
    sample::weigh(incident, 4125);
    const Verdict verdict = explain(incident);
    EXPECT_EQ(why_victim(incident), "The choice does not follow from the scores: postgres[4121] has the highest.");
    ASSERT_EQ(verdict.disagreements.size(), 1U);
    EXPECT_EQ(disagreement_text(verdict.disagreements[0], verdict.victim),
              "postgres[4121] has 450,586 points and was not chosen; the victim has 42,099");
    EXPECT_EQ(no_counterfactuals_text(verdict.no_counterfactuals),
              "What would have saved it is not worked out: the choice does not follow from the scores.");
}

TEST(WhyVictim, RecordThatIsNotWhole)
{
    const Incident incident = sample::incomplete();
    EXPECT_EQ(why_victim(incident), "postgres[4121] had the highest score of the 4 that are in this record: it held 1.72 GiB; "
                                    "1.56 GiB ahead of postgres[4125].");
    EXPECT_EQ(no_counterfactuals_text(explain(incident).no_counterfactuals),
              "What would have saved it is not worked out: not every task that was weighed is in the record.");
}

} // namespace
} // namespace oomtrace
