// SPDX-License-Identifier: Apache-2.0
#include "sinks/moment.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

namespace oomtrace
{

namespace
{

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t latest_second = std::numeric_limits<std::int64_t>::max() / second_ns - 1;

// Reads from the front of a text.
class Cursor
{
  public:
    explicit Cursor(std::string_view text) : text_(text) {}

    std::optional<std::int64_t> digits(std::size_t count)
    {
        std::int64_t value = 0;
        if (text_.size() < count)
            return std::nullopt;
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + count, value);
        if (error != std::errc() || end != text_.data() + count || value < 0 || text_.front() == '-')
            return std::nullopt;
        text_.remove_prefix(count);
        return value;
    }
    bool take(std::string_view any_of)
    {
        if (text_.empty() || any_of.find(text_.front()) == std::string_view::npos)
            return false;
        text_.remove_prefix(1);
        return true;
    }
    // What "0.xxx" would hold of a second; further digits than nine are dropped.
    std::optional<std::int64_t> fraction_ns()
    {
        std::int64_t value = 0;
        std::int64_t place = second_ns / 10;
        std::size_t count = 0;
        for (; count < text_.size() && text_[count] >= '0' && text_[count] <= '9'; ++count, place /= 10)
            value += (text_[count] - '0') * place;
        text_.remove_prefix(count);
        return count == 0 ? std::nullopt : std::optional(value);
    }
    [[nodiscard]] bool at_end() const { return text_.empty(); }
    [[nodiscard]] char next() const { return text_.empty() ? '\0' : text_.front(); }

  private:
    std::string_view text_;
};

struct Clock {
    std::int64_t second = 0, fraction_ns = 0;
};

std::optional<Clock> parse_clock(Cursor &cursor)
{
    const auto hour = cursor.digits(2);
    if (!hour || *hour > 23 || !cursor.take(":"))
        return std::nullopt;
    const auto minute = cursor.digits(2);
    if (!minute || *minute > 59)
        return std::nullopt;
    Clock clock{*hour * 3600 + *minute * 60, 0};
    if (!cursor.take(":"))
        return clock;
    const auto second = cursor.digits(2);
    if (!second || *second > 60)
        return std::nullopt;
    clock.second += *second;
    if (cursor.take(".")) {
        const auto fraction_ns = cursor.fraction_ns();
        if (!fraction_ns)
            return std::nullopt;
        clock.fraction_ns = *fraction_ns;
    }
    return clock;
}

// Seconds east of UTC; the text's end is UTC.
std::optional<std::int64_t> parse_zone(Cursor &cursor)
{
    if (cursor.at_end() || cursor.take("Zz"))
        return 0;
    const std::int64_t sign = cursor.next() == '-' ? -1 : 1;
    if (!cursor.take("+-"))
        return std::nullopt;
    const auto hour = cursor.digits(2);
    cursor.take(":");
    const auto minute = cursor.digits(2);
    if (!hour || !minute || *hour > 23 || *minute > 59)
        return std::nullopt;
    return sign * (*hour * 3600 + *minute * 60);
}

std::optional<std::int64_t> parse_date_and_clock(std::string_view text)
{
    Cursor cursor(text);
    const auto year = cursor.digits(4);
    const bool dash = cursor.take("-");
    const auto month = cursor.digits(2);
    const bool second_dash = cursor.take("-");
    const auto day = cursor.digits(2);
    if (!year || !dash || !month || !second_dash || !day)
        return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok())
        return std::nullopt;
    std::int64_t second =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::sys_days(date).time_since_epoch()).count();
    std::int64_t fraction_ns = 0;
    if (cursor.take("Tt ")) {
        const auto clock = parse_clock(cursor);
        const auto zone = clock ? parse_zone(cursor) : std::nullopt;
        if (!zone)
            return std::nullopt;
        second += clock->second - *zone;
        fraction_ns = clock->fraction_ns;
    }
    if (!cursor.at_end() || second > latest_second || second < -latest_second)
        return std::nullopt;
    return second * second_ns + fraction_ns;
}

std::optional<std::int64_t> parse_epoch(std::string_view text)
{
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    constexpr std::size_t fewest = 9;
    Cursor cursor(text);
    const auto second = digits < fewest ? std::nullopt : cursor.digits(digits);
    if (!second || *second > latest_second)
        return std::nullopt;
    std::int64_t fraction_ns = 0;
    if (cursor.take(".")) {
        const auto told = cursor.fraction_ns();
        if (!told)
            return std::nullopt;
        fraction_ns = *told;
    }
    return cursor.at_end() ? std::optional(*second * second_ns + fraction_ns) : std::nullopt;
}

std::optional<std::int64_t> parse_ago(std::string_view text, std::int64_t now_ns)
{
    constexpr std::string_view ago = " ago";
    if (text.ends_with(ago))
        text.remove_suffix(ago.size());
    if (text.empty())
        return std::nullopt;
    double unit_s = 0;
    switch (text.back()) {
    case 's':
        unit_s = 1;
        break;
    case 'm':
        unit_s = 60;
        break;
    case 'h':
        unit_s = 3600;
        break;
    case 'd':
        unit_s = 86'400;
        break;
    case 'w':
        unit_s = 7 * 86'400;
        break;
    default:
        return std::nullopt;
    }
    text.remove_suffix(1);
    double count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count, std::chars_format::fixed);
    if (error != std::errc() || end != text.data() + text.size() || !(count >= 0))
        return std::nullopt;
    const double ago_s = count * unit_s;
    if (ago_s > static_cast<double>(latest_second))
        return std::nullopt;
    return now_ns - static_cast<std::int64_t>(std::llround(ago_s * static_cast<double>(second_ns)));
}

} // namespace

std::optional<std::int64_t> parse_moment(std::string_view text, std::int64_t now_ns)
{
    if (const auto moment = parse_date_and_clock(text))
        return moment;
    if (const auto moment = parse_epoch(text))
        return moment;
    return parse_ago(text, now_ns);
}

} // namespace oomtrace
