// SPDX-License-Identifier: Apache-2.0
#include "http/incident_api.h"

#include <fmt/format.h>

#include "http/incident_query.h"
#include "sinks/json_fields.h"
#include "sinks/time_text.h"

namespace oomtrace::http
{

namespace
{

constexpr const char *json_type = "application/json; charset=utf-8";

Response json_response(int status, std::string body)
{
    Response response;
    response.status = status;
    response.content_type = json_type;
    response.body = std::move(body) + "\n";
    return response;
}

void add_summary(JsonWriter &out, const IncidentSummary &summary)
{
    out.add("id", json_text(summary.id));
    out.add("href", "/api/v1/incidents/" + percent_encode(summary.id));
    out.add("time",
            summary.realtime_ns == 0 ? std::nullopt : std::optional(rfc3339_utc(summary.realtime_ns, TimeDigits::nanoseconds)));
    out.add("outcome", json_text(summary.outcome));
    out.add("scope", json_text(summary.scope));
    out.add("constraint", json_text_or_null(summary.constraint));
    out.add("headline", json_text(summary.headline));
    if (summary.victim_comm.empty() && !summary.victim_pid) {
        out.add("victim", nullptr);
    } else {
        out.add_object("victim", [&] {
            out.add("pid", summary.victim_pid);
            out.add("comm", json_text_or_null(summary.victim_comm));
            out.add("rss_bytes", summary.victim_rss_bytes);
            out.add("points", summary.victim_points);
            out.add("cgroup", json_text_or_null(summary.victim_cgroup));
            out.add("pod_namespace", json_text_or_null(summary.pod_namespace));
            out.add("pod_name", json_text_or_null(summary.pod_name));
            out.add("container_name", json_text_or_null(summary.container_name));
            out.add("container_id", json_text_or_null(summary.container_id));
            out.add("systemd_unit", json_text_or_null(summary.systemd_unit));
        });
    }
    out.add("trigger_comm", json_text_or_null(summary.trigger_comm));
    out.add("memcg_path", json_text_or_null(summary.memcg_path));
    out.add("kills", summary.kills);
    out.add("complete", summary.complete);
    out.add("before_start", summary.before_start);
}

Error not_kept(std::string_view id)
{
    return {fmt::format("find incident {}", id), "no incident of this id is kept, or is kept any more",
            "/api/v1/incidents lists those that are"};
}

} // namespace

Response json_error(int status, const Error &error)
{
    return json_response(status, json_object_text([&](JsonWriter &out) {
                             out.add_object("error", [&] {
                                 out.add("status", status);
                                 out.add("what", json_text(error.attempted));
                                 out.add("reason", json_text(error.reason));
                                 out.add("hint", json_text_or_null(error.hint));
                             });
                         }));
}

tl::expected<IncidentPage, PageError> read_page(IncidentArchive &archive, IncidentFilter filter)
{
    if (filter.older_than) {
        const auto last = archive.find(*filter.older_than);
        if (!last)
            return tl::unexpected(PageError{503, last.error()});
        if (!*last)
            return tl::unexpected(PageError{400,
                                            {"older_than=" + *filter.older_than,
                                             "the incident that the page before ended with is not kept any more",
                                             "begin again without older_than, or with until"}});
    }
    const std::size_t wanted = filter.limit;
    ++filter.limit; // one more, to know whether there is more
    auto list = archive.list(filter);
    if (!list)
        return tl::unexpected(PageError{503, list.error()});
    IncidentPage page;
    page.incidents = std::move(*list);
    if (page.incidents.size() > wanted) {
        page.incidents.resize(wanted);
        page.next_older_than = page.incidents.back().id;
    }
    return page;
}

Response incident_list(IncidentArchive &archive, const Request &request, std::int64_t now_ns)
{
    const auto query = parse_incident_query(request, now_ns);
    if (!query)
        return json_error(400, query.error());
    const auto page = read_page(archive, query->filter);
    if (!page)
        return json_error(page.error().status, page.error().error);
    const std::string &next = page->next_older_than;
    return json_response(
        200, json_object_text([&](JsonWriter &out) {
            out.add_objects("incidents", page->incidents, [&](const IncidentSummary &summary) { add_summary(out, summary); });
            out.add("next", next.empty() ? std::nullopt : std::optional(page_link("/api/v1/incidents", *query, next)));
        }));
}

Response incident_by_id(IncidentArchive &archive, std::string_view id)
{
    if (!is_incident_id(id))
        return json_error(404, not_kept(id));
    const auto found = archive.find(id);
    if (!found)
        return json_error(503, found.error());
    if (!*found)
        return json_error(404, not_kept(id));
    if ((*found)->json.empty())
        return json_error(404, {fmt::format("find incident {}", id), "its JSON was too large to be kept in memory",
                                "run the agent with a store"});
    return json_response(200, (*found)->json);
}

} // namespace oomtrace::http
