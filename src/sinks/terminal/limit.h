// SPDX-License-Identifier: Apache-2.0
//
// limit.h: the cgroups from the victim up to the root, what each may use and uses, and which limit fired.
#pragma once

#include <cstddef>

#include "oomtrace/incident.h"
#include "sinks/terminal/line.h"

namespace oomtrace::terminal
{

Lines limit_lines(const Incident &incident, std::size_t width);
// Protection, throttling, peaks and settings of the same levels. For the full report.
Lines limit_detail_lines(const Incident &incident, std::size_t width);

} // namespace oomtrace::terminal
