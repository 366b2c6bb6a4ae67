// SPDX-License-Identifier: Apache-2.0
//
// script_source.h: records from memory. For tests, and for the rehearsal with which the tracer touches every code path and
// every page it will need before it locks them in memory.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "oomtrace/record_source.h"

namespace oomtrace
{

class ScriptSource final : public RecordSource
{
  public:
    using Record = std::vector<std::byte>;

    explicit ScriptSource(std::vector<Record> records) : records_(std::move(records)) {}

    Result<std::optional<std::span<const std::byte>>> next(std::optional<std::chrono::nanoseconds>) override
    {
        using Answer = std::optional<std::span<const std::byte>>;
        return position_ == records_.size() ? Answer() : Answer(records_[position_++]);
    }

  private:
    std::vector<Record> records_;
    std::size_t position_ = 0;
};

} // namespace oomtrace
