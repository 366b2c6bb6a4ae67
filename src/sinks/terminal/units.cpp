// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/units.h"
#include "sinks/concat.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace oomtrace::terminal
{

namespace
{

constexpr std::array<std::string_view, 7> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

// Three significant digits, but for the 1000 to 1023 of a unit.
std::string three_digits(double value)
{
    if (value < 9.995)
        return fmt::format("{:.2f}", value);
    if (value < 99.95)
        return fmt::format("{:.1f}", value);
    return fmt::format("{:.0f}", value);
}

// value / 2^shift in units of 1 / scale, half to even: as a double of the same value is printed, in a fraction of the time.
std::uint64_t rounded(std::uint64_t value, unsigned shift, std::uint64_t scale)
{
    const std::uint64_t one = 1ULL << shift;
    const std::uint64_t part = value % one * scale;
    const std::uint64_t result = value / one * scale + part / one;
    const std::uint64_t left = part % one;
    return result + (left > one / 2 || (left == one / 2 && result % 2 != 0) ? 1 : 0);
}

// three_digits() of value / 2^shift.
std::string three_digits_of_binary(std::uint64_t value, unsigned shift)
{
    constexpr unsigned longest_shift = 50; // a hundred times what is left of a value fits
    if (shift > longest_shift) {
        value >>= shift - longest_shift;
        shift = longest_shift;
    }
    std::size_t decimals = 2;
    std::uint64_t digits = rounded(value, shift, 100);
    if (digits >= 1000) {
        digits = rounded(value, shift, 10);
        --decimals;
    }
    if (digits >= 1000)
        return std::to_string(rounded(value, shift, 1));
    std::string text = std::to_string(digits);
    text.insert(text.size() - decimals, 1, '.');
    return text;
}

std::uint64_t magnitude_of(std::int64_t value)
{
    return value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

} // namespace

std::string bytes_text(std::uint64_t bytes)
{
    if (bytes < 1024)
        return std::to_string(bytes) + " B";
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1023.5 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    std::string text = three_digits_of_binary(bytes, static_cast<unsigned>(10 * unit));
    text += ' ';
    text += units[unit];
    return text;
}

std::string exact_bytes_text(std::uint64_t bytes)
{
    // The biggest unit of which the value is a whole number of quarters.
    constexpr std::array<std::string_view, 4> quarters = {"", ".25", ".5", ".75"};
    for (std::size_t unit = units.size() - 1; unit > 0; --unit) {
        const std::uint64_t one = 1ULL << (10 * unit);
        if (bytes >= one && bytes % (one / 4) == 0)
            return concat({count_text(bytes / one), quarters[bytes % one / (one / 4)], " ", units[unit]});
    }
    return count_text(bytes) + " B";
}

std::string signed_bytes_text(std::int64_t pages, std::uint64_t page_size)
{
    const std::uint64_t magnitude = magnitude_of(pages);
    const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() / (page_size == 0 ? 1 : page_size);
    const std::string size = magnitude > most ? "more than 16 EiB" : bytes_text(magnitude * page_size);
    return pages == 0 ? "0 B" : (pages < 0 ? "-" : "+") + size;
}

std::string count_text(std::uint64_t count)
{
    std::string digits = std::to_string(count);
    for (std::size_t i = digits.size(); i > 3; i -= 3)
        digits.insert(i - 3, 1, ',');
    return digits;
}

std::string count_text(std::int64_t count)
{
    return (count < 0 ? "-" : "") + count_text(magnitude_of(count));
}

std::string counted(std::uint64_t count, const char *one, const char *many)
{
    return concat({count_text(count), " ", count == 1 ? one : many});
}

std::string percent_text(double fraction)
{
    const double percent = fraction * 100;
    std::string text = fmt::format("{:.1f}%", percent);
    if (text == "100.0%" && fraction < 1)
        return "99.9%";
    if ((text == "0.0%" || text == "-0.0%") && fraction != 0)
        return fraction < 0 ? ">-0.1%" : "<0.1%";
    return text;
}

std::string milliseconds_text(std::int64_t ns)
{
    const std::uint64_t magnitude = magnitude_of(ns);
    const std::string thousandths = std::to_string(1000 + magnitude / 1000 % 1000); // with the zeros in front
    return concat({ns < 0 ? "-" : "", count_text(magnitude / 1'000'000), ".", std::string_view(thousandths).substr(1), " ms"});
}

std::string duration_text(std::uint64_t ns)
{
    const auto value = static_cast<double>(ns);
    if (ns < 1000)
        return fmt::format("{} ns", ns);
    if (value < 999.5e3)
        return fmt::format("{} µs", three_digits(value / 1e3));
    if (value < 999.5e6)
        return fmt::format("{} ms", three_digits(value / 1e6));
    return fmt::format("{} s", three_digits(value / 1e9));
}

std::string number_list_text(const std::vector<std::uint32_t> &numbers)
{
    std::string text;
    for (std::size_t i = 0; i < numbers.size();) {
        std::size_t last = i;
        while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1)
            ++last;
        text += (text.empty() ? "" : ",") + std::to_string(numbers[i]);
        if (last != i)
            text += "-" + std::to_string(numbers[last]);
        i = last + 1;
    }
    return text;
}

std::string number_or_unknown(const std::optional<std::uint32_t> &number)
{
    return number ? std::to_string(*number) : "?";
}

std::string bytes_or_unknown(const std::optional<std::uint64_t> &bytes)
{
    return bytes ? bytes_text(*bytes) : "?";
}

} // namespace oomtrace::terminal
