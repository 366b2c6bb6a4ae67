// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <memory>

#include "cli/command_line.h"
#include "oomtrace/sink.h"
#include "sinks/terminal_sink.h"

namespace oomtrace
{

// Width and colour from the terminal that stdout is, if it is one.
TerminalOptions terminal_options(TerminalMode mode);

// The sink that the options ask for, on stdout; width and colour from the terminal, if it is one.
std::unique_ptr<Sink> make_sink(const OutputOptions &options);
// On a stream that goes there; it must outlive the sink.
std::unique_ptr<Sink> make_sink(const OutputOptions &options, std::ostream &out);

} // namespace oomtrace
