// SPDX-License-Identifier: Apache-2.0
//
// safe_text.h: names that came from the kernel, made fit for a terminal. A process chooses its own name: it may hold escape
// sequences that hide the report, newlines that forge one, or text that runs right to left.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace oomtrace::terminal
{

// Control characters, invalid UTF-8, and characters without a width of their own (marks that combine, direction marks) in C
// notation: \n \e \x9b \u202e. Printable text stays as it is, the backslash too: systemd's cgroup names hold it, and a name
// that cannot be pasted is of little use. JSON is the output that is exact.
std::string safe_text(std::string_view bytes);

// The same, cut to `width` columns; what was cut ends in "…". No escape is cut in two.
std::string safe_text(std::string_view bytes, std::size_t width);

// The tail of a path that fits `width` columns, from a component on: "…/pod7/db". The last component is cut if need be.
std::string safe_path_tail(std::string_view path, std::size_t width);

// Columns that valid UTF-8 without control characters takes.
std::size_t display_width(std::string_view text);

} // namespace oomtrace::terminal
