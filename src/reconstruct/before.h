// SPDX-License-Identifier: Apache-2.0
//
// before.h: what the page allocator tried for the request before it invoked the OOM killer.
#pragma once

#include <cstdint>

#include "oomtrace/incident.h"
#include "reconstruct/episode.h"
#include "reconstruct/page_units.h"

namespace oomtrace
{

Before build_before(const Episode &episode, std::uint64_t invocation_ns, const PageUnits &units);

// "None seen" is observed; what was not watched is absent, with why.
Provenance before_provenance(const Episode &episode);

} // namespace oomtrace
