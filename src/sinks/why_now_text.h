// SPDX-License-Identifier: Apache-2.0
//
// why_now_text.h: a verdict's first half in words, the same for every sink. Plain ones; the kernel's own term stands in
// brackets where a reader may have to look it up. Names are safe to print (terminal/safe_text.h), and so valid UTF-8.
#pragma once

#include <cstddef>
#include <string>

#include "oomtrace/incident.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

// Which memory was short and why what is free did not help: sentences. Empty: nothing can be said. Cgroup paths longer than
// `path_width` columns are cut to their tail.
std::string why_now_text(const Incident &incident, const WhyNow &now, std::size_t path_width);

} // namespace oomtrace
