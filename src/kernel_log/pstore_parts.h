// SPDX-License-Identifier: Apache-2.0
//
// pstore_parts.h: a dump in pstore is kept in parts, each after a line "Panic#1 Part1", and the first part is the end of the
// log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace oomtrace::kernel_log
{

class PstoreParts
{
  public:
    // True: the line was kept back.
    bool take(std::string_view line);
    [[nodiscard]] bool collecting() const { return !parts_.empty(); }
    // The line begins another dump than the one that is collected, or there is no room for more: take out what there is first.
    [[nodiscard]] bool must_be_taken_before(std::string_view line) const;
    // The text of the dump, oldest part first.
    std::string take_text();

  private:
    struct Part {
        std::uint32_t number = 0;
        std::string text;
    };
    std::string dump_; // "Panic#1"
    std::vector<Part> parts_;
    std::size_t bytes_ = 0;
};

} // namespace oomtrace::kernel_log
