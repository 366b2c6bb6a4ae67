// SPDX-License-Identifier: Apache-2.0
//
// store_file.h: the store as a file among others: made, recognised, and moved out of the way when it is damaged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "store/store_error.h"

namespace oomtrace
{

// An empty file, mode 0640, where there is none, and its directory, where only that is missing.
StoreResult<void> create_store_file(const std::filesystem::path &path);

// For a file that SQLite cannot read: has it been a store? By what is left of its header, or by a size of whole pages. Only
// while no connection of this process has it open: closing any descriptor of a file drops the process's locks on it.
bool is_store_file(const std::filesystem::path &path);

// "file:" and the path, with what means something in a URI escaped.
std::string store_uri(const std::filesystem::path &path);

// Renames a damaged store to FILE.corrupt-20260301T031245Z, its WAL with it, and returns that name. Of those, the newest
// `kept_damaged_stores` are kept.
StoreResult<std::filesystem::path> move_damaged_store_aside(const std::filesystem::path &path, std::int64_t realtime_ns);

inline constexpr std::size_t kept_damaged_stores = 3;

} // namespace oomtrace
