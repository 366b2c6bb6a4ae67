// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/gfp_flags.h"

#include <array>
#include <bit>

#include <fmt/format.h>

namespace oomtrace
{
namespace
{

enum : std::uint32_t {
    gfp_dma = 1U << 0,
    gfp_highmem = 1U << 1,
    gfp_dma32 = 1U << 2,
    gfp_movable = 1U << 3,
    gfp_high = 1U << 5,
    gfp_io = 1U << 6,
    gfp_fs = 1U << 7,
    gfp_atomic = 1U << 9, // unused since 6.4
    gfp_direct_reclaim = 1U << 10,
    gfp_kswapd_reclaim = 1U << 11,
    gfp_reclaim = gfp_direct_reclaim | gfp_kswapd_reclaim,
    gfp_nowarn = 1U << 13,
    gfp_comp = 1U << 18,
    gfp_nomemalloc = 1U << 19,
    gfp_hardwall = 1U << 20,
    gfp_account = 1U << 22,

    gfp_nofs = gfp_reclaim | gfp_io,
    gfp_kernel = gfp_nofs | gfp_fs,
    gfp_user = gfp_kernel | gfp_hardwall,
    gfp_highuser = gfp_user | gfp_highmem,
    gfp_highuser_movable = gfp_highuser | gfp_movable,
    gfp_transhuge_light = (gfp_highuser_movable | gfp_comp | gfp_nomemalloc | gfp_nowarn) & ~gfp_reclaim,
};

struct NamedMask {
    std::uint32_t mask;
    std::string_view name;
};

// Those with the most bits first, so that each takes all it can. GFP_NOWAIT is named by its one bit: since 6.12 it includes
// __GFP_NOWARN, before it did not. GFP_DMA and GFP_DMA32 are single bits: the kernel prints them by these names too.
constexpr NamedMask composed[] = {
    {gfp_transhuge_light | gfp_direct_reclaim, "GFP_TRANSHUGE"},
    {gfp_transhuge_light, "GFP_TRANSHUGE_LIGHT"},
    {gfp_highuser_movable, "GFP_HIGHUSER_MOVABLE"},
    {gfp_highuser, "GFP_HIGHUSER"},
    {gfp_user, "GFP_USER"},
    {gfp_kernel | gfp_account, "GFP_KERNEL_ACCOUNT"},
    {gfp_kernel, "GFP_KERNEL"},
    {gfp_nofs, "GFP_NOFS"},
    {gfp_high | gfp_atomic | gfp_kswapd_reclaim, "GFP_ATOMIC"}, // up to 6.3
    {gfp_high | gfp_kswapd_reclaim, "GFP_ATOMIC"},
    {gfp_reclaim, "GFP_NOIO"},
    {gfp_kswapd_reclaim, "GFP_NOWAIT"},
    {gfp_dma, "GFP_DMA"},
    {gfp_dma32, "GFP_DMA32"},
};

// Index: bit.
constexpr std::array<std::string_view, 23> single = {
    "__GFP_DMA",   "__GFP_HIGHMEM",    "__GFP_DMA32",         "__GFP_MOVABLE",  "__GFP_RECLAIMABLE",    "__GFP_HIGH",
    "__GFP_IO",    "__GFP_FS",         "__GFP_ZERO",          "__GFP_ATOMIC",   "__GFP_DIRECT_RECLAIM", "__GFP_KSWAPD_RECLAIM",
    "__GFP_WRITE", "__GFP_NOWARN",     "__GFP_RETRY_MAYFAIL", "__GFP_NOFAIL",   "__GFP_NORETRY",        "__GFP_MEMALLOC",
    "__GFP_COMP",  "__GFP_NOMEMALLOC", "__GFP_HARDWALL",      "__GFP_THISNODE", "__GFP_ACCOUNT",
};

} // namespace

std::vector<std::string> gfp_flag_names(std::uint32_t mask)
{
    std::vector<std::string> names;
    for (const NamedMask &combination : composed) {
        if ((mask & combination.mask) == combination.mask) {
            names.emplace_back(combination.name);
            mask &= ~combination.mask;
        }
    }
    for (std::uint32_t bit = 0; bit < single.size(); bit++) {
        if ((mask >> bit & 1) != 0) {
            names.emplace_back(single[bit]);
            mask &= ~(1U << bit);
        }
    }
    if (mask != 0) {
        names.push_back(fmt::format("{:#x}", mask));
    }
    return names;
}

std::string_view highest_zone_name(std::uint32_t mask)
{
    if ((mask & gfp_dma) != 0) {
        return "DMA";
    }
    if ((mask & gfp_dma32) != 0) {
        return "DMA32";
    }
    // __GFP_MOVABLE alone is a hint about placement; only with __GFP_HIGHMEM does it open the movable zone.
    if ((mask & gfp_highmem) != 0 && (mask & gfp_movable) != 0) {
        return "Movable";
    }
    return "Normal";
}

} // namespace oomtrace
