// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sinks/json_fields.h"

namespace oomtrace
{

// The member `kernel_report`: what a report read from a log says beyond the other groups; null of any other.
void add_log_facts(JsonWriter &out, const std::optional<LogFacts> &facts);

} // namespace oomtrace
