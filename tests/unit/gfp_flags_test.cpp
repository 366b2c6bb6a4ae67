// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/gfp_flags.h"

#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

TEST(GfpFlags, AreNamedAsTheKernelNamesThem)
{
    // Masks and names as kernels print them in their reports.
    EXPECT_THAT(gfp_flag_names(0xcc0), ElementsAre("GFP_KERNEL"));
    EXPECT_THAT(gfp_flag_names(0x140dca), ElementsAre("GFP_HIGHUSER_MOVABLE", "__GFP_ZERO", "__GFP_COMP"));
    EXPECT_THAT(gfp_flag_names(0x100cca), ElementsAre("GFP_HIGHUSER_MOVABLE"));
    EXPECT_THAT(gfp_flag_names(0x400cc0), ElementsAre("GFP_KERNEL_ACCOUNT"));
    EXPECT_THAT(gfp_flag_names(0xdc0), ElementsAre("GFP_KERNEL", "__GFP_ZERO"));
    EXPECT_THAT(gfp_flag_names(0x101c4a),
                ElementsAre("GFP_NOFS", "__GFP_HIGHMEM", "__GFP_MOVABLE", "__GFP_WRITE", "__GFP_HARDWALL"));
    EXPECT_THAT(gfp_flag_names(0x820), ElementsAre("GFP_ATOMIC"));
    EXPECT_THAT(gfp_flag_names(0xa20), ElementsAre("GFP_ATOMIC")); // up to 6.3
    EXPECT_THAT(gfp_flag_names(0xc00), ElementsAre("GFP_NOIO"));
    EXPECT_THAT(gfp_flag_names(0x2800), ElementsAre("GFP_NOWAIT", "__GFP_NOWARN"));
    EXPECT_THAT(gfp_flag_names(0x100cc0), ElementsAre("GFP_USER"));
    EXPECT_THAT(gfp_flag_names(0x100cc2), ElementsAre("GFP_HIGHUSER"));
    EXPECT_THAT(gfp_flag_names(0x1c20ca), ElementsAre("GFP_TRANSHUGE_LIGHT"));
    EXPECT_THAT(gfp_flag_names(0x1c24ca), ElementsAre("GFP_TRANSHUGE"));
    EXPECT_THAT(gfp_flag_names(0xcc1), ElementsAre("GFP_KERNEL", "GFP_DMA"));
    EXPECT_THAT(gfp_flag_names(0xcc4), ElementsAre("GFP_KERNEL", "GFP_DMA32"));
    EXPECT_THAT(gfp_flag_names(0), IsEmpty());
}

TEST(GfpFlags, GiveBitsWithoutAFixedMeaningInHex)
{
    EXPECT_THAT(gfp_flag_names(0xcc0 | 0x5800000), ElementsAre("GFP_KERNEL", "0x5800000"));
    EXPECT_THAT(gfp_flag_names(0x80000000), ElementsAre("0x80000000"));
}

// Every bit comes out exactly once, whatever the mask.
TEST(GfpFlags, NameEverySingleBit)
{
    for (std::uint32_t bit = 0; bit < 32; bit++) {
        EXPECT_EQ(gfp_flag_names(1U << bit).size(), 1U) << bit;
    }
    EXPECT_THAT(gfp_flag_names(1U << 21), ElementsAre("__GFP_THISNODE"));
    EXPECT_THAT(gfp_flag_names(1U << 14), ElementsAre("__GFP_RETRY_MAYFAIL"));
    EXPECT_THAT(gfp_flag_names(1U << 9), ElementsAre("__GFP_ATOMIC"));
}

TEST(GfpFlags, SayWhichZoneIsTheHighestAllowed)
{
    EXPECT_EQ(highest_zone_name(0xcc0), "Normal");
    EXPECT_EQ(highest_zone_name(0xcc0 | 0x1), "DMA");
    EXPECT_EQ(highest_zone_name(0xcc0 | 0x4), "DMA32");
    EXPECT_EQ(highest_zone_name(0xcc0 | 0x2), "Normal"); // there is no HighMem on 64 bits
    EXPECT_EQ(highest_zone_name(0xcc0 | 0x8), "Normal"); // movable alone is a hint
    EXPECT_EQ(highest_zone_name(0x100cca), "Movable");   // GFP_HIGHUSER_MOVABLE
    EXPECT_EQ(highest_zone_name(0xcc0 | 0x8 | 0x1), "DMA");
    EXPECT_EQ(highest_zone_name(0xcc0 | 0x8 | 0x4), "DMA32");
}

} // namespace
} // namespace oomtrace
