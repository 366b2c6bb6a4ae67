// SPDX-License-Identifier: Apache-2.0
//
// sample_memory.h: the cgroups, nodes and zones of the sample incidents.
#pragma once

#include <string>
#include <vector>

#include "oomtrace/incident.h"

namespace oomtrace::sample
{

MemcgLimit container_levels(const std::string &group);                          // v2, 2 GiB, full
MemcgLimit service_levels(const std::string &parent, const std::string &group); // v2, no limit fired
MemcgLimit v1_levels(const std::string &group);                                 // memory+swap full at 768 MiB
MemcgLimit group_levels(const std::string &group);                              // v2, memory.oom.group, 1.5 GiB, full
MemcgLimit agent_levels(const std::string &group);                              // v2, 64 MiB, full

std::vector<Node> exhausted_nodes(); // 16 GiB, below its min watermarks
std::vector<Node> roomy_nodes();     // the same host with memory to spare

} // namespace oomtrace::sample
