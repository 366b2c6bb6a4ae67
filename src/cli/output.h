// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cli/command_line.h"
#include "oomtrace/sink.h"

namespace oomtrace
{

// The sink that the options ask for, on stdout; width and colour from the terminal, if it is one.
std::unique_ptr<Sink> make_sink(const OutputOptions &options);

} // namespace oomtrace
