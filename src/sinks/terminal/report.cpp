// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/report.h"

#include <limits>
#include <string>

#include <fmt/format.h>

#include "sinks/concat.h"
#include "sinks/known.h"
#include "sinks/terminal/aftermath.h"
#include "sinks/terminal/before.h"
#include "sinks/terminal/choice.h"
#include "sinks/terminal/details.h"
#include "sinks/terminal/headline.h"
#include "sinks/terminal/limit.h"
#include "sinks/terminal/names.h"
#include "sinks/terminal/owner.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/trust.h"
#include "sinks/terminal/units.h"
#include "sinks/terminal/why.h"
#include "sinks/terminal/zones.h"
#include "sinks/time_text.h"

namespace oomtrace::terminal
{

namespace
{

constexpr std::size_t headline_path_width = 48;
constexpr std::size_t normal_rows = 14; // of kills and of moments

std::string when_text(const Incident &incident)
{
    const auto realtime_ns = known_realtime_ns(incident);
    std::string text;
    if (realtime_ns) {
        text = rfc3339_utc(*realtime_ns, TimeDigits::milliseconds);
        text.pop_back();
        text[text.find('T')] = ' ';
        text += " UTC";
    } else {
        text = incident.monotonic_ns == 0 ? "" : duration_text(incident.monotonic_ns) + " after boot";
        if (incident.log_facts && !incident.log_facts->logged_at.empty())
            text += (text.empty() ? "" : ", logged ") + safe_text(incident.log_facts->logged_at);
        if (text.empty())
            text = "not known";
    }
    const Host &host = incident.host;
    text += host.hostname.empty() ? ", host not known" : ", host " + safe_text(host.hostname);
    if (!host.kernel.empty())
        text += ", Linux " + safe_text(host.kernel);
    return text;
}

std::string process_details(const Process &process)
{
    std::string text = process_label_with_thread(process);
    if (process.uid)
        text += ", uid " + std::to_string(*process.uid);
    if (process.cgroup)
        text += ", in " + safe_text(*process.cgroup);
    return text;
}

std::string victim_details(const Victim &victim)
{
    const std::string owner = owner_text(victim.identity, victim.cgroup_identity);
    return process_details(victim.process) + (owner.empty() ? "" : ": " + owner);
}

std::string request_text(const Incident &incident)
{
    const Allocation &allocation = incident.allocation;
    if (incident.scope == Scope::sysrq)
        return "nothing: the OOM killer was started by hand";
    std::string text;
    if (allocation.order && *allocation.order >= 0 && *allocation.order < 32 && incident.host.page_size != 0)
        text = concat(
            {exact_bytes_text(incident.host.page_size << *allocation.order), " (order ", std::to_string(*allocation.order)});
    else
        text = fmt::format("how much is not known ({}", allocation.order ? fmt::format("order {}", *allocation.order) : "");
    std::string flags;
    for (const std::string &flag : allocation.gfp_flags)
        flags += (flags.empty() ? "" : "|") + safe_text(flag);
    if (!flags.empty())
        text += (text.back() == '(' ? "" : ", ") + flags;
    text = text.ends_with(" (") ? text.substr(0, text.size() - 2) : text + ")";
    if (!is_known(incident.trigger, incident.provenance.trigger))
        return text + ", by whom is not known";
    return concat({text, ", by ", process_details(incident.trigger.process)});
}

const Lines &blank_line()
{
    static const Lines blank = line_of({});
    return blank;
}

void write_section(const TakeLines &take, const Lines &section)
{
    if (section.empty())
        return;
    take(blank_line());
    take(section);
}

} // namespace

void write_report(const Incident &incident, const Verdict &verdict, const TerminalOptions &options, const TakeLines &take)
{
    if (options.mode == TerminalMode::brief) {
        take(line_of(brief_line(incident), headline(incident, headline_path_width).style));
        return;
    }

    const bool full = options.mode == TerminalMode::full;
    const std::size_t width = options.width;
    const std::size_t rows = full ? std::numeric_limits<std::size_t>::max() : normal_rows;
    const Headline head = headline(incident, headline_path_width);
    Lines report = paragraph(concat({head.tag, "  ", head.sentence}), width, 10, head.style);
    if (!incident.completeness.complete)
        add_labelled(report, "INCOMPLETE", "parts of this record were lost: the last lines say which", width, Style::alert);
    report.append(why_lines(incident, verdict, full, width));
    add_labelled(report, "when", when_text(incident), width);
    add_labelled(report, "asked for", request_text(incident), width);
    if (incident.victim)
        add_labelled(report, "victim", victim_details(*incident.victim), width);

    report.end_line();
    take(report);
    write_choice(incident, options.top, full, width, take);
    if (full || incident.scope == Scope::memcg || incident.scope == Scope::unknown)
        write_section(take, limit_lines(incident, width));
    if (full || incident.scope != Scope::memcg)
        write_section(take, zone_lines(incident, verdict.now, width));
    write_section(take, before_lines(incident, full, width));
    write_section(take, kill_lines(incident, rows, width));
    Lines course = timeline_lines(incident, rows, width);
    course.append(returned_lines(incident, width));
    write_section(take, course);
    if (full) {
        write_section(take, request_lines(incident, width));
        if (!incident.candidates.empty()) {
            take(blank_line());
            write_identities(incident, width, take);
        }
        write_section(take, limit_detail_lines(incident, width));
        write_section(take, zone_detail_lines(incident, width));
        write_section(take, stack_lines(incident, width));
        write_section(take, host_lines(incident, width));
        write_section(take, provenance_lines(incident, width));
    }
    write_section(take, trust_lines(incident, width));
    take(blank_line()); // reports follow each other on one terminal
}

std::string report_text(const Incident &incident, const Verdict &verdict, const TerminalOptions &options)
{
    std::string text;
    write_report(incident, verdict, options, [&](const Lines &part) { part.print(options.color, text); });
    return text;
}

} // namespace oomtrace::terminal
