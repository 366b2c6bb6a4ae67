// SPDX-License-Identifier: Apache-2.0
//
// What the page allocator tried before: from the wire record to the incident.
#include "reconstruct/before.h"

#include <gmock/gmock.h>

#include "support/canned_episodes.h"
#include "support/replay.h"

namespace oomtrace::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t page = 4096;

void put_zone(wire_retried_zone &zone, std::uint32_t index, std::string_view name, std::uint64_t reclaimable,
              std::uint64_t available, std::uint64_t min_wmark, bool good)
{
    zone.index = index;
    zone.reclaimable = reclaimable;
    zone.available = available;
    zone.min_wmark = min_wmark;
    zone.wmark_check = good ? 1 : 0;
    put_text(zone.name, name);
}

// 17 rounds in 2 s before the invocation, and three compactions.
void put_everything(wire_retries &wire)
{
    wire.reclaim_rounds = 17;
    wire.reclaim_first_ns = Stream::start_ns - 2'000'000'000;
    wire.reclaim_last_ns = Stream::start_ns - 1'000'000;
    wire.reclaim_order = wire.compact_order = 2;
    wire.no_progress_loops = 16;
    wire.nr_zones = 2;
    wire.zones_beyond = 1;
    put_zone(wire.zone[0], 2, "Normal", 40, 900, 1'000, false);
    put_zone(wire.zone[1], 1, "DMA32", 7, 5'000, 250, true);
    wire.zone[1].node = 1;
    wire.compact_checks = 3;
    wire.compact_first_ns = Stream::start_ns - 30'000'000;
    wire.compact_last_ns = Stream::start_ns - 1'000'000;
    wire.compact_priority = WIRE_COMPACT_PRIO_SYNC_LIGHT;
    wire.compact_result = WIRE_COMPACT_SKIPPED;
    wire.compact_retries = 2;
    wire.compact_max_retries = 16;
}

Incident incident_with(const Stream::Change<wire_retries> &change)
{
    Stream stream;
    // The host's record comes first, so that the invocation is a step later.
    stream.host().begin_episode(1).begin(Task(5, "asker")).retries(change).node(0, 10).zone(0, 2, "Normal");
    return replay_one(stream.end(WIRE_OUTCOME_NO_VICTIM).system_state());
}

TEST(Before, TellsTheRoundsOfReclaimZoneByZone)
{
    const Incident incident = incident_with(put_everything);
    ASSERT_TRUE(incident.before.reclaim);
    const ReclaimRetries &reclaim = *incident.before.reclaim;
    EXPECT_EQ(reclaim.rounds, 17U);
    EXPECT_EQ(reclaim.duration_ns, 2'000'000'000 + Stream::step_ns);
    EXPECT_EQ(reclaim.order, 2);
    EXPECT_EQ(reclaim.no_progress_loops, 16);
    EXPECT_EQ(reclaim.zones_left_out, 1U);
    ASSERT_EQ(reclaim.zones.size(), 2U);
    const RetriedZone &normal = reclaim.zones[0], &dma32 = reclaim.zones[1];
    EXPECT_EQ(normal.node, 0U);
    EXPECT_EQ(normal.index, 2U);
    EXPECT_EQ(normal.name, "Normal");
    EXPECT_EQ(normal.reclaimable_bytes, 40 * page);
    EXPECT_EQ(normal.available_bytes, 900 * page);
    EXPECT_EQ(normal.min_wmark_bytes, 1'000 * page);
    EXPECT_FALSE(normal.wmark_check);
    EXPECT_EQ(dma32.node, 1U);
    EXPECT_EQ(dma32.name, "DMA32");
    EXPECT_TRUE(dma32.wmark_check);
    EXPECT_EQ(incident.provenance.before.source, Source::observed);
    EXPECT_EQ(incident.provenance.before.note, "");
    EXPECT_TRUE(incident.completeness.complete) << testing::PrintToString(incident.completeness.missing);
}

TEST(Before, TellsTheLastCompaction)
{
    const Incident incident = incident_with(put_everything);
    ASSERT_TRUE(incident.before.compaction);
    const CompactionRetries &compaction = *incident.before.compaction;
    EXPECT_EQ(compaction.checks, 3U);
    EXPECT_EQ(compaction.duration_ns, 30'000'000 + Stream::step_ns);
    EXPECT_EQ(compaction.order, 2);
    EXPECT_EQ(compaction.priority, CompactPriority::sync_light);
    EXPECT_EQ(compaction.result, CompactResult::skipped);
    EXPECT_EQ(compaction.retries, 2);
    EXPECT_EQ(compaction.max_retries, 16);
    EXPECT_EQ(compaction.again, false);
}

TEST(Before, NoneSeenIsNotUnknown)
{
    const Incident none = incident_with({});
    ASSERT_TRUE(none.before.reclaim);
    EXPECT_EQ(none.before.reclaim->rounds, 0U);
    EXPECT_FALSE(none.before.reclaim->duration_ns || none.before.reclaim->order || none.before.reclaim->no_progress_loops);
    EXPECT_THAT(none.before.reclaim->zones, IsEmpty());
    ASSERT_TRUE(none.before.compaction);
    EXPECT_EQ(none.before.compaction->checks, 0U);
    EXPECT_FALSE(none.before.compaction->duration_ns || none.before.compaction->priority || none.before.compaction->again);
    EXPECT_EQ(none.provenance.before.source, Source::observed);

    const Incident unwatched = incident_with([](wire_retries &wire) { wire.watched = 0; });
    EXPECT_FALSE(unwatched.before.reclaim || unwatched.before.compaction);
    EXPECT_EQ(unwatched.provenance.before.source, Source::absent);
    EXPECT_EQ(unwatched.provenance.before.note, "oom:reclaim_retry_zone and oom:compact_retry could not be watched");

    const Incident old = replay_one(memcg_episode_fentry());
    EXPECT_FALSE(old.before.reclaim || old.before.compaction);
    EXPECT_EQ(old.provenance.before.source, Source::absent);
    EXPECT_EQ(old.provenance.before.note, "no record of the retries came");
}

TEST(Before, SaysWhichOfTheTwoWasNotWatched)
{
    const Incident no_compaction = incident_with([](wire_retries &wire) { wire.watched = WIRE_RETRIES_RECLAIM; });
    EXPECT_TRUE(no_compaction.before.reclaim);
    EXPECT_FALSE(no_compaction.before.compaction);
    EXPECT_EQ(no_compaction.provenance.before.source, Source::observed);
    EXPECT_EQ(no_compaction.provenance.before.note, "oom:compact_retry could not be watched");

    const Incident no_reclaim = incident_with([](wire_retries &wire) { wire.watched = WIRE_RETRIES_COMPACTION; });
    EXPECT_FALSE(no_reclaim.before.reclaim);
    EXPECT_TRUE(no_reclaim.before.compaction);
    EXPECT_EQ(no_reclaim.provenance.before.note, "oom:reclaim_retry_zone could not be watched");
}

TEST(Before, HasNoNegativeDuration)
{
    const Incident incident = incident_with([](wire_retries &wire) {
        wire.reclaim_rounds = wire.compact_checks = 1;
        wire.reclaim_first_ns = wire.compact_first_ns = Stream::start_ns * 2;
    });
    EXPECT_EQ(incident.before.reclaim->duration_ns, 0U);
    EXPECT_EQ(incident.before.compaction->duration_ns, 0U);
}

TEST(Before, DecodesEveryPriorityAndResult)
{
    const auto compaction_with = [](std::uint32_t priority, std::uint32_t result) {
        Stream stream;
        stream.retries([&](wire_retries &wire) {
            wire.compact_priority = priority;
            wire.compact_result = result;
        });
        return *std::get<Retries>(decoded(stream.records().front()).body).compaction;
    };
    std::vector<std::string_view> priorities, results;
    for (std::uint32_t wire = 1; wire <= WIRE_COMPACT_SUCCESS; wire++) {
        const auto compaction = compaction_with(wire, wire);
        if (compaction.priority)
            priorities.push_back(name_of(*compaction.priority));
        results.push_back(compaction.result ? name_of(*compaction.result) : "absent");
    }
    EXPECT_THAT(priorities, ElementsAre("sync_full", "sync_light", "async"));
    EXPECT_THAT(results, ElementsAre("not_suitable_zone", "skipped", "deferred", "no_suitable_page", "continue", "complete",
                                     "partial_skipped", "contended", "success"));
    for (const std::uint32_t unknown : {0U, WIRE_COMPACT_SUCCESS + 1U, 0xffff'ffffU}) {
        EXPECT_FALSE(compaction_with(unknown, unknown).priority);
        EXPECT_FALSE(compaction_with(unknown, unknown).result);
    }
}

TEST(Before, RefusesMoreZonesThanTheRecordHas)
{
    auto wire = empty_record<wire_retries>(WIRE_RETRIES);
    wire.nr_zones = WIRE_MAX_RETRIED_ZONES + 1;
    const auto event = decode(bytes_of(wire));
    ASSERT_FALSE(event);
    EXPECT_EQ(event.error().kind, DecodeErrorKind::bad_value);
    wire.nr_zones = WIRE_MAX_RETRIED_ZONES;
    EXPECT_TRUE(decode(bytes_of(wire)));
}

} // namespace
} // namespace oomtrace::test
