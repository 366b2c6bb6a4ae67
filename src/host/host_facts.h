// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

#include "oomtrace/wire_record.h"

namespace oomtrace
{

// The WIRE_HOST record that opens every stream: host, boot, kernel, clocks, cgroup version. Left to the caller: the header's
// time, attach_method and method_note. A fact that cannot be read stays empty or 0; texts that do not fit are cut.
wire_host read_host_facts(std::string_view tracer_version, const std::filesystem::path &root = "/");

// Calls it `name` instead, cut where it does not fit.
void set_hostname(wire_host &host, std::string_view name);

} // namespace oomtrace
