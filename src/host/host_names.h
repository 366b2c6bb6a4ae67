// SPDX-License-Identifier: Apache-2.0
//
// host_names.h: what files on the host call a container and its pod, with no API and no token: the kubelet's logs, Docker's
// state, containers-storage's (Podman).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "host/host_tree.h"
#include "oomtrace/incident.h"

namespace oomtrace
{

struct FoundNames {
    std::optional<std::string> container_runtime; // where the path did not say it
    std::optional<std::string> container_name, pod_name, pod_namespace;
    std::string note; // what was found and not believed, or could not be read; empty otherwise
    bool operator==(const FoundNames &) const = default;
};

// Only names that a file gives to exactly this container id or pod uid, in the characters that their makers allow. Of a
// container in a user's slice only that user's own files are asked: what it is called in root's is another container.
class HostNames
{
  public:
    explicit HostNames(const std::filesystem::path &root = "/") : host_(root) {}

    [[nodiscard]] FoundNames find(const CgroupIdentity &identity) const;

  private:
    void find_pod(const CgroupIdentity &identity, FoundNames &found) const;
    void find_pods_container(const std::string &id, FoundNames &found) const;
    void find_docker_name(const std::string &id, FoundNames &found) const;
    void find_runtime(const std::string &id, FoundNames &found) const;
    void find_podman_name(const std::string &id, std::optional<std::uint32_t> owner, FoundNames &found) const;
    [[nodiscard]] std::optional<std::string> home_of(std::uint32_t uid, FoundNames &found) const;
    // See HostTree; an error is noted.
    [[nodiscard]] std::optional<std::string> read(const std::string &path, std::size_t most_bytes,
                                                  std::optional<std::uint32_t> owner, FoundNames &found) const;

    HostTree host_;
};

} // namespace oomtrace
