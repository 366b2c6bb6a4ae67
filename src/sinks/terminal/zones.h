// SPDX-License-Identifier: Apache-2.0
//
// zones.h: what the host had left, zone by zone, and what the rest was used for.
#pragma once

#include <cstddef>

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"
#include "sinks/terminal/line.h"

namespace oomtrace::terminal
{

Lines zone_lines(const Incident &incident, const WhyNow &now, std::size_t width);
// Free blocks by order with their migrate types, and every counter of nodes and zones. For the full report.
Lines zone_detail_lines(const Incident &incident, std::size_t width);

} // namespace oomtrace::terminal
