// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sinks/json_fields.h"

namespace oomtrace
{

// The object `kernel_report`: what a report read from a log says beyond the other groups.
Json log_facts_json(const LogFacts &facts);

} // namespace oomtrace
