// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "oomtrace/incident.h"

namespace oomtrace::metrics
{

// Whose a victim was, as Metric::victims tells them apart. Empty: not known, or there is none. A unit stands only where there
// is neither pod nor container: theirs is made for them alone ("cri-containerd-<id>.scope") and says no more than they do.
struct VictimLabels {
    std::string pod_namespace, pod, container, unit;
    bool operator==(const VictimLabels &) const = default;
};

VictimLabels victim_labels(const CgroupIdentity &identity);

} // namespace oomtrace::metrics
