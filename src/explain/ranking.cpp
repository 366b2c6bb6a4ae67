// SPDX-License-Identifier: Apache-2.0
#include "explain/ranking.h"

#include <algorithm>
#include <charconv>

namespace oomtrace
{

BadnessFormula formula_of(std::string_view release)
{
    constexpr unsigned signed_major = 5, signed_minor = 9;
    unsigned major = 0, minor = 0;
    const char *const end = release.data() + release.size();
    const auto [after_major, major_error] = std::from_chars(release.data(), end, major);
    if (major_error != std::errc() || after_major == end || *after_major != '.')
        return BadnessFormula::signed_since_5_9;
    const auto [after_minor, minor_error] = std::from_chars(after_major + 1, end, minor);
    if (minor_error != std::errc())
        return BadnessFormula::signed_since_5_9;
    const bool is_signed = major > signed_major || (major == signed_major && minor >= signed_minor);
    return is_signed ? BadnessFormula::signed_since_5_9 : BadnessFormula::unsigned_until_5_8;
}

std::vector<RankedTask> rank(std::span<const CandidateTask> candidates, BadnessFormula formula)
{
    std::vector<RankedTask> ranking;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const CandidateTask &candidate = candidates[i];
        if (!candidate.eligible || !candidate.points || *candidate.points == not_eligible_points(formula))
            continue;
        const Process &process = candidate.process;
        ranking.push_back({{process.pid, process.tgid, process.comm}, i, *candidate.points});
    }
    std::sort(ranking.begin(), ranking.end(), [&](const RankedTask &a, const RankedTask &b) {
        if (a.points != b.points)
            return replaces_chosen(a.points, b.points, formula);
        return a.candidate > b.candidate;
    });
    return ranking;
}

} // namespace oomtrace
