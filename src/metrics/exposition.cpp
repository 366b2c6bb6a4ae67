// SPDX-License-Identifier: Apache-2.0
#include "metrics/exposition.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>

#include <fmt/format.h>

namespace oomtrace::metrics
{

namespace
{

// Room for all of a usual exposition, so that nothing is allocated while a family is held.
constexpr std::size_t usual_size = 256U << 10;

void append_number(std::string &out, double value)
{
    if (std::isnan(value)) {
        out += "NaN";
        return;
    }
    if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
        return;
    }
    // Bytes and counts as a person writes them, without an exponent.
    if (value == std::floor(value) && std::abs(value) < 9007199254740992.0)
        fmt::format_to(std::back_inserter(out), "{}", static_cast<std::int64_t>(value));
    else
        fmt::format_to(std::back_inserter(out), "{}", value);
}

// As OpenMetrics wants an upper bound, in both formats: "1.0" and "1" would be two series to whoever changes the format.
std::string bound_text(double bound)
{
    if (bound == std::floor(bound) && std::abs(bound) < 1e15)
        return fmt::format("{}.0", static_cast<std::int64_t>(bound));
    return fmt::format("{}", bound);
}

void append_sample(std::string &out, std::string_view name, std::string_view labels, double value)
{
    out += name;
    if (!labels.empty()) {
        out += '{';
        out += labels;
        out += '}';
    }
    out += ' ';
    append_number(out, value);
    out += '\n';
}

void append_histogram(std::string &out, const MetricSpec &spec, const Series &series)
{
    const std::string_view comma = series.labels().empty() ? "" : ",";
    std::uint64_t cumulated = 0;
    for (std::size_t i = 0; i <= spec.buckets.size(); ++i) {
        cumulated += series.in_bucket(i);
        const std::string bound = i < spec.buckets.size() ? bound_text(spec.buckets[i]) : "+Inf";
        fmt::format_to(std::back_inserter(out), "{}_bucket{{{}{}le=\"{}\"}} {}\n", spec.name, series.labels(), comma, bound,
                       cumulated);
    }
    append_sample(out, std::string(spec.name) + "_sum", series.labels(), series.value());
    append_sample(out, std::string(spec.name) + "_count", series.labels(), static_cast<double>(cumulated));
}

// OpenMetrics has quotes escaped too.
std::string escape_help(std::string_view help, Format format)
{
    std::string out;
    for (const char c : help) {
        if (c == '\\' || (c == '"' && format == Format::openmetrics))
            out += '\\';
        out += c;
    }
    return out;
}

void append_head(std::string &out, const MetricSpec &spec, Format format)
{
    const bool open_metrics = format == Format::openmetrics;
    const std::string name = open_metrics ? std::string(spec.name) : sample_name(spec);
    const std::string_view type = !open_metrics && spec.type == MetricType::info ? "gauge" : name_of(spec.type);
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, escape_help(spec.help, format), name, type);
    if (open_metrics && !spec.unit.empty())
        fmt::format_to(std::back_inserter(out), "# UNIT {} {}\n", name, spec.unit);
}

std::string_view trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes what stands before the next `separator` off `rest`.
std::string_view next_part(std::string_view &rest, char separator)
{
    const auto end = std::min(rest.find(separator), rest.size());
    const std::string_view part = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

bool equal_ignoring_case(std::string_view a, std::string_view b)
{
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

struct Wish {
    Format format = Format::text;
    double quality = 1;
};

// One media range of an Accept header; nothing where it is neither of the two, or a version that is not written here.
std::optional<Wish> wish_of(std::string_view range)
{
    const std::string_view type = next_part(range, ';');
    Wish wish;
    if (equal_ignoring_case(type, "application/openmetrics-text"))
        wish.format = Format::openmetrics;
    else if (!equal_ignoring_case(type, "text/plain") && !equal_ignoring_case(type, "text/*") && type != "*/*")
        return std::nullopt;
    while (!range.empty()) {
        std::string_view parameter = next_part(range, ';');
        const std::string_view name = next_part(parameter, '=');
        std::string_view value = trimmed(parameter);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        if (equal_ignoring_case(name, "q")) {
            const auto read = std::from_chars(value.data(), value.data() + value.size(), wish.quality);
            if (read.ec != std::errc() || std::isnan(wish.quality))
                wish.quality = 0;
        } else if (equal_ignoring_case(name, "version") && wish.format == Format::openmetrics && value != "1.0.0" &&
                   value != "0.0.1") {
            return std::nullopt;
        }
    }
    return wish;
}

} // namespace

std::string exposition(const Registry &registry, Format format)
{
    std::string out;
    out.reserve(usual_size);
    for (const auto &family : registry.families()) {
        const MetricSpec &spec = family->spec();
        const std::size_t before = out.size();
        append_head(out, spec, format);
        const std::size_t head = out.size();
        const std::string name = sample_name(spec);
        family->each([&](const Series &series) {
            if (spec.type == MetricType::histogram)
                append_histogram(out, spec, series);
            else
                append_sample(out, name, series.labels(), series.value());
        });
        if (out.size() == head) // a head without samples says nothing
            out.resize(before);
    }
    if (format == Format::openmetrics)
        out += "# EOF\n";
    return out;
}

std::string_view content_type(Format format)
{
    return format == Format::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                         : "text/plain; version=0.0.4; charset=utf-8";
}

Format wanted_format(std::string_view accept)
{
    double text = 0;
    double openmetrics = 0;
    while (!accept.empty()) {
        const auto wish = wish_of(next_part(accept, ','));
        if (!wish)
            continue;
        double &best = wish->format == Format::openmetrics ? openmetrics : text;
        best = std::max(best, wish->quality);
    }
    return openmetrics > 0 && openmetrics >= text ? Format::openmetrics : Format::text;
}

} // namespace oomtrace::metrics
