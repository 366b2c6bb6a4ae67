// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace oomtrace::metrics
{

// docs/metrics.md, from the catalogue.
std::string reference_page();

} // namespace oomtrace::metrics
