// SPDX-License-Identifier: Apache-2.0
//
// incident_columns.h: what is kept of an incident: the facts that people list and filter by, and the texts that every other way
// out would have printed.
#pragma once

#include "oomtrace/incident.h"
#include "oomtrace/incident_archive.h"
#include "oomtrace/verdict.h"

namespace oomtrace
{

IncidentSummary summarize(const Incident &incident, const Verdict &verdict);

// With the texts: the line of `--json`, and the reports, 100 columns wide and without colour.
ArchivedIncident archive(const Incident &incident, const Verdict &verdict);

} // namespace oomtrace
