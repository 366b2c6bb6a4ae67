// SPDX-License-Identifier: Apache-2.0
//
// Which limit fired, under which constraint, out of how many pages.
#include "reconstruct/oom_domain.h"

#include <gmock/gmock.h>

#include "support/canned_episodes.h"
#include "support/replay.h"

namespace oomtrace::test
{
namespace
{

using testing::HasSubstr;

void tracepoint_begin(Stream &stream, const Task &trigger, const Stream::Change<wire_invocation_begin> &change = {})
{
    stream.host().begin_episode(1).begin(trigger, 0, [&](wire_invocation_begin &wire) {
        wire.attach_method = WIRE_ATTACH_TRACEPOINT;
        wire.valid = WIRE_BEGIN_MEMS_ALLOWED;
        if (change) {
            change(wire);
        }
    });
}

Incident tracepoint_end(Stream &stream, const Stream::Change<wire_system_state> &system = {})
{
    stream.kill(leaky(), WIRE_KILL_MARK).end(WIRE_OUTCOME_UNKNOWN, [](wire_invocation_end &wire) {
        wire.walk_stop = WIRE_WALK_COMPLETE;
    });
    stream.system_state(system);
    return replay_one(stream);
}

Stream::Change<wire_memcg> limited(std::uint64_t usage, std::uint64_t max)
{
    return [=](wire_memcg &wire) {
        wire.memory.usage = usage;
        wire.memory.max = max;
    };
}

TEST(OomDomain, IsTheKernelsOwnWhereOomControlWasSeen)
{
    const Incident incident = replay_one(memcg_episode_fentry());
    EXPECT_EQ(incident.scope, Scope::memcg);
    EXPECT_EQ(incident.constraint, Constraint::memcg);
    EXPECT_EQ(incident.total_pages, app_max_pages);
    EXPECT_EQ(incident.provenance.constraint.source, Source::observed);
    EXPECT_EQ(incident.provenance.memcg.source, Source::observed);
}

TEST(OomDomain, OfASysrqIsCalledThat)
{
    Stream stream;
    stream.host().begin_episode(1).begin(Task(2, "kworker/0:1").no_mm(), 0, [](wire_invocation_begin &wire) {
        wire.order = -1;
        wire.valid |= WIRE_BEGIN_CONSTRAINT;
        wire.total_pages = 5;
    });
    stream.end(WIRE_OUTCOME_NO_VICTIM).system_state();
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.scope, Scope::sysrq);
    EXPECT_EQ(incident.constraint, Constraint::none);
    EXPECT_EQ(incident.total_pages, 5U);
}

TEST(OomDomain, KeepsTheConstraintAbsentWhereTheKernelHadNotWorkedItOut)
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky()).kill(leaky(), WIRE_KILL_MARK, WIRE_KILL_ALREADY_EXITING);
    stream.end(WIRE_OUTCOME_ALREADY_DYING).system_state();
    const Incident incident = replay_one(stream);
    EXPECT_EQ(incident.scope, Scope::global);
    EXPECT_FALSE(incident.constraint || incident.total_pages);
    EXPECT_EQ(incident.provenance.constraint.source, Source::absent);
    EXPECT_THAT(incident.provenance.constraint.note, HasSubstr("had not"));
}

TEST(OomDomain, ComesFromTheChoiceWhenTheBeginWasLost)
{
    Stream stream;
    stream.host().begin_episode(1).choice(leaky(), 9, 77).kill(leaky(), WIRE_KILL_MARK).end(WIRE_OUTCOME_KILLED);
    const Incident incident = replay_one(stream.system_state());
    EXPECT_EQ(incident.scope, Scope::memcg);
    EXPECT_EQ(incident.total_pages, 77U);
    EXPECT_EQ(incident.provenance.trigger.source, Source::absent);
    EXPECT_EQ(incident.provenance.allocation.source, Source::absent);
}

TEST(OomDomain, BelievesTheKernelsOomLock)
{
    Stream stream;
    tracepoint_begin(stream, leaky(), [](wire_invocation_begin &wire) {
        wire.valid |= WIRE_BEGIN_MEMCG_LOCKED;
        wire.oom_memcg_id = db_id; // against what the usages say
    });
    add_memcgs(stream);
    const Incident incident = tracepoint_end(stream);
    EXPECT_EQ(incident.memcg.path, "/app/db");
    EXPECT_EQ(incident.provenance.memcg.source, Source::recomputed);
    EXPECT_THAT(incident.provenance.memcg.note, HasSubstr("OOM lock"));
}

TEST(OomDomain, IsInferredAsTheInnermostLevelAtItsLimit)
{
    Stream stream;
    tracepoint_begin(stream, leaky());
    stream
        .memcg(root_id, 0, "", limited(10'000, 10'000)) // the root has no limit, whatever its counters say
        .memcg(app_id, root_id, "app", limited(999, 1'000))
        .memcg(web_id, app_id, "web", limited(936, 1'000)); // just within one batch of 64
    EXPECT_EQ(tracepoint_end(stream).memcg.path, "/app/web");
}

TEST(OomDomain, TakesAnOuterLevelWhenTheInnerOneHasRoomForAChargeBatch)
{
    Stream stream;
    tracepoint_begin(stream, leaky());
    stream.memcg(root_id, 0, "")
        .memcg(app_id, root_id, "app", limited(999, 1'000))
        .memcg(web_id, app_id, "web", limited(935, 1'000));
    const Incident incident = tracepoint_end(stream);
    EXPECT_EQ(incident.memcg.path, "/app");
    EXPECT_EQ(incident.constraint, Constraint::memcg);
}

TEST(OomDomain, OfV1LooksAtMemoryAndSwapToo)
{
    Stream stream;
    tracepoint_begin(stream, leaky());
    stream.memcg(root_id, 0, "", [](wire_memcg &wire) { wire.valid = WIRE_MEMCG_ROOT; });
    stream.memcg(web_id, root_id, "web", [](wire_memcg &wire) {
        wire.valid = 0;
        wire.memory.max = 1'000;
        wire.memory.usage = 500;
        wire.swap.max = 2'000;
        wire.swap.usage = 1'999;
    });
    EXPECT_EQ(tracepoint_end(stream).memcg.path, "/web");
}

TEST(OomDomain, OfV2DoesNotFireOnSwap)
{
    Stream stream;
    tracepoint_begin(stream, leaky());
    stream.memcg(root_id, 0, "").memcg(web_id, root_id, "web", [](wire_memcg &wire) {
        wire.memory.max = 1'000;
        wire.swap.max = wire.swap.usage = 7;
    });
    EXPECT_EQ(tracepoint_end(stream).scope, Scope::global);
}

TEST(OomDomain, IsUnknownWhereACgroupOnTheWayUpWasLost)
{
    Stream stream;
    tracepoint_begin(stream, leaky());
    stream.memcg(web_id, app_id, "web");
    add_memory(stream);
    const Incident incident = tracepoint_end(stream);
    EXPECT_EQ(incident.scope, Scope::unknown);
    EXPECT_FALSE(incident.constraint || incident.total_pages || incident.memcg.path);
    EXPECT_EQ(incident.provenance.memcg.source, Source::absent);
    EXPECT_EQ(incident.provenance.constraint.source, Source::absent);
}

TEST(OomDomain, OfTheWholeHostIsItsRamAndSwap)
{
    Stream stream;
    tracepoint_begin(stream, leaky());
    stream.memcg(root_id, 0, "").memcg(web_id, root_id, "web");
    add_memory(stream);
    const Incident incident =
        tracepoint_end(stream, [](wire_system_state &wire) { Stream::set_item(wire, WIRE_SYS_TOTAL_SWAP_BYTES, 8192); });
    EXPECT_EQ(incident.scope, Scope::global);
    EXPECT_EQ(incident.constraint, Constraint::none);
    EXPECT_EQ(incident.total_pages, (1ULL << 30) / 4096 + 2);
    EXPECT_FALSE(incident.memcg.path);
}

// Two nodes with memory, one without; 2 pages of swap.
class TwoNodes : public testing::Test
{
  protected:
    static constexpr std::uint64_t high = 100, reserve = 20;

    // `free`: of node 0 and of node 1. A zone with more than the high watermark and its reserve could have been allocated from.
    Incident incident(const std::vector<std::uint64_t> &free, const Stream::Change<wire_invocation_begin> &change = {})
    {
        tracepoint_begin(stream_, leaky(), [&](wire_invocation_begin &wire) {
            wire.mems_allowed[0] = 0b111;
            wire.valid |= WIRE_BEGIN_POLICY;
            if (change) {
                change(wire);
            }
        });
        stream_.memcg(root_id, 0, "").memcg(web_id, root_id, "web");
        stream_.node(0, 5'000).node(1, 700).node(2, 0);
        for (std::uint32_t node = 0; node < free.size(); node++) {
            stream_.zone(node, 2, "Normal", [&](wire_zone &wire) {
                wire.watermark[2] = high;
                wire.lowmem_reserve[3] = reserve;
                wire.stat[WIRE_ZONE_FREE] = static_cast<std::int64_t>(free.at(node));
            });
        }
        return tracepoint_end(stream_,
                              [](wire_system_state &wire) { Stream::set_item(wire, WIRE_SYS_TOTAL_SWAP_BYTES, 8192); });
    }

    static void bind(wire_invocation_begin &wire, std::uint64_t nodes)
    {
        wire.valid |= WIRE_BEGIN_NODEMASK;
        wire.nodemask[0] = nodes;
    }

    static constexpr std::uint64_t full = high + reserve, roomy = high + reserve + 1;
    Stream stream_;
};

TEST_F(TwoNodes, AreAllShortWithoutAConstraint)
{
    const Incident found = incident({full, full});
    EXPECT_EQ(found.constraint, Constraint::none);
    EXPECT_EQ(found.total_pages, (1ULL << 30) / 4096 + 2);
    EXPECT_EQ(found.provenance.constraint.source, Source::recomputed);
    EXPECT_TRUE(found.allocation.nodemask_known);
    EXPECT_FALSE(found.allocation.nodemask);
}

TEST_F(TwoNodes, OfACpusetCountThePresentPagesOfItsOwn)
{
    const Incident found = incident({roomy, full}, [](wire_invocation_begin &wire) { wire.mems_allowed[0] = 0b10; });
    EXPECT_EQ(found.constraint, Constraint::cpuset);
    EXPECT_EQ(found.total_pages, 702U);
    EXPECT_EQ(found.provenance.constraint.source, Source::recomputed);
    EXPECT_TRUE(found.allocation.nodemask_known);
    EXPECT_FALSE(found.allocation.nodemask);
}

// What is allocated without __GFP_HARDWALL may leave the cpuset, and did not find anything there either.
TEST_F(TwoNodes, LeaveItOpenWhetherACpusetConfinedWhenAllAreShort)
{
    const Incident found = incident({full, full}, [](wire_invocation_begin &wire) { wire.mems_allowed[0] = 0b10; });
    EXPECT_EQ(found.scope, Scope::global);
    EXPECT_FALSE(found.constraint || found.total_pages);
    EXPECT_EQ(found.provenance.constraint.source, Source::absent);
    EXPECT_THAT(found.provenance.constraint.note, HasSubstr("gfp_mask"));
    EXPECT_FALSE(found.allocation.nodemask_known);
}

TEST_F(TwoNodes, OfAMemoryPolicyCountThePresentPagesOfItsOwn)
{
    for (const std::uint64_t free : {full, roomy}) {
        stream_ = {};
        const Incident found = incident({free, full}, [](wire_invocation_begin &wire) { bind(wire, 0b10); });
        EXPECT_EQ(found.constraint, Constraint::memory_policy);
        EXPECT_EQ(found.total_pages, 702U);
        EXPECT_EQ(found.provenance.constraint.source, Source::recomputed);
        EXPECT_THAT(found.provenance.constraint.note, HasSubstr("mbind"));
        EXPECT_TRUE(found.allocation.nodemask_known);
        EXPECT_THAT(*found.allocation.nodemask, testing::ElementsAre(1));
    }
}

// constrained_alloc() asks for the policy first.
TEST_F(TwoNodes, OfAPolicyInsideACpusetAreThePolicys)
{
    const Incident found = incident({roomy, full}, [](wire_invocation_begin &wire) {
        wire.mems_allowed[0] = 0b10;
        bind(wire, 0b10);
    });
    EXPECT_EQ(found.constraint, Constraint::memory_policy);
}

TEST_F(TwoNodes, AreNotConfinedByAPolicyOfAllThatHaveMemory)
{
    const Incident found = incident({full, full}, [](wire_invocation_begin &wire) { bind(wire, 0b11); });
    EXPECT_EQ(found.constraint, Constraint::none);
    EXPECT_TRUE(found.allocation.nodemask_known);
    EXPECT_FALSE(found.allocation.nodemask);
}

// mbind() on the range of memory, most likely.
TEST_F(TwoNodes, LeaveItOpenWhatConfinedWhenOneThatIsAllowedHadRoom)
{
    const Incident found = incident({roomy, full});
    EXPECT_EQ(found.scope, Scope::global);
    EXPECT_FALSE(found.constraint || found.total_pages);
    EXPECT_EQ(found.provenance.constraint.source, Source::absent);
    EXPECT_THAT(found.provenance.constraint.note, HasSubstr("mbind"));
}

TEST_F(TwoNodes, HaveNoTotalWithoutTheHostsSwap)
{
    tracepoint_begin(stream_, leaky(), [](wire_invocation_begin &wire) {
        wire.valid |= WIRE_BEGIN_POLICY;
        wire.mems_allowed[0] = 0b11;
        bind(wire, 0b10);
    });
    stream_.memcg(root_id, 0, "").memcg(web_id, root_id, "web").node(0, 5'000).node(1, 700);
    const Incident found = tracepoint_end(stream_, [](wire_system_state &wire) { wire.valid = 0; });
    EXPECT_EQ(found.constraint, Constraint::memory_policy);
    EXPECT_FALSE(found.total_pages);
}

TEST(OomDomain, OfASysrqIsToldByTheStack)
{
    constexpr std::uint64_t frame = 0xffffffff81000000;
    const auto asked_from = [&](std::string_view function) {
        Stream stream;
        tracepoint_begin(stream, Task(2, "kworker/0:1").no_mm().memcg(web_id), [&](wire_invocation_begin &wire) {
            wire.valid |= WIRE_BEGIN_STACK | WIRE_BEGIN_SCOPE_FROM_STACK;
            wire.stack_depth = 1;
            wire.stack[0] = frame;
        });
        add_memcgs(stream); // one of them is at its limit all the same
        add_memory(stream); // and the host has memory left
        stream.node(1, 700).zone(1, 2, "Normal");
        stream.symbol(frame, function).symbol(frame + 8, "moom_callback");
        return tracepoint_end(stream);
    };
    const Incident sysrq = asked_from("moom_callback");
    EXPECT_EQ(sysrq.scope, Scope::sysrq);
    EXPECT_EQ(sysrq.constraint, Constraint::none);
    EXPECT_EQ(sysrq.total_pages, (1ULL << 30) / 4096);
    EXPECT_EQ(sysrq.provenance.constraint.source, Source::recomputed);
    EXPECT_THAT(sysrq.provenance.memcg.note, HasSubstr("moom_callback"));
    EXPECT_EQ(asked_from("out_of_memory").scope, Scope::global); // a symbol that is not of the stack says nothing
}

TEST(OomDomain, HasNoTotalWhereTheHostsSizeWasNotRead)
{
    Stream stream;
    tracepoint_begin(stream, leaky());
    stream.memcg(root_id, 0, "").memcg(web_id, root_id, "web");
    add_memory(stream);
    const Incident incident = tracepoint_end(stream, [](wire_system_state &wire) { wire.valid = 0; });
    EXPECT_EQ(incident.constraint, Constraint::none);
    EXPECT_FALSE(incident.total_pages);
}

class MemcgTotal : public testing::Test
{
  protected:
    MemcgTotal()
    {
        memcg_.v2 = true;
        memcg_.memory.max = 1'000;
        memcg_.swap.max = 300;
        system_.value = {{WIRE_SYS_TOTAL_SWAP_BYTES, 200 * 4096}, {WIRE_SYS_SWAPPINESS, 60}};
    }

    [[nodiscard]] std::optional<std::uint64_t> total() const { return memcg_total_pages(memcg_, system_, PageUnits(4096)); }

    MemcgState memcg_;
    SystemState system_;
};

TEST_F(MemcgTotal, OfV2AddsSwapUpToItsLimitAndTheHosts)
{
    EXPECT_EQ(total(), 1'200U);
    memcg_.swap.max = 50;
    EXPECT_EQ(total(), 1'050U);
    memcg_.swap.max = std::nullopt;
    EXPECT_EQ(total(), 1'200U);
}

TEST_F(MemcgTotal, CountsNoSwapWithoutSwappiness)
{
    system_.value[WIRE_SYS_SWAPPINESS] = 0;
    EXPECT_EQ(total(), 1'000U);
    memcg_.swappiness = 60; // v2 has none of its own
    EXPECT_EQ(total(), 1'000U);
    memcg_.v2 = false;
    memcg_.swap.max = 1'100;
    EXPECT_EQ(total(), 1'100U);
    memcg_.swappiness = 0;
    system_.value[WIRE_SYS_SWAPPINESS] = 60;
    EXPECT_EQ(total(), 1'000U);
    memcg_.root = true; // which goes by the host's
    EXPECT_EQ(total(), 1'100U);
}

TEST_F(MemcgTotal, OfV1TakesSwapFromMemoryAndSwap)
{
    memcg_.v2 = false;
    memcg_.swap.max = 1'150;
    EXPECT_EQ(total(), 1'150U);
    memcg_.swap.max = 1'000;
    EXPECT_EQ(total(), 1'000U);
    memcg_.swap.max = std::nullopt;
    EXPECT_EQ(total(), 1'200U);
}

TEST_F(MemcgTotal, WithoutALimitIsThePageCountersMaximum)
{
    memcg_.memory.max = memcg_.swap.max = std::nullopt;
    memcg_.v2 = false;
    EXPECT_EQ(total(), 0x7ffffffffffffULL);
    memcg_.v2 = true;
    EXPECT_EQ(total(), 0x7ffffffffffffULL + 200);
}

TEST_F(MemcgTotal, IsNeverZero)
{
    memcg_.memory.max = 0;
    memcg_.swap.max = 0;
    EXPECT_EQ(total(), 1U);
}

TEST_F(MemcgTotal, IsUnknownOnlyWhereSwapMatters)
{
    system_.value.clear();
    EXPECT_EQ(total(), std::nullopt);
    memcg_.swap.max = 0;
    EXPECT_EQ(total(), 1'000U);
    memcg_.swap.max = 300;
    system_.value[WIRE_SYS_TOTAL_SWAP_BYTES] = 0;
    EXPECT_EQ(total(), 1'000U);
}

} // namespace
} // namespace oomtrace::test
