// SPDX-License-Identifier: Apache-2.0
//
// memory_json.h: the host's side of an incident as JSON: the cgroups and their limits, nodes, zones.
#pragma once

#include <vector>

#include "sinks/json_fields.h"

namespace oomtrace
{

Json memcg_json(const MemcgLimit &memcg, const Provenance &provenance);
Json nodes_json(const std::vector<Node> &nodes, const Provenance &provenance); // null where absent

} // namespace oomtrace
