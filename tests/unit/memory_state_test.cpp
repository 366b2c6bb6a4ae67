// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/memory_state.h"

#include <gmock/gmock.h>

#include "support/canned_episodes.h"
#include "support/replay.h"

namespace oomtrace::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr std::uint64_t page = 4096;

Incident with(const std::function<void(Stream &)> &add, const Stream::Change<wire_system_state> &system = {})
{
    Stream stream;
    stream.host().begin_episode(1).begin(leaky(), app_id);
    add(stream);
    stream.end(WIRE_OUTCOME_NO_VICTIM).system_state(system);
    return replay_one(stream);
}

TEST(Zones, AreInBytesAndIncludeTheBoost)
{
    const Incident incident = with([](Stream &stream) {
        stream.node(0, 900).zone(0, 2, "Normal", [](wire_zone &wire) {
            wire.watermark[0] = 10;
            wire.watermark[1] = 20;
            wire.watermark[2] = 30;
            wire.watermark_boost = 5;
            wire.managed_pages = 800;
            wire.present_pages = 900;
            wire.spanned_pages = 1'000;
            wire.reserved_highatomic = 3;
            wire.lowmem_reserve[3] = 44;
            wire.stat_valid |= 1ULL << WIRE_ZONE_MLOCK | 1ULL << WIRE_ZONE_FREE_CMA;
            wire.stat[WIRE_ZONE_FREE] = 77;
            wire.stat[WIRE_ZONE_MLOCK] = -4;
            wire.stat[WIRE_ZONE_FREE_CMA] = 6;
            wire.valid = WIRE_ZONE_CMA;
            wire.cma_pages = 7;
        });
    });
    const Zone &zone = incident.nodes.at(0).zones.at(0);
    EXPECT_EQ(zone.name, "Normal");
    EXPECT_EQ(zone.free_bytes, 77 * page);
    EXPECT_EQ(zone.min_bytes, 15 * page);
    EXPECT_EQ(zone.low_bytes, 25 * page);
    EXPECT_EQ(zone.high_bytes, 35 * page);
    EXPECT_EQ(zone.boost_bytes, 5 * page);
    EXPECT_EQ(zone.managed_bytes, 800 * page);
    EXPECT_EQ(zone.present_bytes, 900 * page);
    EXPECT_EQ(zone.spanned_bytes, 1'000 * page);
    EXPECT_EQ(zone.reserved_highatomic_bytes, 3 * page);
    EXPECT_THAT(zone.lowmem_reserve_bytes, ElementsAre(0, 0, 0, 44 * page));
    EXPECT_THAT(zone.stat_bytes, ElementsAre(Pair("mlocked", 0U))); // a counter below 0 is printed as 0
    EXPECT_EQ(zone.free_cma_bytes, 6 * page);
    EXPECT_EQ(zone.cma_bytes, 7 * page);
    EXPECT_FALSE(zone.free_pcp_bytes || zone.free_highatomic_bytes);
}

TEST(Zones, ListEveryOrderWithTheLettersOfItsTypes)
{
    const Incident incident = with([](Stream &stream) {
        stream.node(0, 900).zone(0, 2, "Normal", [](wire_zone &wire) {
            wire.nr_orders = 3;
            wire.nr_free[0] = 5;
            wire.free_types[0] = 0x3f;
            wire.nr_free[2] = 1;
            wire.free_types[2] = 1 << WIRE_MIGRATE_RECLAIMABLE | 1 << WIRE_MIGRATE_HIGHATOMIC;
        });
    });
    const std::vector<FreeBlockCount> &blocks = incident.nodes.at(0).zones.at(0).free_blocks;
    ASSERT_THAT(blocks, SizeIs(3));
    EXPECT_EQ(blocks[0].types, "UMEHCI");
    EXPECT_EQ(blocks[0].count, 5U);
    EXPECT_EQ(blocks[0].block_bytes, page);
    EXPECT_EQ(blocks[1].types, "");
    EXPECT_EQ(blocks[1].count, 0U);
    EXPECT_EQ(blocks[2].types, "EH");
    EXPECT_EQ(blocks[2].order, 2U);
    EXPECT_EQ(blocks[2].block_bytes, 4 * page);
}

TEST(Nodes, AreSortedAndHoldTheirZonesSorted)
{
    const Incident incident = with([](Stream &stream) {
        stream.zone(1, 2, "Normal").node(1, 10).node(0, 20).zone(0, 3, "Movable").zone(0, 1, "DMA32").zone(0, 3, "again");
    });
    ASSERT_THAT(incident.nodes, SizeIs(2));
    EXPECT_EQ(incident.nodes[0].node, 0U);
    EXPECT_EQ(incident.nodes[0].present_bytes, 20 * page);
    ASSERT_THAT(incident.nodes[0].zones, SizeIs(2));
    EXPECT_EQ(incident.nodes[0].zones[0].name, "DMA32");
    EXPECT_EQ(incident.nodes[0].zones[1].name, "Movable");
    EXPECT_EQ(incident.nodes[1].node, 1U);
}

TEST(Nodes, NameTheirStatisticsAsTheKernelsReportDoes)
{
    const Incident incident = with([](Stream &stream) {
        stream.node(0, 20, [](wire_node &wire) {
            wire.stat_valid = 0x1ffffff;
            for (int item = 0; item <= WIRE_NODE_FILE_THPS; item++) {
                wire.stat[item] = item + 1;
            }
            wire.kswapd_failures = 16;
        });
    });
    const NamedValues expected = {{"active_anon", 1 * page},
                                  {"inactive_anon", 2 * page},
                                  {"active_file", 3 * page},
                                  {"inactive_file", 4 * page},
                                  {"unevictable", 5 * page},
                                  {"isolated_anon", 6 * page},
                                  {"isolated_file", 7 * page},
                                  {"anon_mapped", 8 * page},
                                  {"mapped", 9 * page},
                                  {"file_pages", 10 * page},
                                  {"dirty", 11 * page},
                                  {"writeback", 12 * page},
                                  {"shmem", 13 * page},
                                  {"slab_reclaimable", 14 * page},
                                  {"slab_unreclaimable", 15 * page},
                                  {"kernel_stack", 16 * 1024}, // the one in kB
                                  {"page_tables", 17 * page},
                                  {"sec_page_tables", 18 * page},
                                  {"kernel_misc_reclaimable", 19 * page},
                                  {"swap_cached", 22 * page},
                                  {"anon_thp", 23 * page},
                                  {"shmem_thp", 24 * page},
                                  {"file_thp", 25 * page}};
    EXPECT_EQ(incident.nodes.at(0).stat_bytes, expected);
    EXPECT_EQ(incident.nodes.at(0).kswapd_failures, 16);
}

TEST(Nodes, OfAHostWithLargePagesAreLarger)
{
    Stream stream;
    stream.host([](wire_host &wire) { wire.page_size = 65536; }).begin_episode(1).begin(leaky()).node(0, 10);
    const Incident incident = replay_one(stream.end(WIRE_OUTCOME_NO_VICTIM).system_state());
    EXPECT_EQ(incident.nodes.at(0).present_bytes, 655'360U);
    EXPECT_EQ(incident.host.page_size, 65536U);
}

TEST(System, ReadsSwapHugetlbAndSysctlsOrLeavesThemAbsent)
{
    const Incident incident = with([](Stream &) {},
                                   [](wire_system_state &wire) {
                                       wire.valid = 0;
                                       Stream::set_item(wire, WIRE_SYS_TOTAL_SWAP_BYTES, 0);
                                       Stream::set_item(wire, WIRE_SYS_HUGEPAGE_SIZE_BYTES, 2 << 20);
                                       Stream::set_item(wire, WIRE_SYS_HUGEPAGES_TOTAL, 8);
                                       Stream::set_item(wire, WIRE_SYS_PANIC_ON_OOM, 0);
                                       Stream::set_item(wire, WIRE_SYS_MIN_FREE_KBYTES, 67'584);
                                       wire.lowmem_reserve_ratio[0] = 256;
                                       wire.lowmem_reserve_ratio[1] = 32;
                                       wire.lowmem_reserve_ratio_count = 2;
                                   });
    EXPECT_EQ(incident.swap.total_bytes, 0U);
    EXPECT_FALSE(incident.swap.free_bytes);
    EXPECT_EQ(incident.hugetlb.page_size_bytes, 2U << 20);
    EXPECT_EQ(incident.hugetlb.total, 8U);
    EXPECT_FALSE(incident.hugetlb.free);
    EXPECT_EQ(incident.sysctls.panic_on_oom, 0);
    EXPECT_EQ(incident.sysctls.min_free_kbytes, 67'584);
    EXPECT_FALSE(incident.sysctls.swappiness);
    EXPECT_THAT(incident.sysctls.lowmem_reserve_ratio, ElementsAre(256, 32));
    EXPECT_EQ(incident.provenance.swap.source, Source::procfs);
}

TEST(System, TakesTheSwapOfTheOomBeforeWhatWasLeftAfterIt)
{
    const auto after = [](wire_system_state &wire) { Stream::set_item(wire, WIRE_SYS_FREE_SWAP_BYTES, 1 << 30); };
    const Incident incident = with([](Stream &stream) { stream.swap(500, 3); }, after);
    EXPECT_EQ(incident.swap.total_bytes, 500 * page);
    EXPECT_EQ(incident.swap.free_bytes, 3 * page);
    EXPECT_EQ(incident.provenance.swap.source, Source::observed);
    EXPECT_EQ(with([](Stream &stream) { stream.swap(500, -7); }, after).swap.free_bytes, 0U); // a swapoff has begun
}

TEST(Memcg, LevelsRunFromTheVictimsCgroupToTheRoot)
{
    const Incident incident = replay_one(memcg_episode_fentry());
    ASSERT_THAT(incident.memcg.levels, SizeIs(3));
    EXPECT_EQ(incident.memcg.levels[0].path, "/app/web");
    EXPECT_TRUE(incident.memcg.levels[0].victim_lives_here && incident.memcg.levels[0].trigger_lives_here);
    EXPECT_FALSE(incident.memcg.levels[0].fired);
    EXPECT_FALSE(incident.memcg.levels[0].memory.max_bytes);
    EXPECT_EQ(incident.memcg.levels[1].path, "/app");
    EXPECT_TRUE(incident.memcg.levels[1].fired);
    EXPECT_FALSE(incident.memcg.levels[1].victim_lives_here);
    EXPECT_EQ(incident.memcg.levels[1].memory.max_bytes, app_max_pages * page);
    EXPECT_EQ(incident.memcg.levels[1].memory.failcnt, 77U);
    EXPECT_EQ(incident.memcg.levels[2].path, "/");
    EXPECT_TRUE(incident.memcg.levels[2].root);
    EXPECT_EQ(incident.memcg.usage_bytes, (app_max_pages - 1) * page);
}

TEST(Memcg, LevelsAreTheTriggersWhereNobodyWasChosen)
{
    Stream stream;
    stream.host().begin_episode(1).begin(store(), db_id);
    add_memcgs(stream);
    const Incident incident = replay_one(stream.end(WIRE_OUTCOME_NO_VICTIM).system_state());
    ASSERT_THAT(incident.memcg.levels, SizeIs(3));
    EXPECT_EQ(incident.memcg.levels[0].path, "/app/db");
    EXPECT_TRUE(incident.memcg.levels[0].trigger_lives_here && incident.memcg.levels[0].fired);
}

TEST(Memcg, TellsV1FromV2)
{
    const Incident incident = with([](Stream &stream) {
        stream.memcg(root_id, 0, "").memcg(web_id, root_id, "v1", [](wire_memcg &wire) {
            wire.valid = WIRE_MEMCG_KMEM | WIRE_MEMCG_OOM_KILL_DISABLE | WIRE_MEMCG_SWAPPINESS;
            wire.swap.max = 9;
            wire.kmem.usage = 2;
            wire.swappiness = 10;
        });
    });
    const MemcgLevel &level = incident.memcg.levels.at(0);
    EXPECT_FALSE(level.v2 || level.swap || level.events);
    EXPECT_EQ(level.memory_and_swap->max_bytes, 9 * page);
    EXPECT_EQ(level.kmem->usage_bytes, 2 * page);
    EXPECT_TRUE(level.oom_kill_disable);
    EXPECT_EQ(level.swappiness, 10);
    EXPECT_TRUE(incident.memcg.levels.at(1).v2 && incident.memcg.levels.at(1).swap);
}

TEST(Memcg, ProtectionWithoutALimitIsTheMostThereCanBe)
{
    const Incident incident = with([](Stream &stream) {
        stream.memcg(root_id, 0, "").memcg(web_id, root_id, "x", [](wire_memcg &wire) { wire.memory.low = WIRE_UNLIMITED; });
    });
    EXPECT_EQ(incident.memcg.levels.at(0).memory.low_bytes, 0x7ffffffffffffULL * page);
    EXPECT_EQ(incident.memcg.levels.at(0).memory.min_bytes, 0U);
}

MemcgState cgroup(std::uint64_t id, std::uint64_t parent, const char *name)
{
    MemcgState state;
    state.id = id;
    state.parent_id = parent;
    state.name = name;
    state.root = parent == 0;
    return state;
}

TEST(MemcgTree, NeverMakesUpAPath)
{
    const std::vector<MemcgState> memcgs = {cgroup(2, 1, "a"), cgroup(3, 2, "b")};
    const MemcgTree tree(memcgs);
    EXPECT_EQ(tree.path(3), std::nullopt);
    EXPECT_EQ(tree.path(99), std::nullopt);
    EXPECT_EQ(tree.within(3, 1), true); // its grandparent's id is known, its name is not
    EXPECT_EQ(tree.within(3, 77), std::nullopt);
    EXPECT_FALSE(tree.reaches_root(3));
}

TEST(MemcgTree, SurvivesParentsThatGoRoundInACircle)
{
    const std::vector<MemcgState> memcgs = {cgroup(2, 3, "a"), cgroup(3, 2, "b"), cgroup(4, 4, "self")};
    const MemcgTree tree(memcgs);
    EXPECT_EQ(tree.path(2), std::nullopt);
    EXPECT_EQ(tree.path(4), std::nullopt);
    EXPECT_EQ(tree.within(2, 9), std::nullopt);
}

TEST(MemcgTree, TakesTheLaterOfTwoRecords)
{
    std::vector<MemcgState> memcgs = {cgroup(1, 0, ""), cgroup(2, 1, "first"), cgroup(2, 1, "second")};
    EXPECT_EQ(MemcgTree(memcgs).path(2), "/second");
    EXPECT_EQ(MemcgTree(memcgs).path(1), "/");
    EXPECT_EQ(MemcgTree(memcgs).within(2, 2), true);
    EXPECT_EQ(MemcgTree(memcgs).within(2, 5), false);
}

} // namespace
} // namespace oomtrace::test
