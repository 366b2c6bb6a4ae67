// SPDX-License-Identifier: Apache-2.0
#include "http/html_text.h"

#include <fmt/format.h>

#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/units.h"
#include "sinks/text_escape.h"

namespace oomtrace::http
{

namespace
{

std::string escape_markup(std::string_view text)
{
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

} // namespace

std::string html_name(std::string_view bytes)
{
    return escape_markup(terminal::safe_text(bytes));
}

std::string html_lines(std::string_view text)
{
    return escape_markup(escape_text(text));
}

std::string ago_text(std::int64_t realtime_ns, std::int64_t now_ns)
{
    constexpr std::int64_t second_ns = 1'000'000'000;
    constexpr std::int64_t minute = 60;
    constexpr std::int64_t hour = 60 * minute;
    constexpr std::int64_t day = 24 * hour;
    const std::int64_t seconds = now_ns / second_ns - realtime_ns / second_ns;
    const auto text = [](std::int64_t count, const char *one, const char *many) {
        return terminal::counted(static_cast<std::uint64_t>(count), one, many) + " ago";
    };
    if (seconds < -minute)
        return "in the future";
    if (seconds < 10)
        return "just now";
    if (seconds < minute)
        return text(seconds, "second", "seconds");
    if (seconds < hour)
        return text(seconds / minute, "minute", "minutes");
    if (seconds < 2 * day)
        return text(seconds / hour, "hour", "hours");
    return text(seconds / day, "day", "days");
}

} // namespace oomtrace::http
