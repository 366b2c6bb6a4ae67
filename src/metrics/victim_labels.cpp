// SPDX-License-Identifier: Apache-2.0
#include "metrics/victim_labels.h"

namespace oomtrace::metrics
{

namespace
{

constexpr std::size_t short_id = 12; // digits, as every container tool shortens it

std::string container_label(const CgroupIdentity &identity)
{
    if (identity.container_name)
        return *identity.container_name;
    if (identity.container_id)
        return identity.container_id->substr(0, short_id);
    return identity.machine.value_or("");
}

} // namespace

VictimLabels victim_labels(const CgroupIdentity &identity)
{
    VictimLabels labels;
    labels.pod_namespace = identity.pod_namespace.value_or("");
    labels.pod = identity.pod_name.value_or(identity.pod_uid.value_or(""));
    labels.container = container_label(identity);
    if (labels.pod.empty() && labels.container.empty())
        labels.unit = identity.systemd_user_unit.value_or(identity.systemd_unit.value_or(""));
    return labels;
}

} // namespace oomtrace::metrics
