// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

namespace oomtrace
{

// Highest possible NUMA node number + 1, from <root>/sys/devices/system/node/possible ("0", "0-3"); 1 on a kernel without NUMA.
std::uint32_t possible_nodes(const std::filesystem::path &root = "/");

} // namespace oomtrace
