// SPDX-License-Identifier: Apache-2.0
#include "http/incident_query.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "oomtrace/incident.h"
#include "sinks/moment.h"
#include "sinks/text_escape.h"

namespace oomtrace::http
{

namespace
{

constexpr const char *parameters = "since, until, cgroup, pod, unit, comm, outcome, scope, older_than, limit";
constexpr const char *time_hint =
    "give RFC 3339 (2026-03-01T03:12:45Z), a date, seconds since the Unix epoch, or how long ago (90m, "
    "24h, 7d)";

template <typename Enum>
std::string names_up_to(Enum last)
{
    std::string names;
    for (int value = 0; value <= static_cast<int>(last); ++value)
        names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(static_cast<Enum>(value)));
    return names;
}

template <typename Enum>
bool is_name_up_to(Enum last, std::string_view name)
{
    for (int value = 0; value <= static_cast<int>(last); ++value) {
        if (name == name_of(static_cast<Enum>(value)))
            return true;
    }
    return false;
}

// Names were escaped when they went into JSON and into links: what comes back is what was shown.
std::string raw_bytes(const std::string &text)
{
    return unescape_text(text).value_or(text);
}

struct FilterField {
    std::string_view name;
    std::optional<std::string> IncidentFilter::*member;
};

constexpr FilterField text_fields[] = {
    {"cgroup", &IncidentFilter::cgroup}, {"pod", &IncidentFilter::pod},         {"unit", &IncidentFilter::unit},
    {"comm", &IncidentFilter::comm},     {"outcome", &IncidentFilter::outcome}, {"scope", &IncidentFilter::scope},
};

bool is_parameter(std::string_view name)
{
    constexpr std::string_view others[] = {"since", "until", "older_than", "limit"};
    return std::find(std::begin(others), std::end(others), name) != std::end(others) ||
           std::any_of(std::begin(text_fields), std::end(text_fields),
                       [name](const FilterField &field) { return field.name == name; });
}

Result<void> refuse(std::string_view name, const std::string &value, std::string reason, std::string hint)
{
    return fail(fmt::format("{}={}", name, value.substr(0, 100)), std::move(reason), std::move(hint));
}

Result<void> set_field(IncidentFilter &filter, const std::string &name, const std::string &value, std::int64_t now_ns)
{
    if (name == "since" || name == "until") {
        const auto time = parse_moment(value, now_ns);
        if (!time)
            return refuse(name, value, "this is not a time", time_hint);
        (name == "since" ? filter.since_ns : filter.until_ns) = time;
        return {};
    }
    if (name == "limit") {
        std::size_t limit = 0;
        const auto read = std::from_chars(value.data(), value.data() + value.size(), limit);
        if (read.ec != std::errc() || read.ptr != value.data() + value.size() || limit < 1 || limit > longest_page)
            return refuse(name, value, "this is not a number of incidents for a page",
                          fmt::format("give 1 to {}; 'next' in the answer leads on", longest_page));
        filter.limit = limit;
        return {};
    }
    if (name == "older_than") {
        if (!is_incident_id(value))
            return refuse(name, value, "this is not the id of an incident", "take 'next' of the page before");
        filter.older_than = value;
        return {};
    }
    if (name == "outcome" && !is_name_up_to(Outcome::unknown, value))
        return refuse(name, value, "there is no such outcome", "one of: " + names_up_to(Outcome::unknown));
    if (name == "scope" && !is_name_up_to(Scope::unknown, value))
        return refuse(name, value, "there is no such scope", "one of: " + names_up_to(Scope::unknown));
    for (const FilterField &field : text_fields) {
        if (field.name == name) {
            filter.*field.member = raw_bytes(value);
            return {};
        }
    }
    return refuse(name, value, "there is no such filter", fmt::format("one of: {}", parameters));
}

} // namespace

Result<IncidentQuery> parse_incident_query(const Request &request, std::int64_t now_ns)
{
    IncidentQuery query;
    query.filter.limit = default_page;
    for (const auto &[name, value] : request.query) {
        if (value.empty() && is_parameter(name))
            continue;
        const bool twice = std::any_of(query.given.begin(), query.given.end(),
                                       [&name = name](const auto &before) { return before.first == name; }) ||
                           (name == "older_than" && query.filter.older_than);
        if (twice)
            return fail(name, "it is given twice", "each filter once: all that are given must match");
        if (auto set = set_field(query.filter, name, value, now_ns); !set)
            return tl::unexpected(set.error());
        if (name != "older_than")
            query.given.emplace_back(name, value);
    }
    return query;
}

std::string percent_encode(std::string_view bytes)
{
    std::string out;
    for (const char c : bytes) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                           c == '_' || c == '~';
        if (plain)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string page_link(std::string_view path, const IncidentQuery &query, std::string_view older_than)
{
    std::string link(path);
    char separator = '?';
    const auto add = [&](std::string_view name, std::string_view value) {
        link += fmt::format("{}{}={}", separator, name, percent_encode(value));
        separator = '&';
    };
    for (const auto &[name, value] : query.given)
        add(name, value);
    if (!older_than.empty())
        add("older_than", older_than);
    return link;
}

bool is_incident_id(std::string_view text)
{
    constexpr std::size_t longest = 128;
    return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    });
}

} // namespace oomtrace::http
