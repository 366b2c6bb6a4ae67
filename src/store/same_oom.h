// SPDX-License-Identifier: Apache-2.0
//
// same_oom.h: an OOM that was seen live is in the kernel's log too, from where the next start takes it in under another id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "oomtrace/incident.h"
#include "store/database.h"

namespace oomtrace
{

// What is known of an OOM that was told before.
struct KeptOom {
    std::string id;
    std::int64_t realtime_ns = 0; // 0: not known
    std::optional<std::uint32_t> victim_pid;
    std::string trigger_comm; // empty: not known
};

// `report`, from a kernel log, tells of the same OOM: its id is the same, or it is of the same boot with the same victim at
// about the same time. Of a report whose boot or time is not known, the id alone counts.
bool is_same_oom(const KeptOom &kept, const Incident &report);

// The id under which the store has the OOM that `report`, from a kernel log, tells of.
StoreResult<std::optional<std::string>> find_same_oom(Database &database, const Incident &report);

} // namespace oomtrace
