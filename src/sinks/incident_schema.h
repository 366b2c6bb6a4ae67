// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace oomtrace
{

// incident.schema.json (JSON Schema draft-07), as it was when the program was built.
std::string_view incident_schema();

} // namespace oomtrace
