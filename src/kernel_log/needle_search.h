// SPDX-License-Identifier: Apache-2.0
//
// needle_search.h: the first place in a block of log where anything of an OOM may stand. Most of a log has none, and is passed
// over here, many bytes at a time, without being cut into lines.
#pragma once

#include <cstddef>
#include <string_view>

namespace oomtrace::kernel_log
{

// Offset of the first byte of the first needle at or after `from`; npos: there is none. What is found may be a false alarm;
// what every report begins with is among the needles, and so are the lines that may follow one after a while.
std::size_t find_needle(std::string_view block, std::size_t from);

} // namespace oomtrace::kernel_log
