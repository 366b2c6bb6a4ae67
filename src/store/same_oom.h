// SPDX-License-Identifier: Apache-2.0
//
// same_oom.h: an OOM that was seen live is in the kernel's log too, from where the next start takes it in under another id.
#pragma once

#include <optional>
#include <string>

#include "oomtrace/incident.h"
#include "store/database.h"

namespace oomtrace
{

// The id under which the store has the OOM that `report`, from a kernel log, tells of: that of the report, or of an incident of
// the same boot with the same victim at about the same time. Of a report whose boot or time is not known, its own id alone.
StoreResult<std::optional<std::string>> find_same_oom(Database &database, const Incident &report);

} // namespace oomtrace
