// SPDX-License-Identifier: Apache-2.0
//
// sequence_tracker.h: which of an episode's numbered records (1, 2, ...) have been seen.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace oomtrace
{

class SequenceTracker
{
  public:
    enum class Seen : std::uint8_t {
        in_order,
        skipped, // later than the next one: those between are missing for now
        filled,  // one that was missing: the records are out of order
        duplicate,
    };

    // `sequence` must not be 0.
    Seen note(std::uint32_t sequence);
    // The closing record's word on how many there are; numbers up to it that were not seen are missing.
    void note_last(std::uint64_t last_sequence);

    [[nodiscard]] std::uint64_t missing() const;
    // "4-5, 9": the first few ranges; empty when nothing is missing.
    [[nodiscard]] std::string missing_ranges() const;

  private:
    std::uint64_t next_ = 1;
    std::map<std::uint64_t, std::uint64_t> gaps_; // first -> last, both missing; at most one more than records noted
};

} // namespace oomtrace
