// SPDX-License-Identifier: Apache-2.0
//
// names.h: processes, cgroups and limits as the report names them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "oomtrace/incident.h"

namespace oomtrace::terminal
{

// "postgres[4121]", safe to print. The pid is that of the kernel's own report, so that the two can be laid side by side.
std::string process_label(std::string_view comm, std::uint32_t pid);
std::string process_label(const Process &process);
// The same; a thread names its process too: "GC Thread#3[4177, of process 4100]".
std::string process_label_with_thread(const Process &process);

// The limit that fired, of a memcg OOM.
struct FiredLimit {
    std::string_view kind; // "" (memory), "memory+swap "
    std::optional<std::uint64_t> usage_bytes, max_bytes;
};
// Version 1 has two limits that can fire: the one with less room left is it.
FiredLimit fired_limit(const MemcgLimit &memcg);
// The topmost cgroup with memory.oom.group at or below the level that fired; null: none.
const MemcgLevel *group_level(const MemcgLimit &memcg);

// "1.71 GiB", with what is in swap where that matters: "12.6 GiB + 1.72 GiB in swap".
std::string held_text(const ProcessMemory &memory);

} // namespace oomtrace::terminal
