// SPDX-License-Identifier: Apache-2.0
//
// saturating.h: arithmetic that a hostile recording cannot make wrap.
#pragma once

#include <cstdint>
#include <limits>

namespace oomtrace
{

constexpr std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b)
{
    std::uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}

constexpr std::uint64_t saturating_multiply(std::uint64_t a, std::uint64_t b)
{
    std::uint64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::uint64_t>::max() : product;
}

// a - b as a signed number, clamped to what fits.
constexpr std::int64_t saturating_difference(std::uint64_t a, std::uint64_t b)
{
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(a, b, &difference)) {
        return a > b ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
    }
    return difference;
}

} // namespace oomtrace
