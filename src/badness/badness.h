// SPDX-License-Identifier: Apache-2.0
//
// badness.h: the kernel's score, integer for integer. Pure functions of what was captured.
//
//   points = rss(file + anon + shmem) + swap entries + page tables     in pages
//   points += oom_score_adj * (total_pages / 1000)                     the division first, as the kernel does it
//
// badness_history.h has the formulas of kernels before 4.17.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "oomtrace/kernel_event.h"

namespace oomtrace
{

enum class BadnessFormula : std::uint8_t {
    unsigned_until_5_8, // 4.17 to 5.8: never below 1; 0 is "not eligible"
    signed_since_5_9,   // negative scores kept; LONG_MIN is "not eligible" (9066e5cfb73c)
};

enum class RssReading : std::uint8_t {
    approximate, // get_mm_counter(): the central count, up to 6.19
    exact,       // get_mm_counter_sum(): per-cpu deltas added, since 7.0 (5898aa8f9a0b)
};

// Whether a kernel of this release (uname -r) reads rss exactly. Nothing in a kernel's types tells, so this is the one place
// that asks for a version; where scores are observed, they decide.
bool sums_rss_by_version(std::string_view release);

inline constexpr std::int32_t oom_score_adj_min = -1000;

// LONG_MAX: what oom_evaluate_task() gives a task with oom_flag_origin. ULONG_MAX up to 5.8, sent as the same bits.
constexpr std::int64_t origin_points(BadnessFormula formula)
{
    return formula == BadnessFormula::signed_since_5_9 ? std::numeric_limits<std::int64_t>::max() : -1;
}

constexpr std::int64_t not_eligible_points(BadnessFormula formula)
{
    return formula == BadnessFormula::signed_since_5_9 ? std::numeric_limits<std::int64_t>::min() : 0;
}

// Whether a task with `points` replaces one with `chosen_points`: on equal scores the later task wins.
constexpr bool replaces_chosen(std::int64_t points, std::int64_t chosen_points, BadnessFormula formula)
{
    if (points == not_eligible_points(formula)) {
        return false;
    }
    return formula == BadnessFormula::signed_since_5_9
               ? points >= chosen_points
               : static_cast<std::uint64_t>(points) >= static_cast<std::uint64_t>(chosen_points);
}

// The counters as `reading` has them, each clamped at 0 on its own as the kernel reads them. Without an exact reading the
// approximate one is given.
RssPages rss_as_read(const MmSnapshot &mm, RssReading reading);

// The score of an eligible task; who is eligible is eligibility.h's business. Absent: total_pages is not known and
// oom_score_adj is not 0. `page_size` must not be 0.
std::optional<std::int64_t> badness(const MmSnapshot &mm, RssReading reading, std::int32_t oom_score_adj,
                                    std::optional<std::uint64_t> total_pages, std::uint64_t page_size, BadnessFormula formula);

// /proc/PID/oom_score of a task whose badness against all of RAM and swap is `points`. `total_pages` is totalram + totalswap,
// never a cgroup's limit, and must not be 0.
std::uint64_t proc_oom_score(std::int64_t points, std::uint64_t total_pages, BadnessFormula formula);

} // namespace oomtrace
