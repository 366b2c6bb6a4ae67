// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command_line.h"
#include "oomtrace/result.h"

namespace oomtrace
{

// The one place where an Error becomes text: what was attempted, what the system said, what to do. On stderr, as a log line.
void report_error(const Error &error);
void report_warning(const Error &error);

// How a command ends that has nothing more to say: its error, if there is one, is reported.
ExitStatus exit_status(const Result<void> &done);

// Log lines to stderr, colour only on a terminal and without NO_COLOR.
void set_up_logging();

} // namespace oomtrace
