// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/aftermath.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sinks/concat.h"
#include "sinks/known.h"
#include "sinks/terminal/names.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/table.h"
#include "sinks/terminal/units.h"

namespace oomtrace::terminal
{

namespace
{

std::string_view why_text(const KilledProcess &kill)
{
    switch (kill.why) {
    case KillWhy::chosen:
        return "chosen";
    case KillWhy::oom_group:
        return "same group";
    case KillWhy::shares_mm:
        return "shares its memory";
    case KillWhy::already_exiting:
        return "was exiting already";
    }
    return "";
}

std::string_view sent_text(const KilledProcess &kill)
{
    if (kill.signalled)
        return "SIGKILL";
    return kill.why == KillWhy::already_exiting ? "nothing" : "not seen";
}

std::string since_text(const Incident &incident, const std::optional<std::uint64_t> &moment_ns)
{
    if (!moment_ns)
        return "not seen";
    return milliseconds_text(static_cast<std::int64_t>(*moment_ns - incident.monotonic_ns));
}

std::string event_text(const TimelineEntry &entry)
{
    const std::string who = entry.tgid ? process_label(entry.comm, *entry.tgid) : "a process";
    switch (entry.event) {
    case TimelineEvent::invoked:
        return "OOM killer invoked";
    case TimelineEvent::scan_began:
        return "began to weigh tasks";
    case TimelineEvent::chosen:
        return concat({who, " chosen"});
    case TimelineEvent::signalled:
        return concat({"SIGKILL sent to ", who});
    case TimelineEvent::marked:
        return fmt::format("{} may use the memory reserves, to exit", who);
    case TimelineEvent::capture_closed:
        return "OOM killer done";
    case TimelineEvent::reaper_woken:
        return fmt::format("reaper woken for {}", who);
    case TimelineEvent::reaper_started:
        return fmt::format("reaper began to take the memory of {}", who);
    case TimelineEvent::reaper_finished:
        return concat({"reaper done with ", who});
    case TimelineEvent::reaper_skipped:
        return fmt::format("reaper left {} alone", who);
    case TimelineEvent::exited:
        return fmt::format("{} exited", who);
    case TimelineEvent::memory_released:
        return fmt::format("memory of {} is back", who);
    case TimelineEvent::tracer_stopped:
        return "oomtrace was stopped";
    case TimelineEvent::deadline:
        return "oomtrace waited no longer";
    }
    return "";
}

} // namespace

Lines kill_lines(const Incident &incident, std::size_t most, std::size_t width)
{
    if (incident.kills.empty())
        return {};
    Table table({{"process", Align::left},
                 {"uid"},
                 {"why", Align::left},
                 {"was sent", Align::left},
                 {"held"},
                 {"reaped"},
                 {"came back"},
                 {"exited after"}});
    const std::size_t shown = std::min(most, incident.kills.size());
    for (std::size_t i = 0; i < shown; ++i) {
        const KilledProcess &kill = incident.kills[i];
        const bool sized = kill.memory && is_known(*kill.memory) && rss_known(*kill.memory);
        table.add_row({{process_label(kill.process)},
                       {number_or_unknown(kill.process.uid)},
                       {std::string(why_text(kill))},
                       {std::string(sent_text(kill))},
                       {sized ? bytes_text(kill.memory->rss_bytes()) : "not known"},
                       {kill.reaped_bytes ? bytes_text(*kill.reaped_bytes) : "-"},
                       {kill.returned_bytes ? bytes_text(*kill.returned_bytes) : "not seen"},
                       {since_text(incident, kill.exited_ns)}});
    }
    const bool exiting = std::all_of(incident.kills.begin(), incident.kills.end(),
                                     [](const KilledProcess &kill) { return kill.why == KillWhy::already_exiting; });
    Lines lines = section(exiting ? "EXITING" : "KILLED", counted(incident.kills.size(), "process", "processes"), width);
    table.add_to(lines, 2, width);
    if (shown < incident.kills.size())
        add_labelled(lines, "", fmt::format("and {} more", count_text(incident.kills.size() - shown)), width);
    return lines;
}

Lines timeline_lines(const Incident &incident, std::size_t most, std::size_t width)
{
    if (incident.timeline.empty())
        return {};
    const std::size_t shown = std::min(most, incident.timeline.size());
    std::vector<std::string> times;
    times.reserve(shown);
    std::size_t widest = 0;
    for (std::size_t i = 0; i < shown; ++i) {
        times.push_back(milliseconds_text(incident.timeline[i].since_invocation_ns));
        widest = std::max(widest, times.back().size());
    }
    Lines lines = section("TIMELINE", "from the moment the OOM killer was invoked", width);
    for (std::size_t i = 0; i < shown; ++i) {
        lines.add_spaces(2 + widest - times[i].size());
        lines.add(times[i]);
        lines.add_spaces(2);
        lines.add(event_text(incident.timeline[i]));
        lines.end_line();
    }
    if (shown < incident.timeline.size())
        add_labelled(lines, "", fmt::format("and {} more moments", count_text(incident.timeline.size() - shown)), width);
    return lines;
}

Lines returned_lines(const Incident &incident, std::size_t width)
{
    const Aftermath &after = incident.after;
    std::string text;
    if (after.returned_bytes) {
        text = bytes_text(*after.returned_bytes);
        // Those that share another's memory have none of their own to give.
        const auto owners = std::count_if(incident.kills.begin(), incident.kills.end(),
                                          [](const KilledProcess &kill) { return kill.why != KillWhy::shares_mm; });
        const auto returned = std::count_if(incident.kills.begin(), incident.kills.end(), [](const KilledProcess &kill) {
            return kill.why != KillWhy::shares_mm && kill.returned_bytes.has_value();
        });
        if (returned != owners)
            text += fmt::format(" from {} of {} processes", returned, owners);
        if (after.to_release_ns)
            text += fmt::format(", {} after the OOM killer was invoked", duration_text(*after.to_release_ns));
    } else if (!incident.kills.empty()) {
        text = "not seen";
        if (!incident.provenance.after.note.empty())
            text += ": " + safe_text(incident.provenance.after.note);
    }
    if (after.memcg_usage_after_bytes) {
        const std::string group = incident.memcg.path ? safe_path_tail(*incident.memcg.path, 32) : "the cgroup";
        text += fmt::format("{}{} then used {}", text.empty() ? "" : "; ", group, bytes_text(*after.memcg_usage_after_bytes));
    }
    Lines lines;
    if (!text.empty())
        add_labelled(lines, "came back", text, width, after.returned_bytes ? Style::good : Style::warning);
    if (after.rescans != 0)
        add_labelled(lines, "meanwhile",
                     fmt::format("the OOM killer was invoked {} more and waited for the victim each time",
                                 counted(after.rescans, "time", "times")),
                     width);
    return lines;
}

} // namespace oomtrace::terminal
