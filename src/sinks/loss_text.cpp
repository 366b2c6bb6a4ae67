// SPDX-License-Identifier: Apache-2.0
#include "sinks/loss_text.h"

#include <array>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>

namespace oomtrace
{

namespace
{

struct Wording {
    std::string_view one, many;
};

// Index: enum wire_drop_reason.
constexpr std::array<Wording, std::tuple_size_v<DropCounts>> drop_wordings = {{
    {"record dropped (ring buffer full)", "records dropped (ring buffer full)"},
    {"cgroup not remembered (table full)", "cgroups not remembered (table full)"},
    {"victim not followed (table full)", "victims not followed (table full)"},
    {"record not made (cgroups too deep, or too many nodes)", "records not made (cgroups too deep, or too many nodes)"},
}};

} // namespace

std::string loss_text(const LossTotals &totals)
{
    std::string reasons;
    const auto add = [&](std::uint64_t count, const Wording &wording) {
        if (count != 0)
            reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", count, count == 1 ? wording.one : wording.many);
    };
    for (std::size_t i = 0; i < drop_wordings.size(); ++i)
        add(totals.dropped[i], drop_wordings[i]);
    add(totals.recursion_misses,
        {"hook call skipped (the hook was running already)", "hook calls skipped (the hook was running already)"});
    add(totals.decode_errors, {"record not understood", "records not understood"});
    return fmt::format("OOMTRACE LOST DATA  since it started: {}", reasons.empty() ? "nothing" : reasons);
}

} // namespace oomtrace
