// SPDX-License-Identifier: Apache-2.0
//
// leading_record.h: one record out of several that lie back to back, as a sample of the ring holds them.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "oomtrace/wire_record.h"

namespace oomtrace
{

// The first record of `bytes`, as long as its header says. Where that cannot be (no whole header, shorter than one, longer than
// what there is) all of `bytes`, which decode() then refuses by name. Never empty unless `bytes` is.
inline std::span<const std::byte> leading_record(std::span<const std::byte> bytes)
{
    wire_header header{};
    if (bytes.size() < sizeof(header))
        return bytes;
    std::memcpy(&header, bytes.data(), sizeof(header));
    const bool possible = header.size >= sizeof(header) && header.size <= bytes.size();
    return possible ? bytes.first(header.size) : bytes;
}

} // namespace oomtrace
