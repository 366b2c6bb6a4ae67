// SPDX-License-Identifier: Apache-2.0
//
// incident_json.h: a whole Incident and its Verdict as one JSON object, as src/sinks/incident.schema.json describes it.
#pragma once

#include <nlohmann/json.hpp>

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

// Every field, in the same order each time; all strings are valid UTF-8 (text_escape.h), so that dump() cannot fail.
nlohmann::ordered_json incident_json(const Incident &incident, const Verdict &verdict);

} // namespace oomtrace
