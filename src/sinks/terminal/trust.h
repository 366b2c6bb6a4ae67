// SPDX-License-Identifier: Apache-2.0
//
// trust.h: how far the report can be believed: checks, completeness, where its facts come from.
#pragma once

#include <cstddef>

#include "oomtrace/incident.h"
#include "sinks/terminal/line.h"

namespace oomtrace::terminal
{

Lines trust_lines(const Incident &incident, std::size_t width);
// Every group of facts with its source and note. For the full report.
Lines provenance_lines(const Incident &incident, std::size_t width);

} // namespace oomtrace::terminal
