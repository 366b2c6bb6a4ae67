// SPDX-License-Identifier: Apache-2.0
// Strict UTF-8, one character at a time: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace oomtrace
{

struct Utf8Character {
    char32_t code_point = 0;
    std::size_t size = 0; // bytes, 1..4
};

// The character that begins at `position` (< text.size()); empty where no valid sequence begins there.
std::optional<Utf8Character> utf8_character_at(std::string_view text, std::size_t position);

// Eight bytes at a time: nearly every text is, and is asked.
bool is_ascii(std::string_view text);

} // namespace oomtrace
