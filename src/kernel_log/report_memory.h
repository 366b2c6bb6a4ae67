// SPDX-License-Identifier: Apache-2.0
//
// report_memory.h: the parts of an Incident that are about memory, from the lines of a report.
#pragma once

#include <cstdint>
#include <vector>

#include "kernel_log/parsed_report.h"

namespace oomtrace::kernel_log
{

// Ascending; zones in the order of their types. A kernel without NUMA has node 0. The free blocks are moved out of the report.
std::vector<Node> take_nodes(ParsedReport &report, std::uint64_t page_size);

// The level that fired with its counters, and the victim's own by its path alone.
MemcgLimit memcg_of(const ParsedReport &report);

// The pool of the size that x86 and arm64 have by default, 2 MiB; else the smallest.
Hugetlb hugetlb_of(const ParsedReport &report);

// Moved out of the report.
LogFacts take_log_facts(ParsedReport &report);

} // namespace oomtrace::kernel_log
