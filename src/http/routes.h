// SPDX-License-Identifier: Apache-2.0
//
// routes.h: what the agent answers over HTTP.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/http_message.h"
#include "metrics/exposition.h"
#include "oomtrace/incident_archive.h"

namespace oomtrace::http
{

// All are called on the server's thread.
struct RouteSources {
    std::function<std::string(metrics::Format)> scrape;
    std::function<std::string()> not_ready; // what is not in place; empty: all is
    std::shared_ptr<IncidentArchive> archive;
    std::function<std::int64_t()> now_ns; // realtime
    std::string hostname, version;
};

// /metrics, /healthz, /readyz, /api/v1/incidents[/ID], and for a person / and /incidents/ID.
Routes make_routes(RouteSources sources);

} // namespace oomtrace::http
