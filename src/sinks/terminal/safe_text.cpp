// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/safe_text.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "sinks/utf8.h"

namespace oomtrace::terminal
{

namespace
{

struct CodePointRange {
    char32_t first, last;
};

// Printable ASCII aside: what a terminal obeys, hides, or draws over the character before.
constexpr CodePointRange escaped_ranges[] = {
    {0x0000, 0x001f},   // C0 controls
    {0x007f, 0x009f},   // DEL, C1 controls
    {0x00ad, 0x00ad},   // soft hyphen
    {0x0300, 0x036f},   // combining marks
    {0x061c, 0x061c},   // Arabic letter mark
    {0x180e, 0x180e},   // Mongolian vowel separator
    {0x1ab0, 0x1aff},   // combining marks
    {0x1dc0, 0x1dff},   // combining marks
    {0x200b, 0x200f},   // zero width, direction marks
    {0x2028, 0x202e},   // line separators, direction overrides
    {0x2060, 0x206f},   // invisible operators, direction isolates
    {0x20d0, 0x20ff},   // combining marks
    {0xfe00, 0xfe0f},   // variation selectors
    {0xfe20, 0xfe2f},   // combining marks
    {0xfeff, 0xfeff},   // byte order mark
    {0xfff9, 0xfffb},   // interlinear annotation
    {0xe0000, 0xe0fff}, // tags
};

bool is_escaped(char32_t code_point)
{
    for (const CodePointRange &range : escaped_ranges) {
        if (code_point >= range.first && code_point <= range.last)
            return true;
    }
    return false;
}

std::string escape_of(char32_t code_point)
{
    switch (code_point) {
    case '\a':
        return "\\a";
    case '\b':
        return "\\b";
    case '\t':
        return "\\t";
    case '\n':
        return "\\n";
    case '\v':
        return "\\v";
    case '\f':
        return "\\f";
    case '\r':
        return "\\r";
    case 0x1b:
        return "\\e";
    default:
        break;
    }
    const auto value = static_cast<std::uint32_t>(code_point);
    if (value < 0x80)
        return fmt::format("\\x{:02x}", value);
    if (value <= 0xffff)
        return fmt::format("\\u{:04x}", value);
    return fmt::format("\\U{:08x}", value);
}

// The printable form of the character at `i`, which moves to the next one.
std::string next_unit(std::string_view bytes, std::size_t &i)
{
    const auto character = utf8_character_at(bytes, i);
    if (!character)
        return fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(bytes[i++])));
    const std::size_t begin = i;
    i += character->size;
    if (is_escaped(character->code_point))
        return escape_of(character->code_point);
    return std::string(bytes.substr(begin, character->size));
}

} // namespace

std::string safe_text(std::string_view bytes)
{
    return safe_text(bytes, std::numeric_limits<std::size_t>::max());
}

std::string safe_text(std::string_view bytes, std::size_t width)
{
    const auto is_plain = [](char c) { return c >= ' ' && c <= '~'; };
    if (bytes.size() <= width && std::all_of(bytes.begin(), bytes.end(), is_plain)) // as nearly all are
        return std::string(bytes);
    std::string out;
    std::size_t used = 0;
    std::size_t fits = 0; // length of `out` that leaves a column for the ellipsis
    for (std::size_t i = 0; i < bytes.size();) {
        const std::string unit = next_unit(bytes, i);
        used += display_width(unit);
        if (used > width) {
            out.resize(fits);
            return out + "…";
        }
        out += unit;
        if (used < width)
            fits = out.size();
    }
    return out;
}

std::string safe_path_tail(std::string_view path, std::size_t width)
{
    std::string whole = safe_text(path);
    if (display_width(whole) <= width)
        return whole;
    for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
        std::string tail = "…" + safe_text(path.substr(slash));
        if (display_width(tail) <= width)
            return tail;
    }
    const std::size_t last = path.rfind('/');
    return "…" + safe_text(last == std::string_view::npos ? path : path.substr(last), width - 1);
}

std::size_t display_width(std::string_view text)
{
    if (is_ascii(text))
        return text.size();
    // fmt counts columns (wide characters as two) when it pads; a string never takes more columns than it has bytes.
    const std::string padded = fmt::format("{:<{}}", text, text.size());
    return 2 * text.size() - padded.size();
}

} // namespace oomtrace::terminal
