// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "explain/explain.h"
#include "sinks/incident_json.h"

namespace oomtrace
{

// What the JSON sink writes for one incident.
inline nlohmann::ordered_json json_of(const Incident &incident)
{
    return nlohmann::ordered_json::parse(incident_json(incident, explain(incident)));
}

} // namespace oomtrace
