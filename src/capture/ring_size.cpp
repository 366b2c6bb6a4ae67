// SPDX-License-Identifier: Apache-2.0
#include "capture/ring_size.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include <fmt/format.h>

#include "oomtrace/wire_record.h"

namespace oomtrace
{

namespace
{

constexpr std::size_t ring_header_bytes = 8; // BPF_RINGBUF_HDR_SZ, in front of every record

// Nodes, zones and cgroups of a large host: a few hundred records of well under a kilobyte.
constexpr std::size_t incident_bytes = 256U << 10;

constexpr std::size_t smallest_ring_bytes = 64U << 10;

} // namespace

std::size_t ring_bytes_for(std::uint64_t tasks)
{
    constexpr std::size_t task_bytes = sizeof(wire_candidate) + ring_header_bytes;
    const std::uint64_t countable = std::min<std::uint64_t>(tasks, maximum_ring_bytes / task_bytes);
    return std::clamp<std::size_t>(std::bit_ceil(countable * task_bytes + incident_bytes), minimum_ring_bytes,
                                   maximum_ring_bytes);
}

Result<std::size_t> parse_ring_size(std::string_view text)
{
    const auto attempted = fmt::format("read the ring size \"{}\"", text);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (error != std::errc{} || unit.size() > 1)
        return fail(attempted, "not a size", "give a number of bytes, or one with K or M: --ring-size 4M");
    unsigned shift = 0;
    if (unit == "K" || unit == "k")
        shift = 10;
    else if (unit == "M" || unit == "m")
        shift = 20;
    else if (!unit.empty())
        return fail(attempted, "unknown unit", "the units are K and M");
    if (value > maximum_ring_bytes >> shift || value << shift < smallest_ring_bytes)
        return fail(attempted, "out of range", "between 64K and 1024M");
    return std::bit_ceil(value << shift);
}

} // namespace oomtrace
