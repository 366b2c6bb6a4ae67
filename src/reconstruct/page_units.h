// SPDX-License-Identifier: Apache-2.0
//
// page_units.h: from the traced kernel's pages to bytes.
#pragma once

#include <cstdint>
#include <limits>

#include "reconstruct/saturating.h"

namespace oomtrace
{

class PageUnits
{
  public:
    // `page_size` must not be 0.
    explicit PageUnits(std::uint64_t page_size) : page_size_(page_size) {}

    [[nodiscard]] std::uint64_t page_size() const { return page_size_; }
    [[nodiscard]] std::uint64_t bytes(std::uint64_t pages) const { return saturating_multiply(pages, page_size_); }
    // The kernel keeps some counters per CPU, so that a reading may be below 0; it prints 0 then, and so do we.
    [[nodiscard]] std::uint64_t bytes_clamped(std::int64_t pages) const
    {
        return pages < 0 ? 0 : bytes(static_cast<std::uint64_t>(pages));
    }
    // PAGE_COUNTER_MAX: what a page_counter without a limit holds.
    [[nodiscard]] std::uint64_t unlimited_pages() const
    {
        return static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / page_size_;
    }

  private:
    std::uint64_t page_size_;
};

} // namespace oomtrace
