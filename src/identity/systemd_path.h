// SPDX-License-Identifier: Apache-2.0
//
// systemd_path.h: the slices, units and sessions in a cgroup path, as systemd.slice(5) and systemd.unit(5) name them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oomtrace/incident.h"

namespace oomtrace
{

// Sets the systemd_ fields from the parts of a path. Nothing behind the unit counts: it is the unit's own, be it a container
// with a systemd of its own; only a user's manager (user@UID.service in that user's slice) is followed.
void set_systemd_parts(const std::vector<std::string_view> &parts, CgroupIdentity &identity);

// "db-1" from "db\x2d1". A dash stays one: in the names that are unescaped here none stands for a slash. Absent: a backslash
// that begins no escape.
std::optional<std::string> unescape_unit(std::string_view text);

// Of an LXC container or a registered machine: letters, digits, and "-_.", at most 64 (the kernel's HOST_NAME_MAX).
bool is_machine_name(std::string_view text);

} // namespace oomtrace
