// SPDX-License-Identifier: Apache-2.0
//
// sample_old_report.h: incidents as they come from the reports of kernels of 2006 and 2008, with all that those do not tell
// left out. The numbers are those of two reports that people have asked about in public.
#pragma once

#include "oomtrace/incident.h"

namespace oomtrace::sample
{

// 2.6.27, x86-64, 2 GiB and 149 GiB of swap: a page fault, and both zones at their end.
Incident small_host_of_2_6_27();
// 2.6.16, 32 bits with HighMem: the first lines of the report are lost, so that the gfp mask is not known. 1.5 GiB are free.
Incident highmem_host_of_2_6_16();

} // namespace oomtrace::sample
