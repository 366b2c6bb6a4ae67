// SPDX-License-Identifier: Apache-2.0
//
// text_cursor.h: takes a line apart from the left, without copying or allocating. Every function leaves the cursor where it was
// when what it asks for does not stand there.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace oomtrace::kernel_log
{

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

constexpr bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// As text.find(part), for a part of two bytes or more and lines of a log: short, so that a table for each search (memmem) costs
// more than the search, and with the first letter of the part all over them (find).
inline std::size_t find_part(std::string_view text, std::string_view part)
{
    using Bytes = signed char __attribute__((vector_size(16)));
    constexpr std::size_t step = sizeof(Bytes);
    if (text.size() < part.size() + step - 1)
        return text.find(part);
    const std::size_t last_start = text.size() - part.size();
    const auto load = [&](std::size_t at) {
        Bytes bytes;
        std::memcpy(&bytes, text.data() + at, step);
        return bytes;
    };
    // Where the first and the last byte of the part stand at their distance, it is compared whole.
    const auto first = static_cast<signed char>(part.front());
    const auto last = static_cast<signed char>(part.back());
    for (std::size_t at = 0;; at = std::min(at + step, last_start + 1 - step)) {
        const Bytes found = (load(at) == first) & (load(at + part.size() - 1) == last);
        std::array<std::uint64_t, 2> halves{};
        std::memcpy(halves.data(), &found, step);
        if ((halves[0] | halves[1]) != 0) {
            for (std::size_t i = 0; i < step; ++i) {
                if (found[i] != 0 && std::memcmp(text.data() + at + i, part.data(), part.size()) == 0)
                    return at + i;
            }
        }
        if (at + step > last_start)
            return std::string_view::npos;
    }
}

// ASCII only; the locale has no say in what a kernel prints.
constexpr bool equal_but_case(std::string_view a, std::string_view b)
{
    if (a.size() != b.size())
        return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

constexpr std::string_view without_leading_spaces(std::string_view text)
{
    std::size_t spaces = 0;
    while (spaces < text.size() && (text[spaces] == ' ' || text[spaces] == '\t'))
        ++spaces;
    text.remove_prefix(spaces);
    return text;
}

constexpr std::string_view without_trailing_spaces(std::string_view text)
{
    const std::size_t last = text.find_last_not_of(" \t\r");
    return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

// starts_with() of a literal: most texts differ in the first byte, and then no function is called.
template <std::size_t Size>
[[gnu::always_inline]] inline bool begins(std::string_view text, const char (&literal)[Size])
{
    static_assert(Size > 1);
    return text.size() >= Size - 1 && text.front() == literal[0] && std::memcmp(text.data(), literal, Size - 1) == 0;
}

// The same of a word that is known only when this runs; it is not empty.
[[gnu::always_inline]] inline bool begins_with(std::string_view text, std::string_view word)
{
    return text.size() >= word.size() && text.front() == word.front() &&
           std::memcmp(text.data(), word.data(), word.size()) == 0;
}

struct TextCursor {
    std::string_view rest;

    [[nodiscard]] bool at_end() const { return rest.empty(); }
    [[nodiscard]] char peek() const { return rest.empty() ? '\0' : rest.front(); }

    void skip_spaces() { rest = without_leading_spaces(rest); }

    bool take(std::string_view text)
    {
        if (!begins_with(rest, text))
            return false;
        rest.remove_prefix(text.size());
        return true;
    }

    template <std::size_t Size>
    bool take(const char (&literal)[Size])
    {
        if (!begins(rest, literal))
            return false;
        rest.remove_prefix(Size - 1);
        return true;
    }

    // Decimal; nothing on overflow, so that a damaged number is no number.
    template <typename Number>
    std::optional<Number> take_number()
    {
        constexpr std::size_t never_too_many = 19; // digits, for 64 bits
        const std::size_t most = std::min(rest.size(), never_too_many + 1);
        std::uint64_t value = 0;
        std::size_t digits = 0;
        for (; digits < most && is_digit(rest[digits]); ++digits)
            value = value * 10 + static_cast<std::uint64_t>(rest[digits] - '0');
        if (digits == 0 || digits > never_too_many)
            return take_any_number<Number>(10);
        if (value > static_cast<std::uint64_t>(std::numeric_limits<Number>::max()))
            return std::nullopt;
        rest.remove_prefix(digits);
        return static_cast<Number>(value);
    }

    // In another base; or negative, or with very many digits.
    template <typename Number>
    std::optional<Number> take_any_number(int base)
    {
        Number value{};
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
        if (error != std::errc() || end == rest.data())
            return std::nullopt;
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        return value;
    }

    // Up to, and past, `end`; what stood before it.
    std::optional<std::string_view> take_until(std::string_view end)
    {
        const std::size_t at = rest.find(end);
        if (at == std::string_view::npos)
            return std::nullopt;
        const std::string_view before = rest.substr(0, at);
        rest.remove_prefix(at + end.size());
        return before;
    }

    std::string_view take_word()
    {
        const std::string_view word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(word.size());
        return word;
    }
};

} // namespace oomtrace::kernel_log
