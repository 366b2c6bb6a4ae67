// SPDX-License-Identifier: Apache-2.0
//
// cgroup_path.h: whose a cgroup is, from its path alone, as container runtimes, the kubelet, Nomad, LXC and systemd lay their
// cgroups out, on v1 and v2 and with both cgroup drivers (cgroupfs, systemd).
#pragma once

#include <string_view>

#include "oomtrace/incident.h"

namespace oomtrace
{

// `path` as the kernel prints it, from the root of the hierarchy: "/kubepods/burstable/pod.../...". Sets what the path says by
// itself, never container_name of a runtime that does not put it there, pod_name or pod_namespace.
//
// An id counts only when it is whole: 64 hex digits of a container, a UUID or a static pod's 32 hex digits of a pod. Where one
// container runs in another, the innermost counts; but what a pod's container makes below itself is its own affair. systemd's
// units are those of the host's manager and of the manager of one of its users, never of a manager inside a container.
CgroupIdentity identify_cgroup(std::string_view path);

// 64 lower-case hex digits, as every container runtime here makes them.
bool is_container_id(std::string_view text);

// A UUID in lower case, or the 32 hex digits of a static pod (the hash of its manifest).
bool is_pod_uid(std::string_view text);

} // namespace oomtrace
