// SPDX-License-Identifier: Apache-2.0
//
// report.h: the whole report of one incident, in the order in which it is read: what happened; whom the kernel chose; which
// memory ran out; what was killed and when; how far to believe it.
#pragma once

#include <string>

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"
#include "sinks/terminal/line.h"
#include "sinks/terminal_sink.h"

namespace oomtrace::terminal
{

// Hands the report on part by part: a table with a row for each task may be longer than is to be kept in memory.
void write_report(const Incident &incident, const Verdict &verdict, const TerminalOptions &options, const TakeLines &take);
// The same as one text.
std::string report_text(const Incident &incident, const Verdict &verdict, const TerminalOptions &options);

} // namespace oomtrace::terminal
