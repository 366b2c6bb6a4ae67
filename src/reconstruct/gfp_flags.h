// SPDX-License-Identifier: Apache-2.0
//
// gfp_flags.h: what an allocation's gfp_mask says, in the kernel's words. Bits 0 to 22 mean the same in 5.4 to 7.3; those above
// depend on version and configuration, and are given in hex.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace oomtrace
{

// "GFP_KERNEL", "__GFP_ZERO", "0x1000000": the composed masks first, greedily, then single flags in the order of their bits.
std::vector<std::string> gfp_flag_names(std::uint32_t mask);

// The highest zone that the mask allows, by the rules of gfp_zone() on a 64-bit kernel, which has no HighMem.
std::string_view highest_zone_name(std::uint32_t mask);

} // namespace oomtrace
