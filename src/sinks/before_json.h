// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "oomtrace/incident.h"
#include "sinks/json_fields.h"

namespace oomtrace
{

void add_before(JsonWriter &out, const Before &before);

} // namespace oomtrace
