// SPDX-License-Identifier: Apache-2.0
//
// lost_calls.h: which of the calls that the kernel skipped a program for have lost something. It counts them for each program
// (bpf_prog_info::recursion_misses), but not whether there was anything to do.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace oomtrace
{

// `skipped` is asked for a program's count, 0 where the program is not loaded, and each at most once. `retries_made_up`: see
// tracer_state.h; read after the counts, so that what is made up meanwhile is not taken for lost.
std::uint64_t lost_calls(const std::function<std::uint64_t(std::string_view program)> &skipped, std::uint64_t retries_made_up);

} // namespace oomtrace
