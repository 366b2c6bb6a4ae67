// SPDX-License-Identifier: Apache-2.0
#include "cli/history_table.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "sinks/terminal/names.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/table.h"
#include "sinks/terminal/units.h"
#include "sinks/time_text.h"

namespace oomtrace
{

namespace
{

// "2026-03-01 03:12:45"
std::string when(const IncidentSummary &incident)
{
    if (incident.realtime_ns == 0)
        return "not known";
    std::string text = rfc3339_utc(incident.realtime_ns, TimeDigits::milliseconds);
    text.resize(text.find('.'));
    text[text.find('T')] = ' ';
    return text;
}

std::string what(const IncidentSummary &incident)
{
    std::string text = incident.outcome;
    std::replace(text.begin(), text.end(), '_', ' ');
    if (incident.kills > 1)
        text += fmt::format(", {} killed", incident.kills);
    if (!incident.complete)
        text += " (incomplete)";
    return terminal::safe_text(text);
}

std::string victim(const IncidentSummary &incident)
{
    if (incident.victim_comm.empty() && !incident.victim_pid)
        return "-";
    return incident.victim_pid ? terminal::process_label(incident.victim_comm, *incident.victim_pid)
                               : terminal::safe_text(incident.victim_comm);
}

// What ran out.
std::string limit(const IncidentSummary &incident, std::size_t width)
{
    if (incident.memcg_path.empty())
        return incident.scope == "global" ? "the host" : terminal::safe_text(incident.scope);
    return terminal::safe_path_tail(incident.memcg_path, width);
}

// Where the victim ran, by the name that says most.
std::string where(const IncidentSummary &incident, std::size_t width)
{
    std::string text;
    if (!incident.pod_name.empty()) {
        text = incident.pod_namespace.empty() ? incident.pod_name : incident.pod_namespace + "/" + incident.pod_name;
        if (!incident.container_name.empty())
            text += fmt::format(" ({})", incident.container_name);
    } else if (!incident.container_name.empty()) {
        text = incident.container_name;
    } else if (!incident.container_id.empty()) {
        text = "container " + incident.container_id.substr(0, 12);
    } else if (!incident.systemd_unit.empty()) {
        text = incident.systemd_unit;
    } else if (!incident.victim_cgroup.empty()) {
        return terminal::safe_path_tail(incident.victim_cgroup, width);
    }
    return text.empty() ? "-" : terminal::safe_text(text, width);
}

} // namespace

terminal::Lines history_lines(const std::vector<IncidentSummary> &incidents, std::size_t width)
{
    using terminal::Align;
    constexpr std::size_t path_width = 32;
    terminal::Table table({{"TIME (UTC)", Align::left},
                           {"OUTCOME", Align::left},
                           {"VICTIM", Align::left},
                           {"RESIDENT", Align::right},
                           {"RAN OUT", Align::left, true},
                           {"IN", Align::left, true},
                           {"ID", Align::left}});
    for (const IncidentSummary &incident : incidents)
        table.add_row({{when(incident)},
                       {what(incident)},
                       {victim(incident)},
                       {incident.victim_rss_bytes ? terminal::bytes_text(*incident.victim_rss_bytes) : "-"},
                       {limit(incident, path_width)},
                       {where(incident, path_width)},
                       {terminal::safe_text(incident.id)}},
                      incident.kills > 0 ? terminal::Style::plain : terminal::Style::dim);
    return table.lines(0, width);
}

} // namespace oomtrace
