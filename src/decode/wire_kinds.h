// SPDX-License-Identifier: Apache-2.0
//
// wire_kinds.h: the table of record kinds, made from WIRE_KINDS: number, name and size of each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "oomtrace/wire_record.h"

namespace oomtrace
{

struct WireKind {
    std::uint16_t number = 0;
    std::string_view name; // "candidate": the struct's name without its prefix
    std::size_t size = 0;  // of the whole record
};

#define OOMTRACE_KIND_ROW(kind, type) WireKind{kind, std::string_view(#type).substr(sizeof("wire_") - 1), sizeof(type)},
inline constexpr std::array wire_kinds = {WIRE_KINDS(OOMTRACE_KIND_ROW)};
#undef OOMTRACE_KIND_ROW

// A null pointer for a number that this version does not know.
constexpr const WireKind *find_wire_kind(std::uint16_t number)
{
    for (const WireKind &kind : wire_kinds) {
        if (kind.number == number) {
            return &kind;
        }
    }
    return nullptr;
}

constexpr std::size_t largest_wire_record()
{
    std::size_t largest = 0;
    for (const WireKind &kind : wire_kinds) {
        largest = kind.size > largest ? kind.size : largest;
    }
    return largest;
}

} // namespace oomtrace
