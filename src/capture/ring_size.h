// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "oomtrace/result.h"

namespace oomtrace
{

// The smallest ring that holds one scan over `tasks` tasks (one candidate record each, and the rest of an incident) while the
// collector cannot run: a power of two, at least minimum_ring_bytes. In bytes.
std::size_t ring_bytes_for(std::uint64_t tasks);

// "4M", "512K", "1048576": rounded up to a power of two that is a multiple of the page size.
Result<std::size_t> parse_ring_size(std::string_view text);

inline constexpr std::size_t minimum_ring_bytes = 1U << 20;
inline constexpr std::size_t maximum_ring_bytes = 1U << 30;

} // namespace oomtrace
