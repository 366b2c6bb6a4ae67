// SPDX-License-Identifier: Apache-2.0
//
// incident_query.h: the query of a URL as a filter of the archive, and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/http_message.h"
#include "oomtrace/incident_archive.h"
#include "oomtrace/result.h"

namespace oomtrace::http
{

inline constexpr std::size_t default_page = 100;
inline constexpr std::size_t longest_page = 1000;

struct IncidentQuery {
    IncidentFilter filter;
    // What was given, without older_than: for the link to the next page, and for the form.
    std::vector<std::pair<std::string, std::string>> given;
};

// since, until (parse_moment()), cgroup, pod, unit, comm, outcome, scope, older_than, limit. An empty value is none: a form
// sends those that were left empty. A name that is not one of these is refused: a filter that was passed over would look
// obeyed.
Result<IncidentQuery> parse_incident_query(const Request &request, std::int64_t now_ns);

// `path`?name=value&..., with older_than where it is not empty; percent-encoded.
std::string page_link(std::string_view path, const IncidentQuery &query, std::string_view older_than);

std::string percent_encode(std::string_view bytes);

// An id as every incident's is made. Others are not looked up.
bool is_incident_id(std::string_view text);

} // namespace oomtrace::http
