// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "oomtrace/incident_archive.h"

namespace oomtrace::http
{

// Whether an incident is one that the filter wants, older_than and limit aside.
bool matches(const IncidentSummary &summary, const IncidentFilter &filter);

} // namespace oomtrace::http
