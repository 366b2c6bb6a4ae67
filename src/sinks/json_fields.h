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
#include "sinks/json_writer.h"

namespace oomtrace
{

// What these return is added at once: it looks into what it is made of.
JsonBytes json_text(std::string_view bytes);                                      // an empty string stays one
std::optional<JsonBytes> json_text_or_null(std::string_view bytes);               // empty: not known
std::optional<JsonBytes> json_optional_text(const std::optional<std::string> &s); // an empty string in the optional stays one
std::vector<JsonBytes> json_texts(const std::vector<std::string> &strings);
std::optional<JsonAddress> json_address_or_null(std::uint64_t address); // 0: not known
std::optional<std::uint64_t> json_nonzero_or_null(std::uint64_t value); // for values of which 0 is never true

template <typename T>
std::optional<T> json_if(bool known, const T &value)
{
    return known ? std::optional(value) : std::nullopt;
}

// An enum whose value `unknown` is null in JSON.
template <typename Enum>
std::optional<std::string_view> json_name_or_null(Enum value)
{
    return json_if(value != Enum::unknown, name_of(value));
}

template <typename T>
void add_array_or_null(JsonWriter &out, std::string_view key, const std::vector<T> &values) // empty: not known
{
    if (values.empty())
        out.add(key, nullptr);
    else
        out.add(key, values);
}

// container, pod, systemd and machine; each null where nothing of it is known.
void add_cgroup_identity(JsonWriter &out, const CgroupIdentity &identity);
// pid ... threads, then the cgroup under `cgroup_key`.
void add_process(JsonWriter &out, const Process &process, std::string_view cgroup_key);
// total_vm_bytes ... mm; each null where `memory` is null or not known.
void add_process_memory(JsonWriter &out, const ProcessMemory *memory);

} // namespace oomtrace
