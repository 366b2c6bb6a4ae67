// SPDX-License-Identifier: Apache-2.0
//
// kernel_release.h: "6.12.48-amd64" as numbers. For what neither types nor the shape of a line tell: which formula a kernel
// scored by, and what the bits of an old mask mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace oomtrace
{

struct KernelRelease {
    std::uint32_t major = 0, minor = 0, patch = 0;
    // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy takes the comparison for one with a null pointer
    auto operator<=>(const KernelRelease &) const = default;
};

// `text`: as uname -r has it. A missing patch level is 0. Absent: it does not begin with "major.minor".
std::optional<KernelRelease> parse_kernel_release(std::string_view text);

} // namespace oomtrace
