// SPDX-License-Identifier: Apache-2.0
//
// units.h: numbers as a person reads them, each with its unit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace oomtrace::terminal
{

std::string bytes_text(std::uint64_t bytes);                             // three digits: "1.71 GiB", "980 KiB", "0 B"
std::string bytes_or_unknown(const std::optional<std::uint64_t> &bytes); // "?" where it is not known
std::string exact_bytes_text(std::uint64_t bytes); // nothing rounded away: "2 GiB", "1.5 GiB", "55,456 KiB"
std::string signed_bytes_text(std::int64_t pages, std::uint64_t page_size); // "+614 MiB", "-1.99 GiB", "0 B"
std::string number_or_unknown(const std::optional<std::uint32_t> &number);  // "?" where it is not known
std::string count_text(std::uint64_t count);                                // "1,532"
std::string count_text(std::int64_t count);
std::string counted(std::uint64_t count, const char *one, const char *many); // "1 thread", "12 threads"
std::string percent_text(double fraction);      // "85.9%"; "100.0%" and "0.0%" only where that is exact
std::string milliseconds_text(std::int64_t ns); // "0.412 ms", "2,466.120 ms": the same unit for a whole column
std::string duration_text(std::uint64_t ns);    // "412 µs", "30.2 ms", "2.47 s"
std::string number_list_text(const std::vector<std::uint32_t> &numbers); // ascending: "0-3,8"

} // namespace oomtrace::terminal
