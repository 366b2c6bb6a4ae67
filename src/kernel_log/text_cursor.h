// SPDX-License-Identifier: Apache-2.0
//
// text_cursor.h: takes a line apart from the left, without copying or allocating. Every function leaves the cursor where it was
// when what it asks for does not stand there.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
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

// As text.find(part) != npos, and several times faster where the first letter of the part is a common one.
inline std::size_t find_part(std::string_view text, std::string_view part)
{
    const void *const at = ::memmem(text.data(), text.size(), part.data(), part.size());
    return at == nullptr ? std::string_view::npos : static_cast<std::size_t>(static_cast<const char *>(at) - text.data());
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
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    return text;
}

constexpr std::string_view without_trailing_spaces(std::string_view text)
{
    const std::size_t last = text.find_last_not_of(" \t\r");
    return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

// starts_with() of a literal: the length is known when this is compiled, and no function is called.
template <std::size_t Size>
bool begins(std::string_view text, const char (&literal)[Size])
{
    return text.size() >= Size - 1 && std::memcmp(text.data(), literal, Size - 1) == 0;
}

struct TextCursor {
    std::string_view rest;

    [[nodiscard]] bool at_end() const { return rest.empty(); }
    [[nodiscard]] char peek() const { return rest.empty() ? '\0' : rest.front(); }

    void skip_spaces() { rest = without_leading_spaces(rest); }

    bool take(std::string_view text)
    {
        if (!rest.starts_with(text))
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
    std::optional<Number> take_number(int base = 10)
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
