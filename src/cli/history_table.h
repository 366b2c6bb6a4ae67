// SPDX-License-Identifier: Apache-2.0
//
// history_table.h: incidents as a list for a person.
#pragma once

#include <cstddef>
#include <vector>

#include "oomtrace/incident_archive.h"
#include "sinks/terminal/line.h"

namespace oomtrace
{

// A row per incident, in the order given, under a line of titles: when, what became of it, who was killed and held how much,
// whose limit fired, where the victim ran, and the id for "oomtrace show".
terminal::Lines history_lines(const std::vector<IncidentSummary> &incidents, std::size_t width);

} // namespace oomtrace
