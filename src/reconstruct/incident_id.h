// SPDX-License-Identifier: Apache-2.0
//
// incident_id.h: the ids of incidents that were seen live, made and read: see Incident::id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oomtrace
{

struct LiveIncidentId {
    std::string boot; // the first 8 characters of the boot's id
    std::uint64_t monotonic_ns = 0;
};

// How much of the boot's id is in one.
std::string boot_part(std::string_view boot_id);

std::string live_incident_id(std::string_view boot_id, std::uint64_t episode, std::uint64_t monotonic_ns);

// Absent: it is the id of a report in a log.
std::optional<LiveIncidentId> read_live_incident_id(std::string_view id);

} // namespace oomtrace
