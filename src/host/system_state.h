// SPDX-License-Identifier: Apache-2.0
//
// What user space adds to an episode when it closes: sysctls in force, swap, huge pages, the kernel's own count of OOM kills.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>

#include "host/unique_fd.h"
#include "oomtrace/wire_record.h"

namespace oomtrace
{

// Keeps every file open from construction on and reads each once then, so that neither path lookups nor first-use buffers in
// the kernel stand between a starved host and the record. read() allocates nothing and uses about 17 KiB of stack.
class SystemStateReader
{
  public:
    explicit SystemStateReader(const std::filesystem::path &root = "/");

    // The whole record but its place in the stream (time, cpu, episode, sequence). What cannot be read keeps its bit in
    // `valid` clear and its value 0; lowmem_reserve_ratio_count is 0 when there is no such list.
    [[nodiscard]] wire_system_state read() const;

  private:
    struct Sysctl {
        wire_system_item item;
        const char *path;
    };
    static constexpr std::array<Sysctl, 9> sysctls{{
        {WIRE_SYS_PANIC_ON_OOM, "/proc/sys/vm/panic_on_oom"},
        {WIRE_SYS_OOM_KILL_ALLOCATING_TASK, "/proc/sys/vm/oom_kill_allocating_task"},
        {WIRE_SYS_OOM_DUMP_TASKS, "/proc/sys/vm/oom_dump_tasks"},
        {WIRE_SYS_OVERCOMMIT_MEMORY, "/proc/sys/vm/overcommit_memory"},
        {WIRE_SYS_OVERCOMMIT_RATIO, "/proc/sys/vm/overcommit_ratio"},
        {WIRE_SYS_OVERCOMMIT_KBYTES, "/proc/sys/vm/overcommit_kbytes"},
        {WIRE_SYS_MIN_FREE_KBYTES, "/proc/sys/vm/min_free_kbytes"},
        {WIRE_SYS_WATERMARK_SCALE_FACTOR, "/proc/sys/vm/watermark_scale_factor"},
        {WIRE_SYS_SWAPPINESS, "/proc/sys/vm/swappiness"},
    }};

    std::array<UniqueFd, sysctls.size()> sysctl_fds_;
    UniqueFd lowmem_reserve_ratio_;
    UniqueFd meminfo_;
    UniqueFd vmstat_;
    UniqueFd loadavg_;
};

} // namespace oomtrace
