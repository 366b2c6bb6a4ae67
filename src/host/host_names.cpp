// SPDX-License-Identifier: Apache-2.0
#include "host/host_names.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "host/json_strings.h"
#include "host/proc_file.h"

namespace oomtrace
{

namespace
{

constexpr std::size_t most_pods = 65536; // far beyond what a kubelet takes; so many directory entries are read in milliseconds
constexpr std::size_t most_namespaces = 256; // of containerd: a few in practice
constexpr std::size_t most_docker_bytes = 1U << 20;
constexpr std::size_t most_storage_bytes = 4U << 20;
constexpr std::size_t most_passwd_bytes = 1U << 20;

bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// A label or a subdomain of RFC 1123, as Kubernetes takes it.
bool is_kubernetes_name(std::string_view name)
{
    return !name.empty() && name.size() <= 253 && is_lower_or_digit(name.front()) && is_lower_or_digit(name.back()) &&
           std::ranges::all_of(name, [](char c) { return is_lower_or_digit(c) || c == '-' || c == '.'; });
}

// Docker's and Podman's own rule.
bool is_container_name(std::string_view name)
{
    const auto plain = [](char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); };
    return !name.empty() && name.size() <= 253 && plain(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return plain(c) || c == '_' || c == '.' || c == '-'; });
}

// "a_b_c" in its three parts; none of the names that Kubernetes allows has an underscore.
std::optional<std::array<std::string_view, 3>> three_parts(std::string_view text)
{
    const std::size_t first = text.find('_');
    const std::size_t second = first == std::string_view::npos ? first : text.find('_', first + 1);
    if (second == std::string_view::npos || text.find('_', second + 1) != std::string_view::npos)
        return std::nullopt;
    return std::array{text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)};
}

void add_note(FoundNames &found, std::string_view note)
{
    found.note.append(found.note.empty() ? "" : ", ").append(note);
}

// Whatever kept it from being had, once: the lists of one storage have it in common.
void note_refusal(FoundNames &found, const Error &error)
{
    if (found.note.empty())
        add_note(found, "cannot " + error.attempted + ": " + error.reason);
}

struct ListedName {
    bool whole = false; // the list can be read to its end
    std::optional<std::string> name;
};

// containers-storage's list: [{"id": "...", "names": ["web"], ...}, ...], id and names in any order.
ListedName name_in_storage(std::string_view text, std::string_view id)
{
    ListedName listed;
    std::optional<std::string> its_name;
    bool its = false, found_it = false;
    std::size_t entry = 0;
    const auto end_of_entry = [&] {
        if (its && !found_it) {
            found_it = true;
            listed.name = its_name;
        }
        its = false;
        its_name.reset();
    };
    listed.whole = for_each_json_string(text, [&](const JsonPlace &place, std::string_view value) {
        if (place.entry != entry) {
            end_of_entry();
            entry = place.entry;
        }
        if (place.depth == 2 && !place.in_array && place.key == "id")
            its = value == id;
        else if (place.depth == 3 && place.in_array && place.key == "names" && !its_name)
            its_name = value;
    });
    end_of_entry();
    return listed;
}

} // namespace

std::optional<std::string> HostNames::read(const std::string &path, std::size_t most_bytes, std::optional<std::uint32_t> owner,
                                           FoundNames &found) const
{
    auto text = host_.read(path, most_bytes, owner);
    if (text)
        return std::move(*text);
    note_refusal(found, text.error());
    return std::nullopt;
}

FoundNames HostNames::find(const CgroupIdentity &identity) const
{
    FoundNames found;
    std::optional<std::string> runtime = identity.container_runtime;
    if (identity.systemd_owner_uid) {
        if (runtime == "podman" && identity.container_id)
            find_podman_name(*identity.container_id, identity.systemd_owner_uid, found);
        return found;
    }
    if (identity.container_id && !runtime) {
        find_runtime(*identity.container_id, found);
        runtime = found.container_runtime;
    }
    if (identity.pod_uid && runtime != "podman") {
        find_pod(identity, found);
    } else if (identity.container_id && runtime == "docker") {
        find_docker_name(*identity.container_id, found);
    } else if (identity.container_id && runtime == "podman") {
        find_podman_name(*identity.container_id, std::nullopt, found);
    }
    return found;
}

// /var/log/pods/<namespace>_<pod>_<uid>/
void HostNames::find_pod(const CgroupIdentity &identity, FoundNames &found) const
{
    const std::string ending = "_" + *identity.pod_uid;
    bool contradiction = false;
    const auto listed = host_.list("/var/log/pods", most_pods, [&](std::string_view name) {
        const auto parts = name.ends_with(ending) ? three_parts(name) : std::nullopt;
        if (!parts || !is_kubernetes_name((*parts)[0]) || !is_kubernetes_name((*parts)[1]))
            return true;
        contradiction = found.pod_name.has_value();
        found.pod_namespace = std::string((*parts)[0]);
        found.pod_name = std::string((*parts)[1]);
        return !contradiction;
    });
    if (!listed)
        note_refusal(found, listed.error());
    if (contradiction) {
        found.pod_name.reset();
        found.pod_namespace.reset();
        add_note(found, "/var/log/pods has two pods of its uid");
    }
    if (identity.container_id)
        find_pods_container(*identity.container_id, found);
}

// /var/log/containers/<pod>_<namespace>_<container>-<id>.log
void HostNames::find_pods_container(const std::string &id, FoundNames &found) const
{
    const std::string ending = "-" + id + ".log";
    bool contradiction = false;
    const auto listed = host_.list("/var/log/containers", most_pods, [&](std::string_view name) {
        if (!name.ends_with(ending))
            return true;
        const auto parts = three_parts(name.substr(0, name.size() - ending.size()));
        if (!parts || !std::ranges::all_of(*parts, is_kubernetes_name))
            return true;
        // The uid has told of the pod; a container of another one is not this one.
        contradiction = found.container_name.has_value() || (found.pod_name && *found.pod_name != (*parts)[0]) ||
                        (found.pod_namespace && *found.pod_namespace != (*parts)[1]);
        found.container_name = std::string((*parts)[2]);
        return !contradiction;
    });
    if (!listed)
        note_refusal(found, listed.error());
    if (contradiction) {
        found.container_name.reset();
        add_note(found, "/var/log/containers has its id with other names");
    }
}

void HostNames::find_docker_name(const std::string &id, FoundNames &found) const
{
    const auto text = read("/var/lib/docker/containers/" + id + "/config.v2.json", most_docker_bytes, std::nullopt, found);
    if (!text)
        return;
    std::optional<std::string> its_id, name;
    const bool whole = for_each_json_string(*text, [&](const JsonPlace &place, std::string_view value) {
        if (place.depth != 1 || place.in_array)
            return;
        if (place.key == "ID")
            its_id = value;
        else if (place.key == "Name")
            name = value;
    });
    if (name && name->starts_with('/'))
        name->erase(0, 1);
    if (whole && its_id == id && name && is_container_name(*name))
        found.container_name = std::move(*name);
    else
        add_note(found, "Docker's state of it could not be understood");
}

// Of a container whose path has only its id.
void HostNames::find_runtime(const std::string &id, FoundNames &found) const
{
    // First: Docker may have its containers run by this containerd, in a namespace of it.
    if (host_.is_directory("/var/lib/docker/containers/" + id)) {
        found.container_runtime = "docker";
        return;
    }
    const std::string tasks = "/run/containerd/io.containerd.runtime.v2.task";
    const auto listed = host_.list(tasks, most_namespaces, [&](std::string_view name) {
        if (!host_.is_directory(tasks + "/" + std::string(name) + "/" + id))
            return true;
        found.container_runtime = "containerd";
        return false;
    });
    if (!listed)
        note_refusal(found, listed.error());
}

void HostNames::find_podman_name(const std::string &id, std::optional<std::uint32_t> owner, FoundNames &found) const
{
    std::string storage = "/var/lib/containers/storage", run = "/run/containers/storage";
    if (owner && *owner != 0) {
        const auto home = home_of(*owner, found);
        if (!home)
            return;
        storage = *home + "/.local/share/containers/storage";
        run = "/run/user/" + std::to_string(*owner) + "/containers";
    }
    // Since Podman 4.4 what is run with --rm has a list of its own, and so has all of a transient store, where it lies in
    // `run`.
    const std::array<std::pair<std::string_view, const char *>, 3> lists{
        {{storage, "containers.json"}, {storage, "volatile-containers.json"}, {run, "volatile-containers.json"}}};
    for (const char *const driver : {"overlay", "vfs", "btrfs"}) {
        for (const auto &[directory, file] : lists) {
            // Of nobody else: a user cannot have another's file read in place of the own one.
            const auto text = read(std::string(directory) + "/" + driver + "-containers/" + file, most_storage_bytes,
                                   owner.value_or(0), found);
            if (!text)
                continue;
            const ListedName listed = name_in_storage(*text, id);
            if (listed.whole && listed.name && is_container_name(*listed.name)) {
                found.container_name = listed.name;
                return;
            }
            if ((!listed.whole || listed.name) && found.note.empty())
                add_note(found, "containers-storage's list could not be understood");
        }
    }
}

std::optional<std::string> HostNames::home_of(std::uint32_t uid, FoundNames &found) const
{
    const auto text = read("/etc/passwd", most_passwd_bytes, std::nullopt, found);
    std::string_view rest = text ? std::string_view(*text) : std::string_view{};
    while (!rest.empty()) {
        const std::string_view line = first_line(rest);
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        // name:password:uid:gid:comment:home:shell
        std::array<std::string_view, 7> fields;
        std::size_t count = 0;
        for (std::string_view left = line; count < fields.size();) {
            const std::size_t colon = left.find(':');
            fields[count++] = left.substr(0, colon);
            if (colon == std::string_view::npos)
                break;
            left.remove_prefix(colon + 1);
        }
        if (count == fields.size() && fields[2] == std::to_string(uid) && fields[5].starts_with('/'))
            return std::string(fields[5]);
    }
    return std::nullopt;
}

} // namespace oomtrace
