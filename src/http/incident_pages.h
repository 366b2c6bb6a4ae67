// SPDX-License-Identifier: Apache-2.0
//
// incident_pages.h: incidents for a person with a browser. Plain HTML: no script, nothing from elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/http_message.h"
#include "oomtrace/incident_archive.h"

namespace oomtrace::http
{

struct PageFacts {
    std::string hostname, version;
    std::int64_t now_ns = 0; // realtime
    std::string not_ready;   // what is not in place; empty: all is
};

// The list, with the same filters as the API's.
Response list_page(IncidentArchive &archive, const Request &request, const PageFacts &facts);
// One incident: what the terminal's report says.
Response incident_page(IncidentArchive &archive, std::string_view id, const PageFacts &facts);

Response style_sheet();

} // namespace oomtrace::http
