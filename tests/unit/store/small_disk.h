// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <unistd.h>

namespace oomtrace::test
{

// For a child process of its own (in_child.h): mounts a tmpfs of `bytes` on `directory` that only this process sees. false: not
// allowed here, neither to root nor through a user namespace.
inline bool mount_small_disk(const std::filesystem::path &directory, std::size_t bytes)
{
    const auto uid = ::getuid();
    if (::unshare(CLONE_NEWNS) != 0) {
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
            return false;
        std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1\n";
    }
    const std::string size = "size=" + std::to_string(bytes);
    return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("small", directory.c_str(), "tmpfs", 0, size.c_str()) == 0;
}

inline bool remount(const std::filesystem::path &directory, bool read_only)
{
    return ::mount("small", directory.c_str(), "tmpfs", read_only ? MS_REMOUNT | MS_RDONLY : MS_REMOUNT, nullptr) == 0;
}

} // namespace oomtrace::test
