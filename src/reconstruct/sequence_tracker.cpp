// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/sequence_tracker.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace oomtrace
{

SequenceTracker::Seen SequenceTracker::note(std::uint32_t sequence)
{
    if (sequence == next_) {
        next_++;
        return Seen::in_order;
    }
    if (sequence > next_) {
        gaps_.emplace(next_, sequence - 1);
        next_ = std::uint64_t{sequence} + 1;
        return Seen::skipped;
    }
    auto gap = gaps_.upper_bound(sequence);
    if (gap == gaps_.begin() || (--gap)->second < sequence) {
        return Seen::duplicate;
    }
    const auto [first, last] = *gap;
    gaps_.erase(gap);
    if (first < sequence) {
        gaps_.emplace(first, sequence - 1);
    }
    if (sequence < last) {
        gaps_.emplace(std::uint64_t{sequence} + 1, last);
    }
    return Seen::filled;
}

void SequenceTracker::note_last(std::uint64_t last_sequence)
{
    // No header can carry a larger number; a closing record that claims one is damaged.
    last_sequence = std::min<std::uint64_t>(last_sequence, std::numeric_limits<std::uint32_t>::max());
    if (last_sequence >= next_) {
        gaps_.emplace(next_, last_sequence);
        next_ = last_sequence + 1;
    }
}

std::uint64_t SequenceTracker::missing() const
{
    std::uint64_t count = 0;
    for (const auto &[first, last] : gaps_) {
        count += last - first + 1;
    }
    return count;
}

std::string SequenceTracker::missing_ranges() const
{
    constexpr std::size_t shown = 4;
    std::string text;
    std::size_t number = 0;
    for (const auto &[first, last] : gaps_) {
        if (number++ == shown) {
            return text + ", ...";
        }
        text += text.empty() ? "" : ", ";
        text += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
    }
    return text;
}

} // namespace oomtrace
