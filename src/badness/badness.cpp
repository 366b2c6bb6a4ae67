// SPDX-License-Identifier: Apache-2.0
#include "badness/badness.h"

#include <algorithm>

#include "badness/kernel_release.h"

namespace oomtrace
{

bool sums_rss_by_version(std::string_view release)
{
    const auto version = parse_kernel_release(release);
    return version && *version >= KernelRelease{7, 0};
}

RssPages rss_as_read(const MmSnapshot &mm, RssReading reading)
{
    const RssPages &rss = reading == RssReading::exact && mm.exact ? *mm.exact : mm.approximate;
    const auto clamped = [](std::int64_t pages) { return std::max<std::int64_t>(pages, 0); };
    return {clamped(rss.file), clamped(rss.anon), clamped(rss.swap), clamped(rss.shmem)};
}

std::optional<std::int64_t> badness(const MmSnapshot &mm, RssReading reading, std::int32_t oom_score_adj,
                                    std::optional<std::uint64_t> total_pages, std::uint64_t page_size, BadnessFormula formula)
{
    const RssPages rss = rss_as_read(mm, reading);
    // Unsigned throughout: the kernel's longs wrap, ours must not be undefined on a hostile recording.
    std::uint64_t points = static_cast<std::uint64_t>(rss.file) + static_cast<std::uint64_t>(rss.anon) +
                           static_cast<std::uint64_t>(rss.shmem) + static_cast<std::uint64_t>(rss.swap) +
                           mm.pgtables_bytes / page_size;
    if (oom_score_adj != 0) {
        if (!total_pages) {
            return std::nullopt;
        }
        points += static_cast<std::uint64_t>(static_cast<std::int64_t>(oom_score_adj)) * (*total_pages / 1000);
    }
    const auto signed_points = static_cast<std::int64_t>(points);
    if (formula == BadnessFormula::unsigned_until_5_8) {
        return std::max<std::int64_t>(signed_points, 1);
    }
    return signed_points;
}

std::uint64_t proc_oom_score(std::int64_t points, std::uint64_t total_pages, BadnessFormula formula)
{
    const std::uint64_t thousandfold = static_cast<std::uint64_t>(points) * 1000;
    if (formula == BadnessFormula::unsigned_until_5_8) {
        return thousandfold / total_pages;
    }
    if (points == not_eligible_points(formula)) {
        return 0;
    }
    return static_cast<std::uint64_t>(
        (1000 + static_cast<std::int64_t>(thousandfold) / static_cast<std::int64_t>(total_pages)) * 2 / 3);
}

} // namespace oomtrace
