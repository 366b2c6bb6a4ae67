// SPDX-License-Identifier: Apache-2.0
// wire_bytes.h: a wire struct out of bytes that hold at least all of it.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

namespace oomtrace
{

// memcpy and not a cast: a record in a file or a fuzzer's buffer may lie at any address.
template <typename Wire>
Wire read_as(std::span<const std::byte> bytes)
{
    Wire wire{};
    std::memcpy(&wire, bytes.data(), sizeof(wire));
    return wire;
}

} // namespace oomtrace
