// SPDX-License-Identifier: Apache-2.0
#include "explain/zone_watermark.h"

#include <algorithm>
#include <array>
#include <limits>

#include "reconstruct/saturating.h"

namespace oomtrace
{
namespace
{

constexpr std::uint32_t most_orders = 32;

bool has_flag(const Allocation &allocation, std::initializer_list<std::string_view> names)
{
    return std::any_of(allocation.gfp_flags.begin(), allocation.gfp_flags.end(),
                       [&](const std::string &flag) { return std::find(names.begin(), names.end(), flag) != names.end(); });
}

bool names_migrate_types(const std::vector<Node> &nodes)
{
    for (const Node &node : nodes) {
        for (const Zone &zone : node.zones) {
            for (const FreeBlockCount &blocks : zone.free_blocks) {
                if (!blocks.types.empty())
                    return true;
            }
        }
    }
    return false;
}

bool may_have(const FreeBlockCount &blocks, const PageRequest &request)
{
    if (blocks.count == 0)
        return false;
    const std::string_view types = request.may_use_cma.value_or(true) ? "UMEC" : "UME";
    return blocks.types.empty() || blocks.types.find_first_of(types) != std::string::npos;
}

bool has_block(const Zone &zone, const PageRequest &request)
{
    return std::any_of(zone.free_blocks.begin(), zone.free_blocks.end(), [&](const FreeBlockCount &blocks) {
        return blocks.order >= request.order && may_have(blocks, request);
    });
}

// The loop of zone_watermark_ok() before 4.4, in bytes.
bool enough_at_each_order(const Zone &zone, const PageRequest &request, std::int64_t free, std::int64_t min)
{
    for (std::uint32_t order = 0; order < request.order; ++order) {
        for (const FreeBlockCount &blocks : zone.free_blocks) {
            if (blocks.order == order)
                free = saturating_difference(static_cast<std::uint64_t>(std::max<std::int64_t>(free, 0)),
                                             saturating_multiply(blocks.count, blocks.block_bytes));
        }
        min >>= 1;
        if (free <= min)
            return false;
    }
    return true;
}

std::int64_t to_signed(std::uint64_t bytes)
{
    return static_cast<std::int64_t>(
        std::min<std::uint64_t>(bytes, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / 4));
}

std::uint64_t reserve_of(const Zone &zone, const PageRequest &request)
{
    // A zone keeps nothing from requests that can use no higher one.
    if (*request.highest_zone <= zone.index || *request.highest_zone >= zone.lowmem_reserve_bytes.size())
        return 0;
    return zone.lowmem_reserve_bytes[*request.highest_zone];
}

ZoneVerdict judge_with_cma(const Zone &zone, ZoneVerdict verdict, const PageRequest &request)
{
    const std::uint64_t pages_of_one_block = (std::uint64_t{1} << request.order) - 1;
    const std::uint64_t partial = saturating_multiply(pages_of_one_block, request.page_size);
    std::uint64_t not_for_it = 0;
    if (!request.high_priority)
        not_for_it =
            saturating_add(not_for_it, zone.free_highatomic_bytes.value_or(zone.reserved_highatomic_bytes.value_or(0)));
    if (!request.may_use_cma.value_or(true))
        not_for_it = saturating_add(not_for_it, zone.free_cma_bytes.value_or(0));
    verdict.unusable_bytes = saturating_add(partial, not_for_it);
    verdict.min_bytes = request.high_priority ? zone.min_bytes - zone.min_bytes / 2 : zone.min_bytes;
    verdict.lowmem_reserve_bytes = reserve_of(zone, request);
    if (!zone.free_blocks.empty()) {
        verdict.largest_block_bytes = 0;
        for (const FreeBlockCount &blocks : zone.free_blocks) {
            if (may_have(blocks, request))
                verdict.largest_block_bytes = std::max(*verdict.largest_block_bytes, blocks.block_bytes);
        }
    }

    const std::int64_t min = to_signed(verdict.min_bytes);
    const std::int64_t needed = min + to_signed(verdict.lowmem_reserve_bytes);
    const std::int64_t all_free = to_signed(zone.free_bytes) - to_signed(partial);
    const std::int64_t usable = to_signed(zone.free_bytes) - to_signed(verdict.unusable_bytes);
    if (usable <= needed) {
        verdict.short_by_bytes = static_cast<std::uint64_t>(needed - usable);
        verdict.reason = all_free > needed ? ZoneReason::unusable_free
                         : usable <= min   ? ZoneReason::below_min
                                           : ZoneReason::lowmem_reserve;
        return verdict;
    }
    verdict.reason = ZoneReason::enough;
    if (request.order == 0 || zone.free_blocks.empty())
        return verdict;
    const bool fits =
        has_block(zone, request) && (!request.counted_per_order || enough_at_each_order(zone, request, usable, min));
    if (!fits)
        verdict.reason = ZoneReason::no_block;
    return verdict;
}

} // namespace

PageRequest page_request(const Incident &incident)
{
    const Allocation &allocation = incident.allocation;
    PageRequest request;
    const std::int32_t order = allocation.order.value_or(0);
    request.order = order > 0 && static_cast<std::uint32_t>(order) < most_orders ? static_cast<std::uint32_t>(order) : 0;
    request.page_size = incident.host.page_size;
    request.high_priority = has_flag(allocation, {"__GFP_HIGH", "GFP_ATOMIC"});
    if (!allocation.gfp_flags.empty())
        request.may_use_cma =
            has_flag(allocation, {"GFP_HIGHUSER_MOVABLE", "GFP_TRANSHUGE", "GFP_TRANSHUGE_LIGHT", "__GFP_MOVABLE"});
    else if (allocation.gfp_mask == 0U)
        request.may_use_cma = false;
    request.counted_per_order = request.order > 0 && !names_migrate_types(incident.nodes);
    if (allocation.highest_zone)
        request.highest_zone = zone_type(incident.nodes, *allocation.highest_zone);
    return request;
}

std::optional<std::uint32_t> zone_type(const std::vector<Node> &nodes, std::string_view name)
{
    const auto present = [&](std::string_view wanted) -> std::optional<std::uint32_t> {
        for (const Node &node : nodes) {
            for (const Zone &zone : node.zones) {
                if (zone.name == wanted)
                    return zone.index;
            }
        }
        return std::nullopt;
    };
    const auto above = [](std::optional<std::uint32_t> type) { return type ? std::optional(*type + 1) : std::nullopt; };
    if (const auto found = present(name))
        return found;
    // A zone without pages is not among the nodes', but the types follow each other: DMA, DMA32, Normal, HighMem, Movable. All
    // that a small arm64 has is in DMA: whether the next type is DMA32 there is the same to the reserves, as neither has pages.
    const auto dma = present("DMA32") ? present("DMA32") : present("DMA");
    const auto normal = present("Normal") ? present("Normal") : above(dma);
    if (name == "Movable")
        return above(present("HighMem") ? present("HighMem") : normal);
    // Types that a kernel is built without fall back on Normal (OPT_ZONE_HIGHMEM and its like).
    constexpr std::array<std::string_view, 4> known = {"DMA", "DMA32", "Normal", "HighMem"};
    return std::find(known.begin(), known.end(), name) != known.end() ? normal : std::nullopt;
}

std::uint64_t zone_size(const Zone &zone)
{
    return zone.managed_bytes.value_or(0) != 0 ? *zone.managed_bytes : zone.present_bytes.value_or(0);
}

ZoneVerdict judge_zone(const Zone &zone, std::uint32_t node, bool node_allowed, const PageRequest &request)
{
    ZoneVerdict verdict;
    verdict.node = node;
    verdict.zone = zone.name;
    verdict.free_bytes = zone.free_bytes;
    verdict.min_bytes = zone.min_bytes;
    if (zone_size(zone) == 0 && zone.free_bytes == 0) {
        verdict.reason = ZoneReason::empty;
        return verdict;
    }
    if (!node_allowed) {
        verdict.reason = ZoneReason::node_not_allowed;
        return verdict;
    }
    if (!request.highest_zone)
        return verdict;
    if (zone.index > *request.highest_zone) {
        verdict.reason = ZoneReason::above_highest_zone;
        return verdict;
    }
    ZoneVerdict judged = judge_with_cma(zone, verdict, request);
    if (request.may_use_cma || zone.free_cma_bytes.value_or(0) == 0 || judged.short_by_bytes)
        return judged;
    // Enough with the CMA pages; whether the request may have those is not known.
    PageRequest without_cma = request;
    without_cma.may_use_cma = false;
    if (judge_with_cma(zone, verdict, without_cma).short_by_bytes)
        return verdict;
    return judged;
}

} // namespace oomtrace
