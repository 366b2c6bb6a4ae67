// SPDX-License-Identifier: Apache-2.0
// wire_text.h: a wire struct's text field as a string: up to the first NUL, or all of it where there is none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "oomtrace/wire_record.h"

namespace oomtrace
{

template <std::size_t size>
std::string text_of(const wire_u8 (&field)[size])
{
    const wire_u8 *end = std::find(field, field + size, wire_u8{0});
    return {reinterpret_cast<const char *>(field), static_cast<std::size_t>(end - field)};
}

} // namespace oomtrace
