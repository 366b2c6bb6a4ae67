// SPDX-License-Identifier: Apache-2.0
#include "http/time_query.h"

#include <charconv>
#include <chrono>

namespace oomtrace::http
{

namespace
{

constexpr std::int64_t second_ns = 1'000'000'000;

// Reads from the front of a text; every step fails once one has failed.
class Reader
{
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return !failed_ && rest_.empty(); }
    [[nodiscard]] bool failed() const { return failed_; }

    // Exactly so many digits.
    int digits(std::size_t count)
    {
        int value = 0;
        for (std::size_t i = 0; i < count; ++i)
            value = value * 10 + digit();
        return value;
    }
    bool skip(char c)
    {
        if (failed_ || rest_.empty() || rest_.front() != c)
            return false;
        rest_.remove_prefix(1);
        return true;
    }
    void require(char c) { failed_ = !skip(c) || failed_; }

    // What follows the point, in nanoseconds; digits beyond the ninth are cut off.
    std::int64_t fraction_ns()
    {
        std::int64_t value = 0;
        std::int64_t unit = second_ns / 10;
        do {
            value += digit() * unit;
            unit /= 10;
        } while (!failed_ && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9');
        return value;
    }

    std::optional<std::int64_t> number()
    {
        std::int64_t value = 0;
        const auto read = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (read.ec != std::errc())
            return std::nullopt;
        rest_.remove_prefix(static_cast<std::size_t>(read.ptr - rest_.data()));
        return value;
    }
    [[nodiscard]] std::string_view rest() const { return rest_; }

  private:
    int digit()
    {
        if (failed_ || rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
            failed_ = true;
            return 0;
        }
        const int value = rest_.front() - '0';
        rest_.remove_prefix(1);
        return value;
    }

    std::string_view rest_;
    bool failed_ = false;
};

std::optional<std::int64_t> in_ns(std::int64_t seconds, std::int64_t fraction_ns)
{
    std::int64_t result = 0;
    if (__builtin_mul_overflow(seconds, second_ns, &result) || __builtin_add_overflow(result, fraction_ns, &result))
        return std::nullopt;
    return result;
}

std::optional<std::int64_t> parse_calendar(std::string_view text)
{
    using namespace std::chrono;
    Reader reader(text);
    const int year_number = reader.digits(4);
    reader.require('-');
    const int month_number = reader.digits(2);
    reader.require('-');
    const int day_number = reader.digits(2);
    const year_month_day date{year(year_number), month(static_cast<unsigned>(month_number)),
                              day(static_cast<unsigned>(day_number))};
    if (reader.failed() || !date.ok())
        return std::nullopt;
    const std::int64_t midnight = sys_seconds(sys_days(date)).time_since_epoch().count();
    if (reader.at_end())
        return in_ns(midnight, 0);
    reader.require('T');
    const std::int64_t hour = reader.digits(2);
    reader.require(':');
    const std::int64_t minute = reader.digits(2);
    reader.require(':');
    const int second = reader.digits(2);
    const std::int64_t fraction = reader.skip('.') ? reader.fraction_ns() : 0;
    std::int64_t east = 0;
    if (!reader.skip('Z')) {
        const bool minus = reader.skip('-');
        if (!minus)
            reader.require('+');
        const std::int64_t hours = reader.digits(2);
        reader.require(':');
        const int minutes = reader.digits(2);
        if (hours > 23 || minutes > 59)
            return std::nullopt;
        east = (hours * 60 + minutes) * (minus ? -60 : 60);
    }
    if (!reader.at_end() || hour > 23 || minute > 59 || second > 60)
        return std::nullopt;
    return in_ns(midnight + hour * 3600 + minute * 60 + second - east, fraction);
}

std::optional<std::int64_t> seconds_in(std::string_view unit)
{
    if (unit == "s")
        return 1;
    if (unit == "m")
        return 60;
    if (unit == "h")
        return 3600;
    if (unit == "d")
        return 86400;
    if (unit == "w")
        return 7 * 86400;
    return std::nullopt;
}

} // namespace

std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_ns)
{
    if (text.size() > 4 && text[4] == '-')
        return parse_calendar(text);
    Reader reader(text);
    const auto number = reader.number();
    if (!number || *number < 0)
        return std::nullopt;
    if (reader.at_end())
        return in_ns(*number, 0);
    if (reader.skip('.')) {
        const std::int64_t fraction = reader.fraction_ns();
        return reader.at_end() ? in_ns(*number, fraction) : std::nullopt;
    }
    const auto unit = seconds_in(reader.rest());
    std::int64_t seconds = 0;
    if (!unit || __builtin_mul_overflow(*number, *unit, &seconds))
        return std::nullopt;
    const auto ago = in_ns(seconds, 0);
    std::int64_t result = 0;
    if (!ago || __builtin_sub_overflow(now_ns, *ago, &result))
        return std::nullopt;
    return result;
}

} // namespace oomtrace::http
