// SPDX-License-Identifier: Apache-2.0
//
// aftermath.h: what was killed, when, and what came back.
#pragma once

#include <cstddef>

#include "oomtrace/incident.h"
#include "sinks/terminal/line.h"

namespace oomtrace::terminal
{

// At most `most` rows each; the rest is counted.
Lines kill_lines(const Incident &incident, std::size_t most, std::size_t width);
Lines timeline_lines(const Incident &incident, std::size_t most, std::size_t width);
Lines returned_lines(const Incident &incident, std::size_t width);

} // namespace oomtrace::terminal
