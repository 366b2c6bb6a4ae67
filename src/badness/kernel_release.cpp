// SPDX-License-Identifier: Apache-2.0
#include "badness/kernel_release.h"

#include <charconv>

namespace oomtrace
{

std::optional<KernelRelease> parse_kernel_release(std::string_view text)
{
    KernelRelease release;
    const char *at = text.data(), *const end = at + text.size();
    const auto take = [&](std::uint32_t &number) {
        const auto [after, error] = std::from_chars(at, end, number);
        at = after;
        return error == std::errc();
    };
    const auto take_dot = [&] { return at != end && *at++ == '.'; };
    if (!take(release.major) || !take_dot() || !take(release.minor)) {
        return std::nullopt;
    }
    if (take_dot() && !take(release.patch)) {
        release.patch = 0;
    }
    return release;
}

} // namespace oomtrace
