// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/owner.h"

#include <fmt/format.h>

#include "sinks/terminal/safe_text.h"

namespace oomtrace::terminal
{

namespace
{

constexpr std::size_t id_digits = 12; // as the runtimes' own tools show them

std::string pod_text(const CgroupIdentity &cgroup)
{
    if (!cgroup.pod_uid && !cgroup.pod_name)
        return "";
    std::string text = "pod ";
    if (cgroup.pod_name)
        text += (cgroup.pod_namespace ? safe_text(*cgroup.pod_namespace) + "/" : "") + safe_text(*cgroup.pod_name);
    else
        text += safe_text(*cgroup.pod_uid);
    return text + (cgroup.pod_qos_class ? fmt::format(" ({})", safe_text(*cgroup.pod_qos_class)) : "");
}

std::string container_text(const CgroupIdentity &cgroup)
{
    if (!cgroup.container_id && !cgroup.container_name)
        return "";
    std::string which = cgroup.container_runtime ? safe_text(*cgroup.container_runtime) : "";
    if (cgroup.container_id)
        which += (which.empty() ? "" : " ") + safe_text(cgroup.container_id->substr(0, id_digits));
    if (!cgroup.container_name)
        return "container " + which;
    return fmt::format("container {}{}", safe_text(*cgroup.container_name), which.empty() ? "" : " (" + which + ")");
}

std::string unit_text(const CgroupIdentity &cgroup)
{
    // A container's unit repeats its id.
    if (!cgroup.systemd_unit || cgroup.container_id)
        return "";
    const std::string owner =
        cgroup.systemd_owner_uid ? fmt::format(" of the user with uid {}", *cgroup.systemd_owner_uid) : "";
    if (cgroup.systemd_session)
        return fmt::format("session {}{}", safe_text(*cgroup.systemd_session), owner);
    if (cgroup.systemd_user_unit)
        return fmt::format("unit {}{}", safe_text(*cgroup.systemd_user_unit), owner);
    return fmt::format("unit {}", safe_text(*cgroup.systemd_unit));
}

} // namespace

std::string owner_text(const ProcessIdentity &process, const CgroupIdentity &cgroup)
{
    std::string text;
    const auto add = [&](const std::string &part) {
        if (!part.empty())
            text += (text.empty() ? "" : ", ") + part;
    };
    add(pod_text(cgroup));
    add(container_text(cgroup));
    if (cgroup.machine)
        add("machine " + safe_text(*cgroup.machine));
    else
        add(unit_text(cgroup));
    if (process.cmdline)
        add("command " + safe_text(*process.cmdline));
    else if (process.exe)
        add("program " + safe_text(*process.exe));
    return text;
}

} // namespace oomtrace::terminal
