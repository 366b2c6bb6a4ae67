// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "oomtrace/result.h"

namespace oomtrace
{

// Where the memory controller can be reached.
struct MemoryControllerMount {
    std::uint32_t version = 0;       // of the hierarchy the controller is on: 1 or 2
    std::filesystem::path directory; // top of that hierarchy as mounted here, `root` included
};

// Looks through <root>/proc/mounts. A v1 hierarchy with the controller wins over a v2 one: the controller is on one of them
// only, and a hybrid host has both mounted.
Result<MemoryControllerMount> find_memory_controller(const std::filesystem::path &root = "/");

// The version alone, also where the hierarchy is not mounted (a container): from the mounts, else from /proc/cgroups.
// 0: could not be told.
std::uint32_t memory_controller_version(const std::filesystem::path &root = "/");

// Whether a space-separated list of controllers (cgroup.controllers, cgroup.subtree_control) names memory.
bool lists_memory_controller(const std::filesystem::path &controllers_file);

} // namespace oomtrace
