// SPDX-License-Identifier: Apache-2.0
//
// wire_decoder.h: bytes in, one typed event out. A pure function, safe on any bytes at any alignment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tl/expected.hpp>

#include "oomtrace/kernel_event.h"
#include "oomtrace/result.h"

namespace oomtrace
{

enum class DecodeErrorKind : std::uint8_t {
    too_short,           // not even a header
    size_mismatch,       // the header's size is not the number of bytes received
    unknown_kind,        // of a newer tracer, or garbage: to be counted and skipped
    wrong_size_for_kind, // the kind is known and its record has another size
    bad_value,           // a count beyond its array, or an enum value without a meaning
};

// An Error that also says, for whoever counts, which check failed.
struct DecodeError : Error {
    DecodeErrorKind kind = DecodeErrorKind::too_short;
    std::uint16_t record_kind = 0; // enum wire_kind; 0: not even that could be read
};

// `record` is exactly one record. Strings end at their first NUL, or with their field. Enum values out of range are errors,
// except where the event has an `unknown`. A field whose validity bit is not set is not looked at.
tl::expected<KernelEvent, DecodeError> decode(std::span<const std::byte> record);

std::string_view name_of(DecodeErrorKind kind);

} // namespace oomtrace
