// SPDX-License-Identifier: Apache-2.0
#include "http/incident_pages.h"

#include <algorithm>

#include <fmt/format.h>

#include "http/html_text.h"
#include "http/incident_api.h"
#include "http/incident_query.h"
#include "oomtrace/incident.h"
#include "sinks/terminal/names.h"
#include "sinks/terminal/units.h"
#include "sinks/time_text.h"

namespace oomtrace::http
{

namespace
{

Response page(int status, const PageFacts &facts, std::string_view title, std::string_view content)
{
    const std::string warning = facts.not_ready.empty() ? ""
                                                        : fmt::format("<p class=\"warning\" role=\"alert\">Not ready: {}</p>\n",
                                                                      html_name(facts.not_ready));
    Response response;
    response.status = status;
    response.content_type = "text/html; charset=utf-8";
    response.body = fmt::format(R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{0} · {1}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a href="/">oomtrace</a> <span>{1}</span></header>
<main>
{2}{3}</main>
<footer>oomtrace {4} · <a href="/metrics">metrics</a> · <a href="/api/v1/incidents">JSON</a></footer>
</body>
</html>
)",
                                html_name(title), html_name(facts.hostname), warning, content, html_name(facts.version));
    return response;
}

Response error_page(int status, const PageFacts &facts, std::string_view title, const Error &error)
{
    const std::string hint = error.hint.empty() ? "" : fmt::format("<p>{}</p>\n", html_name(error.hint));
    return page(status, facts, title,
                fmt::format("<h1>{}</h1>\n<p>{}: {}</p>\n{}<p><a href=\"/\">All incidents</a></p>\n", html_name(title),
                            html_name(error.attempted), html_name(error.reason), hint));
}

std::string when_html(const IncidentSummary &summary, const PageFacts &facts)
{
    if (summary.realtime_ns == 0)
        return "not known";
    const std::string exact = rfc3339_utc(summary.realtime_ns, TimeDigits::milliseconds);
    constexpr std::size_t date_size = 10;
    constexpr std::size_t clock_size = 8; // "03:12:45"
    return fmt::format("<time datetime=\"{}\">{} {}</time> <small>{}</small>", exact, exact.substr(0, date_size),
                       exact.substr(date_size + 1, clock_size), ago_text(summary.realtime_ns, facts.now_ns));
}

std::string victim_html(const IncidentSummary &summary)
{
    if (summary.victim_comm.empty() && !summary.victim_pid)
        return "nobody";
    std::string text = html_name(terminal::process_label(summary.victim_comm, summary.victim_pid.value_or(0)));
    if (summary.victim_rss_bytes)
        text += fmt::format(" <small>{}</small>", html_name(terminal::bytes_text(*summary.victim_rss_bytes)));
    return text;
}

// Whose the victim was: a pod and its container, else a container, else a unit, else its cgroup.
std::string owner_html(const IncidentSummary &summary)
{
    const std::string &container = summary.container_name.empty() ? summary.container_id : summary.container_name;
    if (!summary.pod_name.empty())
        return html_name(fmt::format("{}{}{}{}{}", summary.pod_namespace, summary.pod_namespace.empty() ? "" : "/",
                                     summary.pod_name, container.empty() ? "" : ": ", container));
    if (!container.empty())
        return html_name(container);
    return html_name(summary.systemd_unit.empty() ? summary.victim_cgroup : summary.systemd_unit);
}

std::string limit_html(const IncidentSummary &summary)
{
    if (!summary.memcg_path.empty())
        return "cgroup " + html_name(summary.memcg_path);
    if (summary.scope == name_of(Scope::global))
        return "the host's memory";
    return summary.scope == name_of(Scope::sysrq) ? "none: asked for by hand" : "not known";
}

std::string outcome_html(const IncidentSummary &summary)
{
    const bool killed = summary.outcome == name_of(Outcome::killed) || summary.outcome == name_of(Outcome::group_kill);
    std::string words = summary.outcome;
    std::replace(words.begin(), words.end(), '_', ' ');
    std::string text = fmt::format("<b class=\"{}\">{}</b>", killed ? "killed" : "other", html_name(words));
    if (summary.kills > 1)
        text += fmt::format(" <small>{} processes</small>", summary.kills);
    if (!summary.complete)
        text += " <small>record incomplete</small>";
    if (summary.before_start)
        text += " <small>from before the agent's start</small>";
    return text;
}

// On narrow screens a row becomes a block (style_sheet.cpp): each cell then shows its label, and the roles, which are what the
// elements have anyway, keep it a table for a screen reader.
std::string row_html(const IncidentSummary &summary, const PageFacts &facts)
{
    return fmt::format(R"(<tr role="row">
<td role="cell" data-label="When">{0}</td>
<td role="cell" data-label="Outcome">{1}</td>
<td role="cell" data-label="Victim">{2}</td>
<td role="cell" data-label="Whose">{3}</td>
<td role="cell" data-label="Limit">{4}</td>
<th role="rowheader" scope="row" data-label="Incident"><a href="/incidents/{5}">{6}</a></th>
</tr>
)",
                       when_html(summary, facts), outcome_html(summary), victim_html(summary), owner_html(summary),
                       limit_html(summary), percent_encode(summary.id), html_name(summary.headline));
}

std::string value_of(const IncidentQuery &query, std::string_view name)
{
    for (const auto &[given, value] : query.given) {
        if (given == name)
            return value;
    }
    return {};
}

template <typename Enum>
std::string select_html(const IncidentQuery &query, const char *label, const char *name, Enum last)
{
    const std::string chosen = value_of(query, name);
    std::string text = fmt::format("<label>{} <select name=\"{}\"><option value=\"\">any</option>", label, name);
    for (int value = 0; value <= static_cast<int>(last); ++value) {
        const std::string_view option = name_of(static_cast<Enum>(value));
        text += fmt::format("<option{}>{}</option>", option == chosen ? " selected" : "", option);
    }
    return text + "</select></label>\n";
}

std::string form_html(const IncidentQuery &query)
{
    const auto field = [&](const char *label, const char *name, const char *example) {
        return fmt::format("<label>{} <input name=\"{}\" value=\"{}\" placeholder=\"{}\"></label>\n", label, name,
                           html_name(value_of(query, name)), example);
    };
    const bool filtered = !query.given.empty();
    return fmt::format("<details{}><summary>Filter</summary>\n<form action=\"/\" method=\"get\">\n{}{}{}{}{}{}{}{}"
                       "<button>Show</button> <a href=\"/\">all</a>\n</form></details>\n",
                       filtered ? " open" : "", field("Since", "since", "24h, or 2026-03-01T03:12:45Z"),
                       field("Until", "until", "1h"), field("Cgroup", "cgroup", "/kubepods.slice"),
                       field("Pod", "pod", "namespace/name"), field("Unit", "unit", "nginx.service"),
                       field("Process", "comm", "java"), select_html(query, "Outcome", "outcome", Outcome::unknown),
                       select_html(query, "Scope", "scope", Scope::unknown));
}

std::string table_html(const IncidentPage &incidents, const PageFacts &facts)
{
    std::string rows;
    for (const IncidentSummary &summary : incidents.incidents)
        rows += row_html(summary, facts);
    std::string heads;
    for (const char *head : {"When", "Outcome", "Victim", "Whose", "Limit", "Incident"})
        heads += fmt::format("<th role=\"columnheader\" scope=\"col\">{}</th>", head);
    return fmt::format(R"(<table role="table">
<caption>Newest first; times are UTC</caption>
<thead role="rowgroup"><tr role="row">{}</tr></thead>
<tbody role="rowgroup">
{}</tbody>
</table>
)",
                       heads, rows);
}

constexpr std::string_view nothing_yet = R"(<p class="empty">No OOM has been seen yet.</p>
<p>The agent is watching. The first time that this host, or a cgroup on it, runs out of memory, it appears here with what was
killed and why.</p>
)";

} // namespace

Response list_page(IncidentArchive &archive, const Request &request, const PageFacts &facts)
{
    const auto query = parse_incident_query(request, facts.now_ns);
    if (!query)
        return error_page(400, facts, "This filter is not understood", query.error());
    const auto incidents = read_page(archive, query->filter);
    if (!incidents)
        return error_page(incidents.error().status, facts, "Incidents cannot be listed", incidents.error().error);
    const bool filtered = !query->given.empty();
    std::string content = "<h1>OOM incidents</h1>\n";
    if (incidents->incidents.empty() && !filtered && !query->filter.older_than)
        return page(200, facts, "OOM incidents", content + std::string(facts.not_ready.empty() ? nothing_yet : ""));
    content += form_html(*query);
    if (incidents->incidents.empty())
        content += "<p class=\"empty\">No incident that is kept matches.</p>\n";
    else
        content += table_html(*incidents, facts);
    if (!incidents->next_older_than.empty())
        content += fmt::format("<nav><a rel=\"next\" href=\"{}\">Older incidents</a></nav>\n",
                               html_name(page_link("/", *query, incidents->next_older_than)));
    return page(200, facts, "OOM incidents", content);
}

Response incident_page(IncidentArchive &archive, std::string_view id, const PageFacts &facts)
{
    const Error missing{fmt::format("find incident {}", id), "no incident of this id is kept, or is kept any more", ""};
    if (!is_incident_id(id))
        return error_page(404, facts, "No such incident", missing);
    const auto found = archive.find(id);
    if (!found)
        return error_page(503, facts, "The incident cannot be read", found.error());
    if (!*found)
        return error_page(404, facts, "No such incident", missing);
    const ArchivedIncident &incident = **found;
    const IncidentSummary &summary = incident.summary;
    const auto scrolling = [](const char *label, std::string_view text) {
        return fmt::format("<pre tabindex=\"0\" role=\"region\" aria-label=\"{}\">{}</pre>\n", label, html_lines(text));
    };
    std::string content = fmt::format(R"(<h1>{0}</h1>
<dl>
<dt>When</dt><dd>{1}</dd>
<dt>Outcome</dt><dd>{2}</dd>
<dt>Victim</dt><dd>{3}</dd>
<dt>Whose</dt><dd>{4}</dd>
<dt>Limit</dt><dd>{5}</dd>
<dt>Id</dt><dd><code>{6}</code></dd>
</dl>
)",
                                      html_name(summary.headline), when_html(summary, facts), outcome_html(summary),
                                      victim_html(summary), owner_html(summary), limit_html(summary), html_name(summary.id));
    content += "<h2>Report</h2>\n" + scrolling("Report", incident.report);
    if (!incident.full_report.empty())
        content += "<details><summary>Everything that was recorded</summary>\n" +
                   scrolling("Full report", incident.full_report) + "</details>\n";
    if (!incident.json.empty())
        content += fmt::format("<p><a href=\"/api/v1/incidents/{}\">JSON</a></p>\n", percent_encode(summary.id));
    return page(200, facts, "OOM incident " + summary.id, content);
}

} // namespace oomtrace::http
