// SPDX-License-Identifier: Apache-2.0
#include "identity/incident_paths.h"

#include <optional>
#include <string>

#include "identity/cgroup_path.h"

namespace oomtrace
{

bool identify_by_paths(Incident &incident)
{
    bool any = false;
    const auto identify = [&](const std::optional<std::string> &path, CgroupIdentity &identity) {
        if (path) {
            identity = identify_cgroup(*path);
            any = any || identity != CgroupIdentity{};
        }
    };
    identify(incident.trigger.process.cgroup, incident.trigger.cgroup_identity);
    identify(incident.memcg.path, incident.memcg.identity);
    if (incident.victim) {
        identify(incident.victim->process.cgroup, incident.victim->cgroup_identity);
    }
    return any;
}

} // namespace oomtrace
