// SPDX-License-Identifier: Apache-2.0
//
// report.h: the whole report of one incident, in the order in which it is read: what happened; whom the kernel chose; which
// memory ran out; what was killed and when; how far to believe it.
#pragma once

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"
#include "sinks/terminal/line.h"
#include "sinks/terminal_sink.h"

namespace oomtrace::terminal
{

Lines report_lines(const Incident &incident, const Verdict &verdict, const TerminalOptions &options);

} // namespace oomtrace::terminal
