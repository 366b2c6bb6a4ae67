// SPDX-License-Identifier: Apache-2.0
//
// why.h: the verdict, in the few lines that are read first.
#pragma once

#include <cstddef>

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"
#include "sinks/terminal/line.h"

namespace oomtrace::terminal
{

// Empty: nothing can be said. `full`: also what goes without saying.
Lines why_lines(const Incident &incident, const Verdict &verdict, bool full, std::size_t width);

} // namespace oomtrace::terminal
