// SPDX-License-Identifier: Apache-2.0
//
// incident_archive.h: incidents that have been kept, for whoever comes to ask: filled by the store and by the agent's memory of
// the last ones, read by `oomtrace history`, `oomtrace show` and the HTTP interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oomtrace/result.h"

namespace oomtrace
{

// What a line of a list says, and what one can filter by. Strings are as in the incident: bytes that may not be UTF-8.
struct IncidentSummary {
    std::string id;
    std::int64_t realtime_ns = 0;           // since 1970-01-01 UTC
    std::string outcome, scope, constraint; // their JSON names
    std::optional<std::uint32_t> victim_pid;
    std::string victim_comm; // empty: nobody was killed
    std::optional<std::uint64_t> victim_rss_bytes;
    std::optional<std::int64_t> victim_points;
    std::string trigger_comm;
    std::string memcg_path;                                                          // whose limit fired; empty: none
    std::string victim_cgroup;                                                       // empty: not known
    std::string pod_namespace, pod_name, container_name, container_id, systemd_unit; // of the victim; empty: none, or not known
    std::uint64_t kills = 0;
    bool complete = true;
    bool before_start = false;
    std::string headline; // the one line of `--brief`, without time
};

// Every field that is given must match.
struct IncidentFilter {
    std::optional<std::int64_t> since_ns, until_ns; // realtime; since inclusive, until exclusive
    std::optional<std::string> cgroup;              // of the limit or the victim, or a cgroup above it
    std::optional<std::string> pod;                 // name, or namespace/name
    std::optional<std::string> unit, comm, outcome, scope;
    std::optional<std::string> older_than; // the id that the last page ended with
    std::size_t limit = 100;
};

struct ArchivedIncident {
    IncidentSummary summary;
    std::string json;        // the line of `--json`, without its newline
    std::string report;      // what `oomtrace trace` printed, without colour
    std::string full_report; // with --full
};

class IncidentArchive
{
  public:
    IncidentArchive() = default;
    IncidentArchive(const IncidentArchive &) = delete;
    IncidentArchive &operator=(const IncidentArchive &) = delete;
    virtual ~IncidentArchive() = default;

    // Newest first. Errors: it cannot be read at present; older_than names none of its incidents.
    virtual Result<std::vector<IncidentSummary>> list(const IncidentFilter &filter) = 0;
    // Nothing: no incident of this id is kept (any more).
    virtual Result<std::optional<ArchivedIncident>> find(std::string_view id) = 0;
};

} // namespace oomtrace
