// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/needle_search.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

// "f memory": Out of memory, whatever its case. " min:": the zones of a report whose head is cut off. "k swap on", "Linux ver":
// what a boot says of its swap. " Part": the head of a pstore dump. "page alloc": whose zones are not of an OOM, and stand
// further from that line than context reaches.
constexpr std::array<std::string_view, 11> needles = {"oom-kill",      "oom_reap",     "oom.group", "f memory",
                                                      "illed process", "ill process ", " min:",     "k swap on",
                                                      "Linux ver",     " Part",        "page alloc"};

using Bytes = signed char __attribute__((vector_size(16))); // signed: what a comparison of such vectors gives

Bytes load(const char *at)
{
    Bytes bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

bool any(Bytes bytes)
{
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), &bytes, sizeof bytes);
    return (halves[0] | halves[1]) != 0;
}

bool starts_with_needle(std::string_view text)
{
    for (const std::string_view needle : needles) {
        if (begins_with(text, needle))
            return true;
    }
    return false;
}

// Where a needle's first and last byte stand at their distance: few places are left for the full comparison.
template <std::size_t... Index>
Bytes matches(const char *at, std::index_sequence<Index...>)
{
    Bytes found{};
    ((found |= (load(at) == static_cast<signed char>(needles[Index].front())) &
               (load(at + needles[Index].size() - 1) == static_cast<signed char>(needles[Index].back()))),
     ...);
    return found;
}

} // namespace

std::size_t find_needle(std::string_view block, std::size_t from)
{
    constexpr std::size_t longest = 16;
    std::size_t i = from;
    while (i + sizeof(Bytes) + longest <= block.size()) {
        const Bytes found = matches(block.data() + i, std::make_index_sequence<needles.size()>());
        if (any(found)) {
            for (std::size_t k = 0; k < sizeof(Bytes); ++k) {
                if (found[k] != 0 && starts_with_needle(block.substr(i + k)))
                    return i + k;
            }
        }
        i += sizeof(Bytes);
    }
    for (; i < block.size(); ++i) {
        if (starts_with_needle(block.substr(i)))
            return i;
    }
    return std::string_view::npos;
}

} // namespace oomtrace::kernel_log
