// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "host/cgroup_mount.h"
#include "oomtrace/result.h"

namespace oomtrace
{

// A memory cgroup of our own, made to have a process run out of memory in it without harm to the rest of the host: a hard
// limit, and no swap. Lives at the top of the hierarchy, v1 or v2. The destructor kills whatever is still in it and removes it;
// it cannot run when the process dies of a signal, so callers that may be interrupted catch the signal first.
class ScratchCgroup
{
  public:
    // Fails without leaving anything behind. On v2 the memory controller is switched on for the top's children if it was not.
    // It stays on: switched off again, it would take the limits of every other cgroup made meanwhile with it.
    static Result<ScratchCgroup> create(std::string_view name, std::uint64_t limit_bytes,
                                        const std::filesystem::path &root = "/");

    ScratchCgroup(ScratchCgroup &&other) noexcept;
    ScratchCgroup &operator=(ScratchCgroup &&other) noexcept;
    ScratchCgroup(const ScratchCgroup &) = delete;
    ScratchCgroup &operator=(const ScratchCgroup &) = delete;
    ~ScratchCgroup();

    // Moves a whole process in; what it has allocated before stays charged to where it came from.
    [[nodiscard]] Result<void> add(pid_t tgid);

    // Kills what is in it and removes it, trying again for as long as `patience`: a killed process keeps its cgroup busy until
    // its memory is gone. Done already: no error.
    [[nodiscard]] Result<void> remove(std::chrono::milliseconds patience = std::chrono::seconds(5));

    [[nodiscard]] std::optional<std::uint64_t> usage_bytes() const;
    [[nodiscard]] std::optional<std::uint64_t> limit_hits() const; // v1 memory.failcnt, v2 memory.events "max"
    [[nodiscard]] std::optional<std::uint64_t> oom_kills() const;  // v1 memory.oom_control, v2 memory.events: "oom_kill"

    [[nodiscard]] std::uint32_t version() const { return version_; }
    [[nodiscard]] const std::filesystem::path &directory() const { return directory_; }
    [[nodiscard]] const std::string &kernel_path() const { return kernel_path_; } // "/name", as the kernel prints it

  private:
    ScratchCgroup(const MemoryControllerMount &mount, std::string_view name);

    Result<void> enable_controller();
    Result<void> set_limit(std::uint64_t limit_bytes);
    void kill_all() const;
    [[nodiscard]] std::optional<std::uint64_t> read_number(const char *file) const;
    [[nodiscard]] std::optional<std::uint64_t> read_field(const char *file, const char *field) const;

    std::uint32_t version_ = 0;
    std::filesystem::path directory_; // empty: nothing is owned
    std::string kernel_path_;
};

} // namespace oomtrace
