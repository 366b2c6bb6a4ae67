// SPDX-License-Identifier: Apache-2.0
//
// choice.h: whom the kernel weighed, what each score is made of, and who was spared.
#pragma once

#include <cstddef>

#include "oomtrace/incident.h"
#include "sinks/terminal/line.h"

namespace oomtrace::terminal
{

// The best `top` of those that could be chosen (all of them, and the others with their reason, if `all`); the victim always.
void write_choice(const Incident &incident, std::size_t top, bool all, std::size_t width, const TakeLines &take);

// Who the candidates are: users, parents, threads, cgroups. For the full report.
void write_identities(const Incident &incident, std::size_t width, const TakeLines &take);

} // namespace oomtrace::terminal
