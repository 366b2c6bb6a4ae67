// SPDX-License-Identifier: Apache-2.0
//
// json_fields.h: how single values become JSON. What is not known is null.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oomtrace/incident.h"
#include "sinks/json_value.h"

namespace oomtrace
{

Json json_text(std::string_view bytes);                       // escaped; an empty string stays one
Json json_text_or_null(std::string_view bytes);               // empty: not known
Json json_optional_text(const std::optional<std::string> &s); // an empty string in the optional stays one
Json json_texts(const std::vector<std::string> &strings);     // an array
Json json_address(std::uint64_t address);                     // "0xffffffff81200f1c"
Json json_address_or_null(std::uint64_t address);             // 0: not known
Json json_nonzero_or_null(std::uint64_t value);               // for values of which 0 is never true

template <typename T>
Json json_or_null(const std::optional<T> &value)
{
    return value ? Json(*value) : Json(nullptr);
}

template <typename T>
Json json_array_or_null(const std::vector<T> &values) // empty: not known
{
    return values.empty() ? Json(nullptr) : Json(values);
}

// container, pod, systemd and machine; each null where nothing of it is known.
void add_cgroup_identity(Json &object, const CgroupIdentity &identity);
// pid ... threads, then the cgroup under `cgroup_key`.
void add_process(Json &object, const Process &process, std::string_view cgroup_key);
// total_vm_bytes ... mm; each null where `memory` is null or not known.
void add_process_memory(Json &object, const ProcessMemory *memory);

} // namespace oomtrace
