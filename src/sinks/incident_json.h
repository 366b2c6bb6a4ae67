// SPDX-License-Identifier: Apache-2.0
//
// incident_json.h: a whole Incident and its Verdict as one JSON object, as src/sinks/incident.schema.json describes it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

// Every field, in the same order each time, on one line without its end; all strings are valid UTF-8 (text_escape.h).
std::string incident_json(const Incident &incident, const Verdict &verdict);

// The same line with its end, in pieces of a few dozen KiB, until `take` returns false: a table of 100,000 tasks is never whole
// in memory. `room` is where they are made, and kept by whoever writes many.
void write_incident_line(const Incident &incident, const Verdict &verdict, std::string &room,
                         const std::function<bool(std::string_view)> &take);

} // namespace oomtrace
