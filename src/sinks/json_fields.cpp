// SPDX-License-Identifier: Apache-2.0
#include "sinks/json_fields.h"

#include <fmt/format.h>

#include "sinks/known.h"
#include "sinks/text_escape.h"

namespace oomtrace
{

Json json_text(std::string_view bytes)
{
    return escape_text(bytes);
}

Json json_text_or_null(std::string_view bytes)
{
    return bytes.empty() ? Json(nullptr) : json_text(bytes);
}

Json json_optional_text(const std::optional<std::string> &s)
{
    return s ? json_text(*s) : Json(nullptr);
}

Json json_texts(const std::vector<std::string> &strings)
{
    Json array = Json::array();
    for (const std::string &string : strings)
        array.push_back(json_text(string));
    return array;
}

Json json_address(std::uint64_t address)
{
    return fmt::format("{:#x}", address);
}

Json json_address_or_null(std::uint64_t address)
{
    return address == 0 ? Json(nullptr) : json_address(address);
}

Json json_nonzero_or_null(std::uint64_t value)
{
    return value == 0 ? Json(nullptr) : Json(value);
}

void add_process(Json &object, const Process &process, std::string_view cgroup_key)
{
    object["pid"] = process.pid;
    object["tgid"] = process.tgid;
    object["ppid"] = process.ppid;
    object["uid"] = process.uid;
    object["comm"] = json_text(process.comm);
    object["start_boottime_ns"] = json_nonzero_or_null(process.start_boottime_ns);
    object["oom_score_adj"] = process.oom_score_adj;
    object["threads"] = json_nonzero_or_null(process.threads);
    object[std::string(cgroup_key)] = json_optional_text(process.cgroup);
}

void add_process_memory(Json &object, const ProcessMemory *memory)
{
    const bool known = memory != nullptr && is_known(*memory);
    const auto field = [&](const char *key, std::uint64_t ProcessMemory::*member) {
        object[key] = known ? Json(memory->*member) : Json(nullptr);
    };
    field("total_vm_bytes", &ProcessMemory::total_vm_bytes);
    field("rss_anon_bytes", &ProcessMemory::rss_anon_bytes);
    field("rss_file_bytes", &ProcessMemory::rss_file_bytes);
    field("rss_shmem_bytes", &ProcessMemory::rss_shmem_bytes);
    field("swap_bytes", &ProcessMemory::swap_bytes);
    field("pgtables_bytes", &ProcessMemory::pgtables_bytes);
    object["mm"] = known ? json_address_or_null(memory->mm) : Json(nullptr);
}

} // namespace oomtrace
