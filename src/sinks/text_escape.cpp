// SPDX-License-Identifier: Apache-2.0
#include "sinks/text_escape.h"

#include <cstddef>

#include "sinks/utf8.h"

namespace oomtrace
{

namespace
{

constexpr std::string_view marker = "\xef\xbf\xbd"; // U+FFFD
constexpr char32_t marker_code_point = 0xfffd;
constexpr std::string_view hex_digits = "0123456789abcdef";

void append_escaped(std::string &out, char raw)
{
    const auto byte = static_cast<unsigned char>(raw);
    out += marker;
    out += hex_digits[byte >> 4U];
    out += hex_digits[byte & 0xfU];
}

} // namespace

std::string escape_text(std::string_view bytes)
{
    if (is_ascii(bytes)) // as nearly all are
        return std::string(bytes);
    std::string out;
    out.reserve(bytes.size());
    for (std::size_t i = 0; i < bytes.size();) {
        const auto character = utf8_character_at(bytes, i);
        const std::size_t size = character ? character->size : 1;
        if (character && character->code_point != marker_code_point) {
            out += bytes.substr(i, size);
        } else {
            for (const char raw : bytes.substr(i, size))
                append_escaped(out, raw);
        }
        i += size;
    }
    return out;
}

std::optional<std::string> unescape_text(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        if (!text.substr(i).starts_with(marker)) {
            out += text[i++];
            continue;
        }
        i += marker.size();
        if (text.size() - i < 2)
            return std::nullopt;
        const std::size_t high = hex_digits.find(text[i]);
        const std::size_t low = hex_digits.find(text[i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos)
            return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    // An escape of a byte that needs none, or bytes that are not UTF-8: not ours.
    if (escape_text(out) != text)
        return std::nullopt;
    return out;
}

} // namespace oomtrace
