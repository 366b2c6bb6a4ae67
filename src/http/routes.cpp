// SPDX-License-Identifier: Apache-2.0
#include "http/routes.h"

#include "http/incident_api.h"
#include "http/incident_pages.h"
#include "sinks/text_escape.h"

namespace oomtrace::http
{

namespace
{

constexpr std::string_view api_incidents = "/api/v1/incidents/";
constexpr std::string_view incident_pages = "/incidents/";

Response metrics_response(const RouteSources &sources, const Request &request)
{
    const metrics::Format format = metrics::wanted_format(request.accept);
    Response response;
    response.content_type = metrics::content_type(format);
    response.body = sources.scrape(format);
    response.headers.emplace_back("Vary", "Accept");
    return response;
}

Response ready_response(const RouteSources &sources)
{
    const std::string reason = sources.not_ready();
    return reason.empty() ? text_response(200, "ready") : text_response(503, "not ready: " + escape_text(reason));
}

PageFacts facts_of(const RouteSources &sources)
{
    return {sources.hostname, sources.version, sources.now_ns(), sources.not_ready()};
}

} // namespace

Routes make_routes(RouteSources sources)
{
    const auto shared = std::make_shared<const RouteSources>(std::move(sources));
    return {
        {.path = "/metrics", .handler = [shared](const Request &request) { return metrics_response(*shared, request); }},
        {.path = "/healthz", .open = true, .handler = [](const Request &) { return text_response(200, "alive"); }},
        {.path = "/readyz", .open = true, .handler = [shared](const Request &) { return ready_response(*shared); }},
        {.path = "/api/v1/incidents",
         .handler = [shared](const Request &request) { return incident_list(*shared->archive, request, shared->now_ns()); }},
        {.path = std::string(api_incidents),
         .prefix = true,
         .handler =
             [shared](const Request &request) {
                 return incident_by_id(*shared->archive, std::string_view(request.path).substr(api_incidents.size()));
             }},
        {.path = "/",
         .handler = [shared](const Request &request) { return list_page(*shared->archive, request, facts_of(*shared)); }},
        {.path = std::string(incident_pages),
         .prefix = true,
         .handler =
             [shared](const Request &request) {
                 return incident_page(*shared->archive, std::string_view(request.path).substr(incident_pages.size()),
                                      facts_of(*shared));
             }},
        {.path = "/style.css", .handler = [](const Request &) { return style_sheet(); }},
    };
}

} // namespace oomtrace::http
