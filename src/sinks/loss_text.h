// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "oomtrace/kernel_event.h"

namespace oomtrace
{

// One line without its end: what was lost since the start, by reason; reasons that count 0 are left out.
std::string loss_text(const LossTotals &totals);

} // namespace oomtrace
