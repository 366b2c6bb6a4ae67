// SPDX-License-Identifier: Apache-2.0
//
// record_source.h: where wire records come from. The live ring, a recording and an in-memory script are the three
// implementations, so that a replay runs through the same code as the live trace.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

#include "oomtrace/result.h"

namespace oomtrace
{

class RecordSource
{
  public:
    RecordSource() = default;
    RecordSource(const RecordSource &) = delete;
    RecordSource &operator=(const RecordSource &) = delete;
    virtual ~RecordSource() = default;

    // The bytes of the next record, valid until the next call; an empty optional at the end of the stream.
    // Blocks until there is a record. With a timeout, a live source returns a WIRE_CLOCK record when it passes; a recording
    // ignores it, because the ticks are recorded too. Errors: a truncated or foreign recording, a ring that cannot be polled.
    virtual Result<std::optional<std::span<const std::byte>>> next(std::optional<std::chrono::nanoseconds> timeout) = 0;
};

} // namespace oomtrace
