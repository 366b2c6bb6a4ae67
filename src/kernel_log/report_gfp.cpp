// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/report_gfp.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "badness/kernel_release.h"
#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

using NamedMask = std::pair<std::uint32_t, std::string_view>;

// include/linux/gfp.h of 2.6.32. Those with the most bits first.
constexpr std::array<NamedMask, 8> old_composed = {{
    {0x1200d2, "GFP_HIGHUSER_MOVABLE"}, // 2.6.23 to 2.6.30
    {0x200da, "GFP_HIGHUSER_MOVABLE"},  // __GFP_MOVABLE is bit 3 since 2.6.31
    {0x200d2, "GFP_HIGHUSER"},
    {0x200d0, "GFP_USER"},
    {0xd0, "GFP_KERNEL"},
    {0x50, "GFP_NOFS"},
    {0x10, "GFP_NOIO"},
    {0x20, "GFP_ATOMIC"},
}};
constexpr std::array<NamedMask, 21> old_single = {{
    {0x01, "__GFP_DMA"},           {0x02, "__GFP_HIGHMEM"},     {0x04, "__GFP_DMA32"},       {0x08, "__GFP_MOVABLE"},
    {0x10, "__GFP_WAIT"},          {0x20, "__GFP_HIGH"},        {0x40, "__GFP_IO"},          {0x80, "__GFP_FS"},
    {0x100, "__GFP_COLD"},         {0x200, "__GFP_NOWARN"},     {0x400, "__GFP_REPEAT"},     {0x800, "__GFP_NOFAIL"},
    {0x1000, "__GFP_NORETRY"},     {0x2000, "__GFP_MEMALLOC"},  {0x4000, "__GFP_COMP"},      {0x8000, "__GFP_ZERO"},
    {0x10000, "__GFP_NOMEMALLOC"}, {0x20000, "__GFP_HARDWALL"}, {0x40000, "__GFP_THISNODE"}, {0x80000, "__GFP_RECLAIMABLE"},
    {0x100000, "__GFP_MOVABLE"},
}};

bool has_old_bits(const ParsedReport &report)
{
    if (const auto release = parse_kernel_release(report.kernel))
        return *release < KernelRelease{4, 4};
    return report.trigger_oom_adj.has_value(); // gone from the line long before the bits were changed
}

bool has_zone(const ParsedReport &report, std::string_view name)
{
    return std::any_of(report.zones.begin(), report.zones.end(), [&](const ZoneLines &zone) { return zone.name == name; });
}

} // namespace

std::vector<std::string> gfp_names_of(const ParsedReport &report)
{
    std::vector<std::string> names;
    if (!report.gfp_names.empty()) {
        TextCursor cursor{report.gfp_names};
        while (!cursor.at_end()) {
            const std::string_view name = cursor.rest.substr(0, cursor.rest.find('|'));
            names.emplace_back(name);
            cursor.rest.remove_prefix(std::min(name.size() + 1, cursor.rest.size()));
        }
        return names;
    }
    if (!report.gfp_mask || !has_old_bits(report))
        return names;
    std::uint32_t mask = *report.gfp_mask;
    for (const auto &[bits, name] : old_composed) {
        if ((mask & bits) == bits) {
            names.emplace_back(name);
            mask &= ~bits;
        }
    }
    for (const auto &[bit, name] : old_single) {
        if ((mask & bit) != 0) {
            names.emplace_back(name);
            mask &= ~bit;
        }
    }
    if (mask != 0)
        names.push_back(fmt::format("{:#x}", mask));
    return names;
}

std::optional<std::string> highest_zone_of(const ParsedReport &report)
{
    // The zone bits are the lowest four, and the same, since 2.6.31; the three below __GFP_MOVABLE ever since.
    constexpr std::uint32_t dma = 1;
    constexpr std::uint32_t highmem = 2;
    constexpr std::uint32_t dma32 = 4;
    constexpr std::uint32_t movable = 8;
    constexpr std::uint32_t old_movable = 0x100000;
    if (!report.gfp_mask)
        return std::nullopt;
    const std::uint32_t mask = *report.gfp_mask;
    if ((mask & dma) != 0)
        return "DMA";
    if ((mask & dma32) != 0)
        return "DMA32";
    const bool may_move = (mask & movable) != 0 || (has_old_bits(report) && (mask & old_movable) != 0);
    if ((mask & highmem) != 0 && may_move && (has_zone(report, "Movable") || !has_zone(report, "HighMem")))
        return "Movable";
    if ((mask & highmem) != 0 && has_zone(report, "HighMem"))
        return "HighMem";
    return "Normal";
}

} // namespace oomtrace::kernel_log
