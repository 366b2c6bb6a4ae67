// SPDX-License-Identifier: Apache-2.0
//
// incident_rows.h: incidents into an open store, and the oldest out of it again.
#pragma once

#include <cstdint>

#include "store/database.h"
#include "store/incident_store.h"

namespace oomtrace
{

// Inside a transaction. false: its id is kept already, and nothing was changed.
StoreResult<bool> insert_incident(Database &database, const PackedIncident &incident, std::int64_t now_ns);

// Inside a transaction: takes out what the limits leave no room for, the oldest first; the newest one always stays.
StoreResult<void> apply_limits(Database &database, const StoreLimits &limits, std::int64_t now_ns);

// Outside of one: gives space back to the filesystem where an eighth of the file is unused, in small steps. Less is used
// again by the next incidents.
StoreResult<void> shrink_file(Database &database);

} // namespace oomtrace
