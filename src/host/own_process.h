// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

namespace oomtrace
{

// What this process takes of the host. 0: could not be read.
struct OwnProcess {
    double cpu_seconds = 0; // in user mode and in the kernel, all threads
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_fds = 0;
};

// When it was started, since the Unix epoch. To be asked once: it moves whenever the clock is set. 0: could not be read.
double own_start_time_seconds(const std::filesystem::path &root = "/");

// From <root>/proc/self.
OwnProcess read_own_process(const std::filesystem::path &root = "/");

} // namespace oomtrace
