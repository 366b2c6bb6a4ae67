// SPDX-License-Identifier: Apache-2.0
//
// json_line.h: the message of a log record that is written as JSON: one object on a line (journalctl -o json, docker), or one
// member on a line (dmesg --json). Not a JSON parser: what it does not know it passes over, and it allocates only to unescape.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oomtrace::kernel_log
{

struct JsonRecord {
    std::optional<std::string_view> message; // absent: a line with other members only
    std::optional<std::uint64_t> monotonic_ns;
    std::optional<std::int64_t> realtime_ns;
    std::string_view host;
    std::optional<bool> kernel; // who speaks, where the record says so
};

// Nothing: the line is not of this kind. The views point into `line` or `scratch`.
std::optional<JsonRecord> read_json_line(std::string_view line, std::string &scratch);

} // namespace oomtrace::kernel_log
