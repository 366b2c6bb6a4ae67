// SPDX-License-Identifier: Apache-2.0
//
// known.h: which of an Incident's plain (not optional) values are known. A sink shows what is not known as unknown, never as 0.
#pragma once

#include "oomtrace/incident.h"

namespace oomtrace
{

// A captured address space has an address; one from the kernel's log has sizes. All zero: its record was lost.
inline bool is_known(const ProcessMemory &memory)
{
    return memory.mm != 0 || memory.total_vm_bytes != 0 || memory.rss_bytes() != 0;
}

// Resident memory as a whole: the parts may be unknown when the sum is not.
inline bool rss_known(const ProcessMemory &memory)
{
    return !memory.unknown.rss_parts || memory.rss_sum_bytes.has_value();
}

inline bool is_known(const Provenance &provenance)
{
    return provenance.source != Source::absent;
}

inline bool is_known(const Trigger &trigger, const Provenance &provenance)
{
    return is_known(provenance) || trigger.process.pid != 0;
}

// The kernel charges the children of the root cgroup, not the root: its counters say nothing on v2.
inline bool has_counters(const MemcgLevel &level)
{
    return level.counters_known && !(level.root && level.v2);
}

// Tasks that were looked at: 0 is the truth only where the closing record, which carries the count, was seen.
inline bool tasks_seen_known(const Incident &incident)
{
    return incident.completeness.tasks_seen != 0 || incident.outcome != Outcome::unknown;
}

} // namespace oomtrace
