// SPDX-License-Identifier: Apache-2.0
//
// processes.h: tasks and address spaces, from the kernel's units to the incident's.
#pragma once

#include "badness/badness.h"
#include "oomtrace/incident.h"
#include "reconstruct/memcg_tree.h"
#include "reconstruct/page_units.h"

namespace oomtrace
{

Process process_of(const TaskSnapshot &task, const MemcgTree &memcgs);
ProcessMemory memory_of(const MmSnapshot &mm, RssReading reading, const PageUnits &units);

} // namespace oomtrace
