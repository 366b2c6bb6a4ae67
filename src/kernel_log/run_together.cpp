// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/run_together.h"

#include <algorithm>

#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

constexpr std::string_view tag = " kernel:";
constexpr std::size_t longest_prefix = 64;

bool is_clock(std::string_view text)
{
    return text.size() >= 8 && is_digit(text[0]) && is_digit(text[1]) && text[2] == ':' && is_digit(text[3]) &&
           is_digit(text[4]) && text[5] == ':' && is_digit(text[6]) && is_digit(text[7]);
}

// Where the prefix of the record whose tag is at `tag_at` begins: at the month before the day before the clock; what is left of
// the month where it has lost letters. npos: no date stands there.
std::size_t prefix_begin(std::string_view line, std::size_t tag_at)
{
    const std::size_t lowest = tag_at > longest_prefix ? tag_at - longest_prefix : 0;
    for (std::size_t at = tag_at; at-- > lowest;) {
        if (!is_clock(line.substr(at)))
            continue;
        std::size_t begin = at;
        const auto back_over = [&](auto belongs) {
            while (begin > lowest && belongs(line[begin - 1]))
                --begin;
        };
        back_over([](char c) { return c == ' '; });
        back_over(is_digit);
        back_over([](char c) { return c == ' '; });
        for (int letters = 0; letters < 3 && begin > lowest && is_letter(line[begin - 1]); ++letters)
            --begin;
        return begin;
    }
    return std::string_view::npos;
}

} // namespace

void for_each_record(std::string_view line, const std::function<void(std::string_view)> &take)
{
    const std::size_t first = line.find(tag);
    std::size_t begin = 0;
    // JSON has what looks like it inside a string.
    if (first != std::string_view::npos && line.front() != '{') {
        for (std::size_t at = first; at != std::string_view::npos; at = line.find(tag, at + tag.size())) {
            const std::size_t prefix = prefix_begin(line, at);
            if (prefix == std::string_view::npos || prefix <= begin)
                continue;
            take(line.substr(begin, prefix - begin));
            begin = prefix;
        }
    }
    take(line.substr(begin));
}

} // namespace oomtrace::kernel_log
