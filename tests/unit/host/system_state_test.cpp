// SPDX-License-Identifier: Apache-2.0
#include "host/system_state.h"

#include <gmock/gmock.h>
#include <optional>
#include <vector>

#include "support/fixture_tree.h"

namespace oomtrace
{
namespace
{

using ::testing::ElementsAre;

std::optional<std::int64_t> value(const wire_system_state &state, wire_system_item item)
{
    if ((state.valid & 1ULL << item) == 0)
        return std::nullopt;
    return state.value[item];
}

std::vector<wire_u32> lowmem_reserve_ratio(const wire_system_state &state)
{
    return {state.lowmem_reserve_ratio, state.lowmem_reserve_ratio + state.lowmem_reserve_ratio_count};
}

void write_host(const test::FixtureTree &tree)
{
    tree.write("/proc/sys/vm/panic_on_oom", "0\n");
    tree.write("/proc/sys/vm/oom_kill_allocating_task", "1\n");
    tree.write("/proc/sys/vm/oom_dump_tasks", "1\n");
    tree.write("/proc/sys/vm/overcommit_memory", "2\n");
    tree.write("/proc/sys/vm/overcommit_ratio", "50\n");
    tree.write("/proc/sys/vm/overcommit_kbytes", "0\n");
    tree.write("/proc/sys/vm/min_free_kbytes", "67584\n");
    tree.write("/proc/sys/vm/watermark_scale_factor", "10\n");
    tree.write("/proc/sys/vm/swappiness", "60\n");
    tree.write("/proc/sys/vm/lowmem_reserve_ratio", "256\t256\t32\t0\t0\n");
    tree.write("/proc/meminfo", R"(MemTotal:       24684084 kB
MemFree:        24236340 kB
SwapCached:            0 kB
SwapTotal:       1048572 kB
SwapFree:         524286 kB
HugePages_Total:       8
HugePages_Free:        3
HugePages_Rsvd:        0
Hugepagesize:       2048 kB
Hugetlb:           16384 kB
)");
    tree.write("/proc/vmstat", "nr_free_pages 6059085\ndrop_pagecache 0\noom_kill 17\nnuma_pte_updates 0\n");
    tree.write("/proc/loadavg", "0.14 0.08 0.04 1/87 7947\n");
}

TEST(system_state, reads_every_item_in_its_unit)
{
    const test::FixtureTree tree;
    write_host(tree);
    const auto state = SystemStateReader(tree.root()).read();
    EXPECT_EQ(state.header.kind, WIRE_SYSTEM_STATE);
    EXPECT_EQ(state.header.size, sizeof(wire_system_state));
    EXPECT_EQ(value(state, WIRE_SYS_PANIC_ON_OOM), 0);
    EXPECT_EQ(value(state, WIRE_SYS_OOM_KILL_ALLOCATING_TASK), 1);
    EXPECT_EQ(value(state, WIRE_SYS_OOM_DUMP_TASKS), 1);
    EXPECT_EQ(value(state, WIRE_SYS_OVERCOMMIT_MEMORY), 2);
    EXPECT_EQ(value(state, WIRE_SYS_OVERCOMMIT_RATIO), 50);
    EXPECT_EQ(value(state, WIRE_SYS_OVERCOMMIT_KBYTES), 0);
    EXPECT_EQ(value(state, WIRE_SYS_MIN_FREE_KBYTES), 67584);
    EXPECT_EQ(value(state, WIRE_SYS_WATERMARK_SCALE_FACTOR), 10);
    EXPECT_EQ(value(state, WIRE_SYS_SWAPPINESS), 60);
    EXPECT_EQ(value(state, WIRE_SYS_TOTAL_RAM_BYTES), 24684084LL * 1024);
    EXPECT_EQ(value(state, WIRE_SYS_TOTAL_SWAP_BYTES), 1048572LL * 1024);
    EXPECT_EQ(value(state, WIRE_SYS_FREE_SWAP_BYTES), 524286LL * 1024);
    EXPECT_EQ(value(state, WIRE_SYS_VMSTAT_OOM_KILL), 17);
    EXPECT_EQ(value(state, WIRE_SYS_HUGEPAGES_TOTAL), 8);
    EXPECT_EQ(value(state, WIRE_SYS_HUGEPAGES_FREE), 3);
    EXPECT_EQ(value(state, WIRE_SYS_HUGEPAGE_SIZE_BYTES), 2048LL * 1024);
    EXPECT_EQ(value(state, WIRE_SYS_PROCESSES), 87);
    EXPECT_THAT(lowmem_reserve_ratio(state), ElementsAre(256, 256, 32, 0, 0));
}

TEST(system_state, an_open_reader_sees_new_values)
{
    const test::FixtureTree tree;
    write_host(tree);
    const SystemStateReader reader(tree.root());
    tree.write("/proc/vmstat", "oom_kill 18\n");
    tree.write("/proc/sys/vm/swappiness", "1\n");
    const auto state = reader.read();
    EXPECT_EQ(value(state, WIRE_SYS_VMSTAT_OOM_KILL), 18);
    EXPECT_EQ(value(state, WIRE_SYS_SWAPPINESS), 1);
}

TEST(system_state, what_is_missing_is_not_valid_rather_than_zero)
{
    const test::FixtureTree tree;
    write_host(tree);
    std::filesystem::remove(tree.at("/proc/sys/vm/swappiness"));
    std::filesystem::remove(tree.at("/proc/sys/vm/lowmem_reserve_ratio"));
    tree.write("/proc/meminfo", "MemTotal: x kB\nSwapTotal: 9223372036854775807 kB\n");
    tree.write("/proc/loadavg", "\n");
    const auto state = SystemStateReader(tree.root()).read();
    EXPECT_EQ(value(state, WIRE_SYS_SWAPPINESS), std::nullopt);
    EXPECT_EQ(value(state, WIRE_SYS_TOTAL_RAM_BYTES), std::nullopt);
    EXPECT_EQ(value(state, WIRE_SYS_TOTAL_SWAP_BYTES), std::nullopt) << "does not fit when scaled";
    EXPECT_EQ(value(state, WIRE_SYS_HUGEPAGES_TOTAL), std::nullopt);
    EXPECT_EQ(value(state, WIRE_SYS_PROCESSES), std::nullopt);
    EXPECT_EQ(value(state, WIRE_SYS_MIN_FREE_KBYTES), 67584);
    EXPECT_THAT(lowmem_reserve_ratio(state), ElementsAre());
}

TEST(system_state, an_empty_root_gives_an_empty_record)
{
    const test::FixtureTree tree;
    const auto state = SystemStateReader(tree.root()).read();
    EXPECT_EQ(state.valid, 0U);
}

TEST(system_state, more_zones_than_the_record_has_room_for_are_left_out)
{
    const test::FixtureTree tree;
    tree.write("/proc/sys/vm/lowmem_reserve_ratio", "1 2 3 4 5 6 7 8 9 10\n");
    EXPECT_THAT(lowmem_reserve_ratio(SystemStateReader(tree.root()).read()), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
}

} // namespace
} // namespace oomtrace
