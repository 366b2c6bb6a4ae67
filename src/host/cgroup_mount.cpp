// SPDX-License-Identifier: Apache-2.0
#include "host/cgroup_mount.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>
#include <mntent.h>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "host/proc_file.h"

namespace oomtrace
{

namespace
{

struct CgroupMounts {
    std::optional<std::filesystem::path> memory_v1;
    std::optional<std::filesystem::path> unified;
};

Result<CgroupMounts> read_cgroup_mounts(const std::filesystem::path &root)
{
    const auto path = under_root(root, "/proc/mounts");
    const std::unique_ptr<FILE, int (*)(FILE *)> table(::setmntent(path.c_str(), "re"), ::endmntent);
    if (!table)
        return fail_errno("open " + path.string(), errno, "is /proc mounted?");
    CgroupMounts mounts;
    mntent entry{};
    char buffer[4096];
    while (::getmntent_r(table.get(), &entry, buffer, sizeof(buffer)) != nullptr) {
        const std::string_view type = entry.mnt_type;
        if (type == "cgroup" && ::hasmntopt(&entry, "memory") != nullptr && !mounts.memory_v1)
            mounts.memory_v1 = under_root(root, entry.mnt_dir);
        else if (type == "cgroup2" && !mounts.unified)
            mounts.unified = under_root(root, entry.mnt_dir);
    }
    return mounts;
}

// The row of the memory controller in /proc/cgroups: "memory <hierarchy> <cgroups> <enabled>".
struct ControllerRow {
    std::int64_t hierarchy = 0; // 0: unified
    bool enabled = false;
};

std::optional<ControllerRow> read_controller_row(const std::filesystem::path &root)
{
    std::ifstream table(under_root(root, "/proc/cgroups"));
    std::string line;
    while (std::getline(table, line)) {
        std::istringstream fields(line);
        std::string name;
        std::int64_t hierarchy = 0;
        std::int64_t cgroups = 0;
        int enabled = 0;
        if (fields >> name >> hierarchy >> cgroups >> enabled && name == "memory")
            return ControllerRow{hierarchy, enabled != 0};
    }
    return std::nullopt;
}

} // namespace

bool lists_memory_controller(const std::filesystem::path &controllers_file)
{
    std::ifstream file(controllers_file);
    std::string name;
    while (file >> name)
        if (name == "memory")
            return true;
    return false;
}

Result<MemoryControllerMount> find_memory_controller(const std::filesystem::path &root)
{
    const auto mounts = read_cgroup_mounts(root);
    if (!mounts)
        return tl::unexpected(mounts.error());
    if (mounts->memory_v1)
        return MemoryControllerMount{1, *mounts->memory_v1};
    if (mounts->unified && lists_memory_controller(*mounts->unified / "cgroup.controllers"))
        return MemoryControllerMount{2, *mounts->unified};
    return fail("find the memory controller among the mounted cgroup hierarchies",
                mounts->unified ? "the cgroup2 hierarchy does not offer it, and no v1 hierarchy with it is mounted"
                                : "no cgroup hierarchy with it is mounted",
                "boot without cgroup_disable=memory (arm64 boards: with cgroup_enable=memory), or mount it: "
                "mount -t cgroup2 none /sys/fs/cgroup");
}

std::uint32_t memory_controller_version(const std::filesystem::path &root)
{
    if (const auto mount = find_memory_controller(root))
        return mount->version;
    // From 6.15 on /proc/cgroups lists v1 controllers only, so a missing row says nothing.
    const auto row = read_controller_row(root);
    if (!row || !row->enabled)
        return 0;
    if (row->hierarchy != 0)
        return 1;
    const auto mounts = read_cgroup_mounts(root);
    return mounts && mounts->unified ? 2 : 0;
}

} // namespace oomtrace
