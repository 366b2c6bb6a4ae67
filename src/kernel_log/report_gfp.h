// SPDX-License-Identifier: Apache-2.0
//
// report_gfp.h: the flags of the allocation. Since 4.7 the kernel prints their names; before, its bits meant other flags.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel_log/parsed_report.h"

namespace oomtrace::kernel_log
{

// As printed; of a kernel before 4.4 by the bits of that time; else empty: the bits can not be told.
std::vector<std::string> gfp_names_of(const ParsedReport &report);

// Highest zone that the mask allows, by the name it has on that host. Absent without a mask.
std::optional<std::string> highest_zone_of(const ParsedReport &report);

} // namespace oomtrace::kernel_log
