// SPDX-License-Identifier: Apache-2.0
#include "sinks/json_fields.h"

#include <utility>

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

void add_cgroup_identity(Json &object, const CgroupIdentity &identity)
{
    const auto group = [](bool any_known, Json fields) { return any_known ? std::move(fields) : Json(nullptr); };
    object["container"] = group(identity.container_runtime || identity.container_id || identity.container_name,
                                Json{{"runtime", json_optional_text(identity.container_runtime)},
                                     {"id", json_optional_text(identity.container_id)},
                                     {"name", json_optional_text(identity.container_name)}});
    object["pod"] = group(identity.pod_uid || identity.pod_name || identity.pod_namespace || identity.pod_qos_class,
                          Json{{"uid", json_optional_text(identity.pod_uid)},
                               {"name", json_optional_text(identity.pod_name)},
                               {"namespace", json_optional_text(identity.pod_namespace)},
                               {"qos_class", json_optional_text(identity.pod_qos_class)}});
    object["systemd"] = group(identity.systemd_slice || identity.systemd_unit || identity.systemd_owner_uid,
                              Json{{"slice", json_optional_text(identity.systemd_slice)},
                                   {"unit", json_optional_text(identity.systemd_unit)},
                                   {"user_unit", json_optional_text(identity.systemd_user_unit)},
                                   {"session", json_optional_text(identity.systemd_session)},
                                   {"owner_uid", json_or_null(identity.systemd_owner_uid)}});
    object["machine"] = json_optional_text(identity.machine);
}

void add_process(Json &object, const Process &process, std::string_view cgroup_key)
{
    object["pid"] = json_nonzero_or_null(process.pid);
    object["tgid"] = json_nonzero_or_null(process.tgid);
    object["ppid"] = json_or_null(process.ppid);
    object["uid"] = json_or_null(process.uid);
    object["comm"] = json_text(process.comm);
    object["start_boottime_ns"] = json_nonzero_or_null(process.start_boottime_ns);
    object["oom_score_adj"] = process.oom_score_adj_known ? Json(process.oom_score_adj) : Json(nullptr);
    object["oom_adj"] = json_or_null(process.oom_adj);
    object["threads"] = json_nonzero_or_null(process.threads);
    object[cgroup_key] = json_optional_text(process.cgroup);
}

void add_process_memory(Json &object, const ProcessMemory *memory)
{
    const bool known = memory != nullptr && is_known(*memory);
    const ProcessMemory::Unknown unknown = known ? memory->unknown : ProcessMemory::Unknown{};
    const auto field = [&](const char *key, std::uint64_t ProcessMemory::*member, bool missing) {
        object[key] = known && !missing ? Json(memory->*member) : Json(nullptr);
    };
    field("total_vm_bytes", &ProcessMemory::total_vm_bytes, unknown.total_vm);
    object["rss_bytes"] = known && rss_known(*memory) ? Json(memory->rss_bytes()) : Json(nullptr);
    field("rss_anon_bytes", &ProcessMemory::rss_anon_bytes, unknown.rss_parts);
    field("rss_file_bytes", &ProcessMemory::rss_file_bytes, unknown.rss_parts);
    field("rss_shmem_bytes", &ProcessMemory::rss_shmem_bytes, unknown.rss_parts || unknown.rss_shmem);
    field("swap_bytes", &ProcessMemory::swap_bytes, unknown.swap);
    field("pgtables_bytes", &ProcessMemory::pgtables_bytes, unknown.pgtables);
    object["mm"] = known ? json_address_or_null(memory->mm) : Json(nullptr);
}

} // namespace oomtrace
