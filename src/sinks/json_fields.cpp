// SPDX-License-Identifier: Apache-2.0
#include "sinks/json_fields.h"

#include "sinks/known.h"

namespace oomtrace
{

JsonBytes json_text(std::string_view bytes)
{
    return {bytes};
}

std::optional<JsonBytes> json_text_or_null(std::string_view bytes)
{
    return json_if(!bytes.empty(), json_text(bytes));
}

std::optional<JsonBytes> json_optional_text(const std::optional<std::string> &s)
{
    return s ? std::optional(json_text(*s)) : std::nullopt;
}

std::vector<JsonBytes> json_texts(const std::vector<std::string> &strings)
{
    std::vector<JsonBytes> texts;
    texts.reserve(strings.size());
    for (const std::string &string : strings)
        texts.push_back(json_text(string));
    return texts;
}

std::optional<JsonAddress> json_address_or_null(std::uint64_t address)
{
    return json_if(address != 0, JsonAddress{address});
}

std::optional<std::uint64_t> json_nonzero_or_null(std::uint64_t value)
{
    return json_if(value != 0, value);
}

void add_cgroup_identity(JsonWriter &out, const CgroupIdentity &identity)
{
    const auto add_group = [&](std::string_view key, bool any_known, const auto &add_members) {
        if (any_known)
            out.add_object(key, add_members);
        else
            out.add(key, nullptr);
    };
    add_group("container", identity.container_runtime || identity.container_id || identity.container_name, [&] {
        out.add("runtime", json_optional_text(identity.container_runtime));
        out.add("id", json_optional_text(identity.container_id));
        out.add("name", json_optional_text(identity.container_name));
    });
    add_group("pod", identity.pod_uid || identity.pod_name || identity.pod_namespace || identity.pod_qos_class, [&] {
        out.add("uid", json_optional_text(identity.pod_uid));
        out.add("name", json_optional_text(identity.pod_name));
        out.add("namespace", json_optional_text(identity.pod_namespace));
        out.add("qos_class", json_optional_text(identity.pod_qos_class));
    });
    add_group("systemd", identity.systemd_slice || identity.systemd_unit || identity.systemd_owner_uid, [&] {
        out.add("slice", json_optional_text(identity.systemd_slice));
        out.add("unit", json_optional_text(identity.systemd_unit));
        out.add("user_unit", json_optional_text(identity.systemd_user_unit));
        out.add("session", json_optional_text(identity.systemd_session));
        out.add("owner_uid", identity.systemd_owner_uid);
    });
    out.add("machine", json_optional_text(identity.machine));
}

void add_process(JsonWriter &out, const Process &process, std::string_view cgroup_key)
{
    out.add("pid", json_nonzero_or_null(process.pid));
    out.add("tgid", json_nonzero_or_null(process.tgid));
    out.add("ppid", process.ppid);
    out.add("uid", process.uid);
    out.add("comm", json_text(process.comm));
    out.add("start_boottime_ns", json_nonzero_or_null(process.start_boottime_ns));
    out.add("oom_score_adj", json_if(process.oom_score_adj_known, process.oom_score_adj));
    out.add("oom_adj", process.oom_adj);
    out.add("threads", json_nonzero_or_null(process.threads));
    out.add(cgroup_key, json_optional_text(process.cgroup));
}

void add_process_memory(JsonWriter &out, const ProcessMemory *memory)
{
    const bool known = memory != nullptr && is_known(*memory);
    const ProcessMemory::Unknown unknown = known ? memory->unknown : ProcessMemory::Unknown{};
    const auto add = [&](std::string_view key, std::uint64_t ProcessMemory::*member, bool missing) {
        out.add(key, known && !missing ? std::optional(memory->*member) : std::nullopt);
    };
    add("total_vm_bytes", &ProcessMemory::total_vm_bytes, unknown.total_vm);
    out.add("rss_bytes", known && rss_known(*memory) ? std::optional(memory->rss_bytes()) : std::nullopt);
    add("rss_anon_bytes", &ProcessMemory::rss_anon_bytes, unknown.rss_parts);
    add("rss_file_bytes", &ProcessMemory::rss_file_bytes, unknown.rss_parts);
    add("rss_shmem_bytes", &ProcessMemory::rss_shmem_bytes, unknown.rss_parts || unknown.rss_shmem);
    add("swap_bytes", &ProcessMemory::swap_bytes, unknown.swap);
    add("pgtables_bytes", &ProcessMemory::pgtables_bytes, unknown.pgtables);
    out.add("mm", known ? json_address_or_null(memory->mm) : std::nullopt);
}

} // namespace oomtrace
