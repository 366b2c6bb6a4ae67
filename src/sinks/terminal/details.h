// SPDX-License-Identifier: Apache-2.0
//
// details.h: the rest of the full report: the request, the host and its settings, the kernel stack.
#pragma once

#include <cstddef>

#include "oomtrace/incident.h"
#include "sinks/terminal/line.h"

namespace oomtrace::terminal
{

Lines request_lines(const Incident &incident, std::size_t width);
Lines host_lines(const Incident &incident, std::size_t width);
Lines stack_lines(const Incident &incident, std::size_t width);

} // namespace oomtrace::terminal
