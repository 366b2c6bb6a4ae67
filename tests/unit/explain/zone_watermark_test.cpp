// SPDX-License-Identifier: Apache-2.0
#include "explain/zone_watermark.h"

#include <gtest/gtest.h>

namespace oomtrace
{
namespace
{

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t page = 4 * kib;

Zone zone(std::uint64_t free_kib, std::uint64_t min_kib)
{
    Zone result;
    result.index = 1;
    result.name = "DMA32";
    result.managed_bytes = result.present_bytes = 2'000'000 * kib;
    result.free_bytes = free_kib * kib;
    result.min_bytes = min_kib * kib;
    result.lowmem_reserve_bytes = {0, 0, 0, 0, 0};
    return result;
}

PageRequest request(std::uint32_t order = 0)
{
    PageRequest result;
    result.order = order;
    result.highest_zone = 3;
    result.may_use_cma = false;
    result.page_size = page;
    return result;
}

ZoneReason reason(const Zone &zone, const PageRequest &request)
{
    return judge_zone(zone, 0, true, request).reason;
}

TEST(ZoneWatermark, FreePagesMustExceedMin)
{
    EXPECT_EQ(reason(zone(1004, 1000), request()), ZoneReason::enough);
    const ZoneVerdict at_min = judge_zone(zone(1000, 1000), 0, true, request());
    EXPECT_EQ(at_min.reason, ZoneReason::below_min);
    EXPECT_EQ(at_min.short_by_bytes, 0U);
    EXPECT_EQ(judge_zone(zone(996, 1000), 0, true, request()).short_by_bytes, page);
}

TEST(ZoneWatermark, ReserveIsThatForTheHighestZone)
{
    Zone low = zone(5000, 1000);
    low.lowmem_reserve_bytes = {0, 0, 3996 * kib, 4000 * kib, 0};
    EXPECT_EQ(reason(low, request()), ZoneReason::lowmem_reserve);
    PageRequest for_normal = request();
    for_normal.highest_zone = 2;
    EXPECT_EQ(reason(low, for_normal), ZoneReason::enough);
    for_normal.highest_zone = 1; // itself: keeps nothing, whatever stands there
    low.lowmem_reserve_bytes[1] = 9000 * kib;
    EXPECT_EQ(reason(low, for_normal), ZoneReason::enough);
    for_normal.highest_zone = 0;
    EXPECT_EQ(reason(low, for_normal), ZoneReason::above_highest_zone);
}

TEST(ZoneWatermark, HighPriorityMayHaveHalfOfMinAndTheHighatomicPages)
{
    Zone low = zone(900, 1000);
    low.reserved_highatomic_bytes = 300 * kib;
    PageRequest high = request();
    high.high_priority = true;
    EXPECT_EQ(reason(low, request()), ZoneReason::below_min);
    const ZoneVerdict judged = judge_zone(low, 0, true, high);
    EXPECT_EQ(judged.reason, ZoneReason::enough);
    EXPECT_EQ(judged.min_bytes, 500 * kib);
    low.free_bytes = 500 * kib;
    EXPECT_EQ(reason(low, high), ZoneReason::below_min);
}

TEST(ZoneWatermark, CmaAndHighatomicPagesAreNotForEveryone)
{
    Zone low = zone(5000, 1000);
    low.free_cma_bytes = 3000 * kib;
    low.reserved_highatomic_bytes = 2000 * kib;
    const ZoneVerdict judged = judge_zone(low, 0, true, request());
    EXPECT_EQ(judged.reason, ZoneReason::unusable_free);
    EXPECT_EQ(judged.unusable_bytes, 5000 * kib);
    EXPECT_EQ(judged.short_by_bytes, 1000 * kib);
    low.free_highatomic_bytes = 900 * kib; // only what is free of them counts, where that is known
    EXPECT_EQ(reason(low, request()), ZoneReason::enough);
    PageRequest movable = request();
    movable.may_use_cma = true;
    low.free_highatomic_bytes = 2000 * kib;
    EXPECT_EQ(reason(low, movable), ZoneReason::enough);
}

TEST(ZoneWatermark, WhetherItMayUseCmaMayBeUnknown)
{
    Zone low = zone(5000, 1000);
    low.free_cma_bytes = 4500 * kib;
    PageRequest unknown = request();
    unknown.may_use_cma.reset();
    EXPECT_EQ(reason(low, unknown), ZoneReason::unknown);
    low.free_cma_bytes = 100 * kib;
    EXPECT_EQ(reason(low, unknown), ZoneReason::enough);
    low.free_bytes = 900 * kib;
    EXPECT_EQ(reason(low, unknown), ZoneReason::below_min);
}

TEST(ZoneWatermark, AHigherOrderNeedsABlock)
{
    Zone low = zone(5000, 1000);
    low.free_blocks = {{0, page, 1000, "UME"}, {1, 2 * page, 100, "UME"}, {2, 4 * page, 5, "C"}, {3, 8 * page, 2, "H"}};
    EXPECT_EQ(reason(low, request(1)), ZoneReason::enough);
    const ZoneVerdict judged = judge_zone(low, 0, true, request(2));
    EXPECT_EQ(judged.reason, ZoneReason::no_block);
    EXPECT_EQ(judged.largest_block_bytes, 2 * page);
    EXPECT_EQ(judged.short_by_bytes, std::nullopt);
    PageRequest movable = request(2);
    movable.may_use_cma = true;
    EXPECT_EQ(reason(low, movable), ZoneReason::enough);
    low.free_blocks[3].types = "MH";
    EXPECT_EQ(reason(low, request(2)), ZoneReason::enough) << "a bigger block is split";
    // 2^order - 1 pages are not for this request.
    Zone tight = zone(1008, 1000);
    tight.free_blocks = low.free_blocks;
    EXPECT_EQ(reason(tight, request(1)), ZoneReason::enough);
    EXPECT_EQ(reason(tight, request(2)), ZoneReason::below_min);
}

// 10 blocks of order 3 are enough since 4.4; before, too many of the free pages are in smaller ones.
TEST(ZoneWatermark, OldKernelsCountAtEachOrder)
{
    Zone low = zone(5000, 1000);
    low.free_blocks = {{0, page, 1160, ""}, {1, 2 * page, 5, ""}, {3, 8 * page, 10, ""}};
    PageRequest old = request(3);
    EXPECT_EQ(reason(low, old), ZoneReason::enough);
    old.counted_per_order = true;
    EXPECT_EQ(reason(low, old), ZoneReason::no_block);
    low.free_blocks = {{0, page, 200, ""}, {1, 2 * page, 25, ""}, {3, 8 * page, 125, ""}};
    EXPECT_EQ(reason(low, old), ZoneReason::enough);
}

TEST(ZoneWatermark, ZonesThatAreOutOfTheQuestion)
{
    Zone none = zone(0, 0);
    none.managed_bytes = none.present_bytes = 0;
    EXPECT_EQ(reason(none, request()), ZoneReason::empty);
    EXPECT_EQ(judge_zone(zone(5000, 1000), 3, false, request()).reason, ZoneReason::node_not_allowed);
    PageRequest unknown = request();
    unknown.highest_zone.reset();
    EXPECT_EQ(reason(zone(5000, 1000), unknown), ZoneReason::unknown);
}

TEST(ZoneWatermark, NumbersThatCannotBeDoNotWrap)
{
    Zone low = zone(0, 1);
    low.min_bytes = ~0ULL;
    low.reserved_highatomic_bytes = ~0ULL;
    low.lowmem_reserve_bytes = {~0ULL, ~0ULL, ~0ULL, ~0ULL};
    low.free_blocks = {{0, ~0ULL, ~0ULL, ""}, {31, ~0ULL, ~0ULL, ""}};
    PageRequest huge = request(31);
    huge.page_size = ~0ULL;
    huge.counted_per_order = true;
    EXPECT_EQ(reason(low, huge), ZoneReason::below_min);
    low.free_bytes = ~0ULL;
    EXPECT_EQ(reason(low, huge), ZoneReason::below_min);
}

Node node_with(std::initializer_list<std::pair<std::uint32_t, const char *>> zones)
{
    Node node;
    for (const auto &[index, name] : zones) {
        node.zones.emplace_back();
        node.zones.back().index = index;
        node.zones.back().name = name;
    }
    return node;
}

TEST(ZoneType, FallsBackAsTheGfpMaskDoes)
{
    const std::vector<Node> small = {node_with({{0, "DMA"}, {1, "DMA32"}})};
    EXPECT_EQ(zone_type(small, "DMA"), 0U);
    EXPECT_EQ(zone_type(small, "Normal"), 2U);
    EXPECT_EQ(zone_type(small, "HighMem"), 2U);
    EXPECT_EQ(zone_type(small, "Movable"), 3U);
    const std::vector<Node> highmem = {node_with({{0, "DMA"}, {1, "Normal"}, {2, "HighMem"}})};
    EXPECT_EQ(zone_type(highmem, "DMA32"), 1U);
    EXPECT_EQ(zone_type(highmem, "HighMem"), 2U);
    EXPECT_EQ(zone_type(highmem, "Movable"), 3U);
    const std::vector<Node> small_arm64 = {node_with({{0, "DMA"}})};
    EXPECT_EQ(zone_type(small_arm64, "Normal"), 1U);
    EXPECT_EQ(zone_type(small_arm64, "Movable"), 2U);
    EXPECT_EQ(zone_type({}, "Normal"), std::nullopt);
    EXPECT_EQ(zone_type(highmem, "nonsense"), std::nullopt);
}

} // namespace
} // namespace oomtrace
