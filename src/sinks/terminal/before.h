// SPDX-License-Identifier: Apache-2.0
//
// before.h: what the kernel tried before it invoked the OOM killer.
#pragma once

#include <cstddef>

#include "oomtrace/incident.h"
#include "sinks/terminal/line.h"

namespace oomtrace::terminal
{

// Empty where it is not known, and where there were no retries and none were to be expected; not with `full`.
Lines before_lines(const Incident &incident, bool full, std::size_t width);

} // namespace oomtrace::terminal
