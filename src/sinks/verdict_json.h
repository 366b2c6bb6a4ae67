// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "oomtrace/verdict.h"
#include "sinks/json_fields.h"

namespace oomtrace
{

// The member `verdict`: codes, their evidence, and the sentences that the terminal prints.
void add_verdict(JsonWriter &out, const Incident &incident, const Verdict &verdict);

} // namespace oomtrace
