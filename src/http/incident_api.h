// SPDX-License-Identifier: Apache-2.0
//
// incident_api.h: incidents for programs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/http_message.h"
#include "oomtrace/incident_archive.h"
#include "oomtrace/result.h"

namespace oomtrace::http
{

// {"incidents":[{"id":...,"href":"/api/v1/incidents/ID"},...],"next":"/api/v1/incidents?...&older_than=ID"}, newest first;
// "next" is null on the last page. What is not known is null. Bytes that are not UTF-8 are escaped as in the incident's JSON.
Response incident_list(IncidentArchive &archive, const Request &request, std::int64_t now_ns);
// The incident's own JSON, as `--json` wrote it.
Response incident_by_id(IncidentArchive &archive, std::string_view id);

// {"error":{"status":400,"what":...,"reason":...,"hint":...}}
Response json_error(int status, const Error &error);

// A page of the archive, and whether there is more: shared with the pages for people. An error is the client's (`status` 400)
// or the archive's (503).
struct IncidentPage {
    std::vector<IncidentSummary> incidents;
    std::string next_older_than; // empty: this is the last page
};
struct PageError {
    int status = 503;
    Error error;
};
tl::expected<IncidentPage, PageError> read_page(IncidentArchive &archive, IncidentFilter filter);

} // namespace oomtrace::http
