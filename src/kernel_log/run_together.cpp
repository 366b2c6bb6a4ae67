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

struct Prefix {
    std::size_t begin = std::string_view::npos; // npos: no date stands there
    bool damaged = false;                       // the month has lost letters
};

// The prefix of the record whose tag is at `tag_at` begins at the month before the day before the clock.
Prefix prefix_of(std::string_view line, std::size_t tag_at)
{
    const std::size_t lowest = tag_at > longest_prefix ? tag_at - longest_prefix : 0;
    for (std::size_t at = tag_at; at-- > lowest;) {
        if (!is_clock(line.substr(at)))
            continue;
        std::size_t begin = at;
        const auto back_over = [&](auto belongs) {
            const std::size_t before = begin;
            while (begin > lowest && belongs(line[begin - 1]))
                --begin;
            return begin != before;
        };
        const auto is_space = [](char c) { return c == ' '; };
        if (!back_over(is_space) || !back_over(is_digit) || !back_over(is_space))
            continue; // another kind of date
        int letters = 0;
        for (; letters < 3 && begin > lowest && is_letter(line[begin - 1]); ++letters)
            --begin;
        return {begin, letters < 3};
    }
    return {};
}

} // namespace

bool may_run_together(std::string_view line)
{
    return find_part(line, tag) != std::string_view::npos;
}

void for_each_record(std::string_view line, const std::function<void(std::string_view)> &take)
{
    const std::size_t first = find_part(line, tag);
    if (first == std::string_view::npos) {
        take(line);
        return;
    }
    std::size_t begin = 0;
    // JSON has what looks like it inside a string.
    if (line.front() != '{') {
        for (std::size_t at = first; at != std::string_view::npos; at = line.find(tag, at + tag.size())) {
            const Prefix prefix = prefix_of(line, at);
            if (prefix.begin == std::string_view::npos || (prefix.begin <= begin && !prefix.damaged))
                continue;
            if (prefix.begin > begin)
                take(line.substr(begin, prefix.begin - begin));
            begin = prefix.damaged ? at + 1 : prefix.begin; // of a damaged prefix the tag is left
        }
    }
    take(line.substr(begin));
}

} // namespace oomtrace::kernel_log
