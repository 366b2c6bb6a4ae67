// SPDX-License-Identifier: Apache-2.0
#include "sinks/utf8.h"

#include <cstdint>
#include <cstring>

namespace oomtrace
{

bool is_ascii(std::string_view text)
{
    constexpr std::uint64_t highest_bits = 0x8080808080808080ULL;
    constexpr std::size_t step = sizeof highest_bits;
    std::uint64_t all = 0;
    const auto look_at = [&](std::size_t begin) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + begin, step);
        all |= word;
    };
    if (text.size() < step) {
        for (const char c : text)
            all |= static_cast<unsigned char>(c);
        return (all & highest_bits) == 0;
    }
    for (std::size_t i = 0; i + step < text.size(); i += step)
        look_at(i);
    look_at(text.size() - step); // some of it for the second time
    return (all & highest_bits) == 0;
}

std::optional<Utf8Character> utf8_character_at(std::string_view text, std::size_t position)
{
    const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte_at(position);
    if (lead < 0x80)
        return Utf8Character{lead, 1};

    std::size_t size = 0;
    char32_t code_point = 0;
    char32_t smallest = 0; // anything below it is an overlong form
    if ((lead & 0xe0U) == 0xc0) {
        size = 2;
        code_point = lead & 0x1fU;
        smallest = 0x80;
    } else if ((lead & 0xf0U) == 0xe0) {
        size = 3;
        code_point = lead & 0x0fU;
        smallest = 0x800;
    } else if ((lead & 0xf8U) == 0xf0) {
        size = 4;
        code_point = lead & 0x07U;
        smallest = 0x10000;
    } else {
        return std::nullopt;
    }
    if (text.size() - position < size)
        return std::nullopt;
    for (std::size_t i = 1; i < size; ++i) {
        const unsigned char next = byte_at(position + i);
        if ((next & 0xc0U) != 0x80)
            return std::nullopt;
        code_point = (code_point << 6U) | (next & 0x3fU);
    }
    const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
    if (code_point < smallest || code_point > 0x10ffff || surrogate)
        return std::nullopt;
    return Utf8Character{code_point, size};
}

} // namespace oomtrace
