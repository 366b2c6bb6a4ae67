// SPDX-License-Identifier: Apache-2.0
#include "sinks/json_writer.h"

#include <cstring>

#include <nlohmann/json.hpp>

#include "sinks/text_escape.h"
#include "sinks/utf8.h"

namespace oomtrace
{

namespace
{

constexpr std::uint64_t ones = 0x0101010101010101ULL;
constexpr std::uint64_t highest_bits = 0x80 * ones;

std::uint64_t word_at(const char *bytes)
{
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

// Not 0 where one of the eight bytes has to be escaped. A byte below 0x80 from which 0x20 is taken borrows from its highest bit
// when it is a control character; what is 0x80 and more is never escaped.
std::uint64_t escaped_in(std::uint64_t word)
{
    const auto has_zero = [](std::uint64_t bytes_of_word) { return (bytes_of_word - ones) & ~bytes_of_word & highest_bits; };
    const std::uint64_t control = (word - 0x20 * ones) & ~word & highest_bits;
    return control | has_zero(word ^ ('"' * ones)) | has_zero(word ^ ('\\' * ones));
}

bool is_plain(std::uint64_t word)
{
    return escaped_in(word) == 0;
}

bool is_plain(char c)
{
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

// Of the first byte that has to be escaped; the size: there is none.
std::size_t first_to_escape(std::string_view text, std::size_t from)
{
    std::size_t i = from;
    while (i + sizeof(std::uint64_t) <= text.size() && is_plain(word_at(text.data() + i)))
        i += sizeof(std::uint64_t);
    while (i < text.size() && is_plain(text[i]))
        ++i;
    return i;
}

enum class Special { escaped, escaped_or_not_ascii };

template <Special special>
bool has_any_of(std::string_view text)
{
    std::uint64_t found = 0;
    const auto look_at = [&](std::uint64_t word) {
        found |= escaped_in(word) | (special == Special::escaped_or_not_ascii ? word & highest_bits : 0);
    };
    if (text.size() < sizeof(std::uint64_t)) {
        for (const char c : text)
            found |= is_plain(c) && (special == Special::escaped || static_cast<unsigned char>(c) < 0x80) ? 0 : 1;
        return found != 0;
    }
    for (std::size_t i = 0; i + sizeof(std::uint64_t) < text.size(); i += sizeof(std::uint64_t))
        look_at(word_at(text.data() + i));
    look_at(word_at(text.data() + text.size() - sizeof(std::uint64_t))); // some of it for the second time
    return found != 0;
}

} // namespace

void JsonWriter::grow(std::size_t bytes)
{
    const std::size_t used = size();
    if (text_.size() - used < bytes)
        text_.resize(std::max(2 * text_.size(), used + bytes));
    end_ = text_.data() + used;
    room_end_ = text_.data() + text_.size();
}

void JsonWriter::put(std::string_view text)
{
    if (has_any_of<Special::escaped>(text))
        put_escaped(text);
    else
        put_plain(text);
}

void JsonWriter::put_plain(std::string_view text)
{
    char *at = room(text.size() + 2);
    *at++ = '"';
    at = std::copy(text.begin(), text.end(), at);
    *at++ = '"';
    end_ = at;
}

void JsonWriter::put(JsonBytes value)
{
    if (!has_any_of<Special::escaped_or_not_ascii>(value.bytes)) // as nearly none has
        put_plain(value.bytes);
    else if (is_ascii(value.bytes))
        put_escaped(value.bytes);
    else
        put(escape_text(value.bytes));
}

void JsonWriter::put(JsonAddress value)
{
    append("\"0x");
    char *const at = room(most_digits);
    end_ = std::to_chars(at, at + most_digits, value.address, 16).ptr;
    append('"');
}

void JsonWriter::put_double(double value)
{
    append(nlohmann::json(value).dump());
}

void JsonWriter::put_escaped(std::string_view text)
{
    constexpr std::string_view hex_digits = "0123456789abcdef";
    constexpr std::string_view letters = "btn-fr"; // of \b (8) to \r (13)
    append('"');
    for (std::size_t plain = 0; plain < text.size();) {
        const std::size_t escaped = first_to_escape(text, plain);
        append(text.substr(plain, escaped - plain));
        plain = escaped + 1;
        if (escaped == text.size())
            break;
        const auto byte = static_cast<unsigned char>(text[escaped]);
        append('\\');
        if (byte >= 0x20) {
            append(text[escaped]);
        } else if (byte >= '\b' && byte <= '\r' && byte != '\v') {
            append(letters[byte - '\b']);
        } else {
            append("u00");
            append(hex_digits[byte >> 4U]);
            append(hex_digits[byte & 0xfU]);
        }
    }
    append('"');
}

void JsonWriter::hand_on()
{
    wanted_ = wanted_ && take_(std::string_view(text_).substr(0, size()));
    end_ = text_.data();
}

} // namespace oomtrace
