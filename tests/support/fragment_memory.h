// SPDX-License-Identifier: Apache-2.0
//
// fragment_memory.h: the part of oom_workload that makes memory short in blocks, not in pages.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

// Says "oom_workload: cannot ATTEMPTED: why" and exits with 1.
[[noreturn]] void fail(const std::string &attempted, int error_number);

// How many processes the kernel has killed for lack of memory.
std::uint64_t oom_kills();

// Fills memory, but for `spare_bytes`, with pages that cannot be moved, gives every second one back, reads `cached_file` (none
// where empty) into the page cache, calls `on_ready`, and asks for blocks of four pages in a row until the kernel has killed
// somebody. False: it has refused one, and killed nobody.
bool fragment_until_kill(std::uint64_t spare_bytes, const std::string &cached_file, const std::function<void()> &on_ready);
