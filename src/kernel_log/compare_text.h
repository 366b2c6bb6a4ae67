// SPDX-License-Identifier: Apache-2.0
//
// compare_text.h: whether a text of the kernel's report is the one that a hook read, where a line of a log cannot have it in
// full.
#pragma once

#include <cstddef>
#include <string_view>

namespace oomtrace::kernel_log
{

// A log loses the spaces at the end of a line, and what stands behind a line feed.
bool same_comm(std::string_view ours, std::string_view kernel);

inline constexpr std::size_t path_may_be_cut_at = 256;

// A longer path may be cut there or behind, where the line has no more room (LOG_LINE_MAX).
bool same_path(std::string_view ours, std::string_view kernel);

} // namespace oomtrace::kernel_log
