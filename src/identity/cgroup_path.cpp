// SPDX-License-Identifier: Apache-2.0
#include "identity/cgroup_path.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "identity/systemd_path.h"

namespace oomtrace
{
namespace
{

bool is_hex(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_uuid(std::string_view text)
{
    constexpr std::string_view shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    return text.size() == shape.size() && std::ranges::equal(text, shape, [](char c, char wanted) {
               return wanted == '-' ? c == '-' : is_hex(std::string_view(&c, 1));
           });
}

std::optional<std::string_view> without_prefix(std::string_view text, std::string_view prefix)
{
    return text.starts_with(prefix) ? std::optional(text.substr(prefix.size())) : std::nullopt;
}

std::string_view without_suffix(std::string_view text, std::string_view suffix)
{
    return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}

struct Container {
    std::optional<std::string> runtime; // a bare id does not say
    std::string id;
};

struct RuntimePrefix {
    std::string_view prefix, runtime;
};
// What the runtimes put before the id; conmon's cgroups ("crio-conmon-", "libpod-conmon-") hold the monitor of a container and
// are no container, which the length of what follows the prefix tells.
constexpr std::array<RuntimePrefix, 6> runtime_prefixes{{
    {"docker-", "docker"},
    {"cri-containerd-", "containerd"},
    {"nerdctl-", "containerd"},
    {"crio-", "cri-o"},
    {"libpod-payload-", "podman"},
    {"libpod-", "podman"},
}};

// "docker-<id>.scope" of the systemd driver, "crio-<id>" of cgroupfs.
std::optional<Container> named_container(std::string_view part)
{
    const std::string_view stem = without_suffix(part, ".scope");
    for (const RuntimePrefix &row : runtime_prefixes) {
        const auto id = without_prefix(stem, row.prefix);
        if (id && is_container_id(*id)) {
            return Container{std::string(row.runtime), std::string(*id)};
        }
    }
    return std::nullopt;
}

struct Pod {
    std::optional<std::string> uid, qos_class;
};

// "Burstable" for burstable: the names of the API.
std::optional<std::string_view> qos_class_of(std::string_view folder)
{
    if (folder == "burstable") {
        return "Burstable";
    }
    return folder == "besteffort" ? std::optional<std::string_view>("BestEffort") : std::nullopt;
}

// The rest of a slice's name behind the kubelet's root: "-burstable-pod0f1e_...": of one pod, or of one class.
std::optional<Pod> pod_of_slice(std::string_view rest)
{
    Pod pod;
    for (const std::string_view folder : {"-burstable", "-besteffort"}) {
        if (const auto behind = without_prefix(rest, folder)) {
            pod.qos_class = qos_class_of(folder.substr(1));
            rest = *behind;
            break;
        }
    }
    if (rest.empty()) {
        return pod.qos_class ? std::optional(pod) : std::nullopt;
    }
    const auto escaped = without_prefix(rest, "-pod");
    if (!escaped) {
        return std::nullopt;
    }
    // systemd takes a dash for a level of its own, so the kubelet writes an underscore.
    std::string uid(*escaped);
    if (uid.find('-') != std::string::npos) {
        return std::nullopt;
    }
    std::ranges::replace(uid, '_', '-');
    if (!is_pod_uid(uid)) {
        return std::nullopt;
    }
    pod.uid = std::move(uid);
    if (!pod.qos_class) {
        pod.qos_class = "Guaranteed";
    }
    return pod;
}

class PathReader
{
  public:
    explicit PathReader(const std::vector<std::string_view> &parts) : parts_(parts) {}

    CgroupIdentity read()
    {
        while (at_ < parts_.size() && !in_pods_container_) {
            if (!kubernetes() && !nomad() && !machine() && !container()) {
                ++at_;
            }
        }
        return found_;
    }

  private:
    [[nodiscard]] std::string_view part(std::size_t ahead = 0) const
    {
        return at_ + ahead < parts_.size() ? parts_[at_ + ahead] : std::string_view{};
    }

    void enter(const Container &container)
    {
        found_.container_runtime = container.runtime;
        found_.container_id = container.id;
        found_.container_name.reset();
    }

    void enter(const Pod &pod)
    {
        found_.container_runtime.reset();
        found_.container_id.reset();
        found_.container_name.reset();
        found_.pod_uid = pod.uid;
        found_.pod_qos_class = pod.qos_class;
    }

    // Behind the part that names a pod: its container, if there is one.
    void pods_container()
    {
        const auto named = named_container(part());
        if (named) {
            enter(*named);
        } else if (is_container_id(part())) {
            enter(Container{std::nullopt, std::string(part())});
        } else {
            return;
        }
        ++at_;
        in_pods_container_ = true;
    }

    bool kubernetes() { return kubelet_by_cgroupfs() || kubelet_by_systemd() || kubelet_by_systemd_runtime_by_cgroupfs(); }

    // /kubepods[/burstable|/besteffort]/pod<uid>/<id>
    bool kubelet_by_cgroupfs()
    {
        if (part() != "kubepods") {
            return false;
        }
        ++at_;
        Pod pod;
        if (const auto qos = qos_class_of(part())) {
            pod.qos_class = *qos;
            ++at_;
            enter(pod);
        }
        const auto uid = without_prefix(part(), "pod");
        if (!uid || !is_pod_uid(*uid)) {
            return true;
        }
        ++at_;
        pod.uid = *uid;
        pod.qos_class = pod.qos_class.value_or("Guaranteed");
        enter(pod);
        pods_container();
        return true;
    }

    // /kubepods.slice[/kubepods-burstable.slice]/kubepods-burstable-pod<uid>.slice/<runtime>-<id>.scope; below a root of the
    // kubelet's own (kind's is /kubelet) each name has the names above it in front: kubelet-kubepods.slice.
    bool kubelet_by_systemd()
    {
        if (part() != "kubepods.slice" && !part().ends_with("-kubepods.slice")) {
            return false;
        }
        const std::string_view root = without_suffix(part(), ".slice");
        ++at_;
        std::string_view above = root;
        // Each slice extends the name of the one above it: anything else is not the kubelet's.
        while (part().ends_with(".slice") && part().starts_with(above) && part().size() > above.size() &&
               part()[above.size()] == '-') {
            const std::string_view name = without_suffix(part(), ".slice");
            const auto pod = pod_of_slice(name.substr(root.size()));
            if (!pod) {
                break;
            }
            enter(*pod);
            above = name;
            ++at_;
            if (pod->uid) {
                pods_container();
                break;
            }
        }
        return true;
    }

    // kubepods-burstable-pod<uid>.slice:cri-containerd:<id>: the kubelet uses systemd and hands its name for the cgroup to a
    // runtime that uses cgroupfs and makes one directory of it.
    bool kubelet_by_systemd_runtime_by_cgroupfs()
    {
        const std::size_t first = part().find(':');
        const std::size_t second = first == std::string_view::npos ? first : part().find(':', first + 1);
        if (second == std::string_view::npos) {
            return false;
        }
        std::string_view slice = part().substr(0, first);
        const std::size_t root = slice.rfind("kubepods-");
        if (!slice.ends_with(".slice") || root == std::string_view::npos || (root != 0 && slice[root - 1] != '-')) {
            return false;
        }
        slice = without_suffix(slice.substr(root + std::string_view("kubepods").size()), ".slice");
        const auto pod = pod_of_slice(slice);
        const auto named = named_container(std::string(part().substr(first + 1, second - first - 1)) + "-" +
                                           std::string(part().substr(second + 1)));
        if (!pod || !pod->uid || !named) {
            return false;
        }
        enter(*pod);
        enter(*named);
        ++at_;
        in_pods_container_ = true;
        return true;
    }

    // /nomad.slice/share.slice/<allocation>.<task>.scope, /nomad/<allocation>.<task>: the allocation is a UUID.
    bool nomad()
    {
        constexpr std::size_t uuid_length = 36;
        if (part() != "nomad.slice" && part() != "nomad") {
            return false;
        }
        ++at_;
        for (const std::string_view partition : {"share", "reserve"}) {
            if (without_suffix(part(), ".slice") == partition) {
                ++at_;
                break;
            }
        }
        const std::string_view name = without_suffix(part(), ".scope");
        if (name.size() > uuid_length + 1 && name[uuid_length] == '.' && is_uuid(name.substr(0, uuid_length))) {
            enter(Container{"nomad", std::string(name.substr(0, uuid_length))});
            found_.container_name = std::string(name.substr(uuid_length + 1));
            ++at_;
        }
        return true;
    }

    void enter_machine(std::optional<std::string> runtime, std::string_view name)
    {
        found_ = {};
        found_.container_runtime = std::move(runtime);
        found_.machine = std::string(name);
        ++at_;
        machine_ended_ = at_;
    }

    bool machine()
    {
        // lxc.monitor.NAME holds what watches the container.
        if (part().starts_with("lxc.payload.") || part() == "lxc.payload") {
            const bool dotted = part() != "lxc.payload";
            const std::string_view name = dotted ? part().substr(std::string_view("lxc.payload.").size()) : part(1);
            if (is_machine_name(name)) {
                at_ += dotted ? 0 : 1;
                enter_machine("lxc", name);
                return true;
            }
        }
        // Until LXC 3: /lxc/NAME, in a container of its own again (Proxmox puts the inside into NAME/ns).
        const bool at_a_root = at_ == 0 || at_ == machine_ended_ || (at_ == machine_ended_ + 1 && parts_[at_ - 1] == "ns");
        if (part() == "lxc" && at_a_root && is_machine_name(part(1))) {
            ++at_;
            enter_machine("lxc", part());
            return true;
        }
        if (at_ == 0 || parts_[at_ - 1] != "machine.slice") {
            return false;
        }
        if (const auto instance = without_prefix(part(), "systemd-nspawn@"); instance && part().ends_with(".service")) {
            const auto name = unescape_unit(without_suffix(*instance, ".service"));
            if (name && is_machine_name(*name)) {
                enter_machine("systemd-nspawn", *name);
                return true;
            }
        }
        // Any that is registered as a machine: nspawn's or a hypervisor's, which the name does not tell.
        if (const auto escaped = without_prefix(part(), "machine-"); escaped && part().ends_with(".scope")) {
            const auto name = unescape_unit(without_suffix(*escaped, ".scope"));
            if (name && is_machine_name(*name)) {
                enter_machine(std::nullopt, *name);
                return true;
            }
        }
        return false;
    }

    bool container()
    {
        if (part() == "docker" && is_container_id(part(1))) {
            ++at_;
            enter(Container{"docker", std::string(part())});
            ++at_;
            return true;
        }
        // Podman's pods: /libpod_parent/<id> of the cgroupfs driver; machine-libpod_pod_<id>.slice of systemd's, and
        // user-libpod_pod_<id>.slice of one that runs without root.
        if (part() == "libpod_parent" && is_container_id(part(1))) {
            enter(Pod{std::string(part(1)), std::nullopt});
            at_ += 2;
            return true;
        }
        if (const std::size_t pod = part().find("libpod_pod_"); pod != std::string_view::npos && part().ends_with(".slice")) {
            const std::string_view id = without_suffix(part().substr(pod + std::string_view("libpod_pod_").size()), ".slice");
            if (is_container_id(id) && (pod == 0 || part()[pod - 1] == '-')) {
                enter(Pod{std::string(id), std::nullopt});
                ++at_;
                return true;
            }
        }
        if (const auto named = named_container(part())) {
            enter(*named);
            ++at_;
            return true;
        }
        // Below a folder of anybody's, an id that says nothing more: /<namespace>/<id> of containerd, Docker's --cgroup-parent.
        if (at_ != 0 && found_ == CgroupIdentity{} && is_container_id(part())) {
            enter(Container{std::nullopt, std::string(part())});
            ++at_;
            return true;
        }
        return false;
    }

    const std::vector<std::string_view> &parts_;
    std::size_t at_ = 0;
    std::size_t machine_ended_ = 0; // the part behind the innermost machine's
    bool in_pods_container_ = false;
    CgroupIdentity found_;
};

} // namespace

bool is_container_id(std::string_view text)
{
    return text.size() == 64 && is_hex(text);
}

bool is_pod_uid(std::string_view text)
{
    return is_uuid(text) || (text.size() == 32 && is_hex(text));
}

CgroupIdentity identify_cgroup(std::string_view path)
{
    if (!path.starts_with('/')) {
        return {};
    }
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::string_view part = path.substr(0, path.find('/'));
        if (!part.empty()) {
            parts.push_back(part);
        }
        path.remove_prefix(part.size());
    }
    CgroupIdentity identity = PathReader(parts).read();
    set_systemd_parts(parts, identity);
    return identity;
}

} // namespace oomtrace
