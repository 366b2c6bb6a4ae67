// SPDX-License-Identifier: Apache-2.0
//
// incident_builder.h: from the records of one episode to the Incident. A pure function: the same records give the same
// incident, to the last byte.
#pragma once

#include <optional>

#include "oomtrace/incident.h"
#include "reconstruct/episode.h"

namespace oomtrace
{

// `host` is absent where no host record has come: the incident then assumes pages of 4096 bytes and says so.
Incident build_incident(const Episode &episode, const std::optional<HostFacts> &host);

} // namespace oomtrace
