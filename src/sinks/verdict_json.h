// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "oomtrace/verdict.h"
#include "sinks/json_fields.h"

namespace oomtrace
{

// The object `verdict`: codes, their evidence, and the sentences that the terminal prints.
Json verdict_json(const Incident &incident, const Verdict &verdict);

} // namespace oomtrace
