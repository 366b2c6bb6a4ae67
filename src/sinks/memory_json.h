// SPDX-License-Identifier: Apache-2.0
//
// memory_json.h: the host's side of an incident as JSON: the cgroups and their limits, nodes, zones.
#pragma once

#include <vector>

#include "sinks/json_fields.h"

namespace oomtrace
{

// The members `memcg` and `nodes`, which is null where absent.
void add_memcg(JsonWriter &out, const MemcgLimit &memcg, const Provenance &provenance);
void add_nodes(JsonWriter &out, const std::vector<Node> &nodes, const Provenance &provenance);

} // namespace oomtrace
