// SPDX-License-Identifier: Apache-2.0
//
// Small text files of /proc, /sys and cgroupfs: opened, read and parsed without touching the heap, because some of them are
// read while the host has no memory left.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

#include "host/unique_fd.h"
#include "oomtrace/result.h"

namespace oomtrace
{

// Where a host path lies under `root`: ("/fixture", "/proc/stat") is "/fixture/proc/stat".
std::filesystem::path under_root(const std::filesystem::path &root, std::string_view absolute_path);

// For reading. Owns none when the file cannot be opened; errno says why.
UniqueFd open_for_reading(const std::filesystem::path &path);

// The file from its beginning, as far as it fits into `buffer`; the descriptor's own position does not move. Empty when it
// cannot be read (errno) or holds nothing.
std::string_view read_from_start(int fd, std::span<char> buffer);

// The same for a path that is read once.
std::optional<std::string_view> read_file(const std::filesystem::path &path, std::span<char> buffer);

// Writes the whole text with one write(2), as cgroupfs and /proc expect. Never creates a file.
Result<void> write_file(const std::filesystem::path &path, std::string_view text, std::string_view hint = {});

// One line without its newline.
std::string_view first_line(std::string_view text);

// Leading blanks are skipped; empty when no digits follow or the value does not fit.
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<std::uint64_t> parse_unsigned(std::string_view text);

// The integer behind `key` on the line that begins with exactly `key` and a blank ("oom_kill" in "oom_kill 12").
std::optional<std::int64_t> value_of(std::string_view text, std::string_view key);

} // namespace oomtrace
