// SPDX-License-Identifier: Apache-2.0
//
// run_together.h: lines of a syslog that have lost their line feeds, as logs do that were pasted into a page.
#pragma once

#include <functional>
#include <string_view>

namespace oomtrace::kernel_log
{

// Whether that may be so, and has to be looked at.
bool may_run_together(std::string_view line);

// Calls `take` for each record in the line, in order: for the whole line where it is one record. Of a record whose date has
// lost letters, what begins at "kernel:".
void for_each_record(std::string_view line, const std::function<void(std::string_view)> &take);

} // namespace oomtrace::kernel_log
