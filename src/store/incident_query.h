// SPDX-License-Identifier: Apache-2.0
//
// incident_query.h: incidents out of an open store.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oomtrace/incident_archive.h"
#include "store/database.h"

namespace oomtrace
{

// Newest first. A cgroup is matched with those below it, with or without "/" at its end; a unit without a dot is a service.
StoreResult<std::vector<IncidentSummary>> list_incidents(Database &database, const IncidentFilter &filter);

StoreResult<std::optional<ArchivedIncident>> find_incident(Database &database, std::string_view id);

// The ids that begin with `prefix`, newest first, at most `most`.
StoreResult<std::vector<std::string>> ids_with_prefix(Database &database, std::string_view prefix, std::size_t most);

} // namespace oomtrace
