// SPDX-License-Identifier: Apache-2.0
//
// commands.h: one function per command of the command line. Each prints its results to stdout and its errors to stderr.
#pragma once

#include "cli/command_line.h"

namespace oomtrace
{

ExitStatus run_trace(const TraceOptions &options);
ExitStatus run_replay(const ReplayOptions &options);
ExitStatus run_explain(const ExplainOptions &options);
ExitStatus run_history(const HistoryOptions &options);
ExitStatus run_show(const ShowOptions &options);
ExitStatus run_agent(const AgentArguments &arguments);
ExitStatus run_doctor(const DoctorOptions &options);
ExitStatus run_selftest(const SelftestOptions &options);

} // namespace oomtrace
