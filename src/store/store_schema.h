// SPDX-License-Identifier: Apache-2.0
//
// store_schema.h: the tables of the store, and how a file is recognised as one. An incident is a row of `incident`, which holds
// what can be listed and filtered by, and the row of the same sequence in `incident_text`, which holds the rest: a list then
// reads none of the texts. Names and paths are stored as raw bytes.
#pragma once

#include <cstdint>

#include "store/database.h"

namespace oomtrace
{

inline constexpr std::int64_t store_application_id = 0x4f4f4d54; // "OOMT"
inline constexpr std::int64_t store_schema_version = 1;          // PRAGMA user_version; bump with every change of the tables
inline constexpr std::int64_t store_page_size = 4096;

// For a connection that writes: creates the tables in an empty file. Fails with `foreign` and `newer_version` without having
// changed anything.
StoreResult<void> create_or_check_schema(Database &database);

// For one that reads.
StoreResult<void> check_schema(Database &database);

} // namespace oomtrace
