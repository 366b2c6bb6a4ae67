// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "oomtrace/result.h"

namespace oomtrace
{

// Writes and flushes. `attempted` is the first part of the error. A stream that failed once stays failed: what it would have
// written since is lost, and every call says so.
Result<void> write_text(std::ostream &out, std::string_view text, std::string attempted);

} // namespace oomtrace
