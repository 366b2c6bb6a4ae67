// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/wall_clock.h"

#include <array>
#include <chrono>

#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> weekdays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

template <std::size_t Size>
bool take_any(TextCursor &cursor, const std::array<std::string_view, Size> &words)
{
    // A space or the day follows each of them: of the kernel's own lines few are looked up.
    if (cursor.rest.size() < 4 || (cursor.rest[3] > ' ' && !is_digit(cursor.rest[3])))
        return false;
    for (const std::string_view word : words) {
        if (equal_but_case(cursor.rest.substr(0, 3), word)) {
            cursor.rest.remove_prefix(3);
            return true;
        }
    }
    return false;
}

std::optional<std::uint32_t> take_digits(TextCursor &cursor, std::size_t count)
{
    if (cursor.rest.size() < count)
        return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (!is_digit(cursor.rest[i]))
            return std::nullopt;
        value = value * 10 + static_cast<std::uint32_t>(cursor.rest[i] - '0');
    }
    cursor.rest.remove_prefix(count);
    return value;
}

struct Clock {
    std::uint32_t hours = 0, minutes = 0, seconds = 0;
    std::int64_t fraction_ns = 0;
    bool comma = false;
};

std::optional<Clock> take_clock(TextCursor &cursor)
{
    TextCursor ahead = cursor;
    Clock clock;
    const auto hours = take_digits(ahead, 2);
    if (!hours || !ahead.take(":"))
        return std::nullopt;
    const auto minutes = take_digits(ahead, 2);
    if (!minutes || !ahead.take(":"))
        return std::nullopt;
    const auto seconds = take_digits(ahead, 2);
    if (!seconds || *hours > 23 || *minutes > 59 || *seconds > 60)
        return std::nullopt;
    clock = {*hours, *minutes, *seconds, 0, ahead.peek() == ','};
    if (ahead.rest.size() > 1 && (ahead.peek() == '.' || ahead.peek() == ',') && is_digit(ahead.rest[1])) {
        ahead.rest.remove_prefix(1);
        std::int64_t unit = 100'000'000;
        for (; is_digit(ahead.peek()); unit /= 10) {
            clock.fraction_ns += (ahead.peek() - '0') * unit;
            ahead.rest.remove_prefix(1);
        }
    }
    cursor = ahead;
    return clock;
}

// "Z", " UTC", "+00:00", "+0000", "-0500": minutes east.
std::optional<std::int32_t> take_zone(TextCursor &cursor)
{
    TextCursor ahead = cursor;
    if (ahead.take("Z") || ahead.take(" UTC") || ahead.take(" GMT")) {
        cursor = ahead;
        return 0;
    }
    const std::int32_t sign = ahead.take("+") ? 1 : ahead.take("-") ? -1 : 0;
    if (sign == 0)
        return std::nullopt;
    const auto hours = take_digits(ahead, 2);
    ahead.take(":");
    const auto minutes = take_digits(ahead, 2);
    if (!hours || !minutes || *hours > 14 || *minutes > 59)
        return std::nullopt;
    cursor = ahead;
    return sign * static_cast<std::int32_t>(*hours * 60 + *minutes);
}

std::optional<WallClock> take_iso(std::string_view text)
{
    TextCursor cursor{text};
    if (take_any(cursor, weekdays))
        cursor.skip_spaces();
    const auto year = take_digits(cursor, 4);
    if (!year || !cursor.take("-"))
        return std::nullopt;
    const auto month = take_digits(cursor, 2);
    if (!month || !cursor.take("-"))
        return std::nullopt;
    const auto day = take_digits(cursor, 2);
    if (!day || (!cursor.take("T") && !cursor.take(" ")))
        return std::nullopt;
    const auto clock = take_clock(cursor);
    if (!clock)
        return std::nullopt;
    const auto zone = take_zone(cursor);
    if (!zone && cursor.peek() == ' ') { // another zone's abbreviation: " CET", of which the offset is not known
        TextCursor ahead = cursor;
        ahead.take(" ");
        const std::string_view word = ahead.rest.substr(0, ahead.rest.find(' '));
        bool upper = word.size() >= 3 && word.size() <= 5;
        for (const char c : word)
            upper = upper && c >= 'A' && c <= 'Z';
        if (upper && text.front() != '2') // only the long form, "Wed 2026-...", has one: elsewhere it is the host
            cursor.rest = ahead.rest.substr(word.size());
    }
    WallClock result{static_cast<std::size_t>(cursor.rest.data() - text.data()), std::nullopt, clock->comma};
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                           std::chrono::day(*day));
    // Before 1970 and after 2200 it is a clock that was not set, and the nanoseconds would not fit.
    if (zone && date.ok() && *year >= 1970 && *year < 2200) {
        const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
        const std::int64_t seconds =
            ((days * 24 + clock->hours) * 60 + clock->minutes - *zone) * 60 + static_cast<std::int64_t>(clock->seconds);
        result.realtime_ns = seconds * 1'000'000'000 + clock->fraction_ns;
    }
    return result;
}

// "Nov 25 02:22:36".
std::optional<WallClock> take_traditional(std::string_view text)
{
    TextCursor cursor{text};
    if (!take_any(cursor, months) || !cursor.take(" "))
        return std::nullopt;
    cursor.skip_spaces();
    const auto day = cursor.take_number<std::uint32_t>();
    if (!day || *day == 0 || *day > 31 || !cursor.take(" "))
        return std::nullopt;
    TextCursor with_year = cursor; // "Nov 25 2026 02:22:36"
    if (take_digits(with_year, 4) && with_year.take(" ") && take_clock(with_year))
        return WallClock{static_cast<std::size_t>(with_year.rest.data() - text.data()), std::nullopt, false};
    if (!take_clock(cursor))
        return std::nullopt;
    return WallClock{static_cast<std::size_t>(cursor.rest.data() - text.data()), std::nullopt, false};
}

// journalctl -o short-unix: "1764037356.123456".
std::optional<WallClock> take_unix(std::string_view text)
{
    TextCursor cursor{text};
    const auto seconds = take_digits(cursor, 10);
    if (!seconds || !cursor.take("."))
        return std::nullopt;
    const auto microseconds = take_digits(cursor, 6);
    if (!microseconds || cursor.peek() != ' ')
        return std::nullopt;
    return WallClock{static_cast<std::size_t>(cursor.rest.data() - text.data()),
                     *seconds * 1'000'000'000LL + *microseconds * 1000LL, false};
}

} // namespace

std::optional<WallClock> take_wall_clock(std::string_view text)
{
    if (text.size() < 15)
        return std::nullopt;
    if (is_digit(text.front())) {
        const auto iso = take_iso(text);
        return iso ? iso : take_unix(text);
    }
    if (is_letter(text[3])) // a longer word than the names of days and months, as in most lines
        return std::nullopt;
    const auto traditional = take_traditional(text);
    return traditional ? traditional : take_iso(text);
}

bool is_bracketed_date(std::string_view text)
{
    TextCursor cursor{text};
    if (take_any(cursor, weekdays) && cursor.take(" "))
        return take_traditional(cursor.rest).has_value();
    cursor.rest = text;
    if (!take_any(cursor, months))
        return false;
    cursor.skip_spaces();
    return take_digits(cursor, 2) && cursor.take(" ") && take_digits(cursor, 2) && cursor.take(":") && take_digits(cursor, 2);
}

} // namespace oomtrace::kernel_log
