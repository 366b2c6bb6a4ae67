// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "oomtrace/incident.h"

namespace oomtrace::terminal
{

// "pod shop/cart-7f9 (Burstable), container app (containerd 3f2a9c0d7b1e), command /usr/bin/cart": what is known beyond name
// and pid. Empty: nothing is.
std::string owner_text(const ProcessIdentity &process, const CgroupIdentity &cgroup);

} // namespace oomtrace::terminal
