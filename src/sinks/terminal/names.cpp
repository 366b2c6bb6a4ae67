// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/names.h"

#include <algorithm>

#include <fmt/format.h>

#include "sinks/concat.h"
#include "sinks/known.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/units.h"

namespace oomtrace::terminal
{

namespace
{

// Absent: cannot fire.
std::optional<std::uint64_t> room_left(const LimitCounter &counter)
{
    if (!counter.max_bytes)
        return std::nullopt;
    return *counter.max_bytes - std::min(counter.usage_bytes, *counter.max_bytes);
}

} // namespace

std::string process_label(std::string_view comm, std::uint32_t pid)
{
    return concat({comm.empty() ? "?" : safe_text(comm), "[", pid == 0 ? "?" : std::to_string(pid), "]"});
}

std::string process_label(const Process &process)
{
    return process_label(process.comm, process.pid);
}

std::string process_label_with_thread(const Process &process)
{
    if (process.pid == process.tgid || process.tgid == 0)
        return process_label(process);
    return fmt::format("{}[{}, of process {}]", safe_text(process.comm), process.pid, process.tgid);
}

const MemcgLevel *group_level(const MemcgLimit &memcg)
{
    const MemcgLevel *topmost = nullptr;
    for (const MemcgLevel &level : memcg.levels) {
        if (level.oom_group)
            topmost = &level;
        if (level.fired)
            break;
    }
    return topmost;
}

FiredLimit fired_limit(const MemcgLimit &memcg)
{
    const MemcgLevel *level = memcg.fired_level();
    if (level == nullptr)
        return {"", memcg.usage_bytes, memcg.limit_bytes};
    if (level->memory_and_swap) {
        const auto memory_room = room_left(level->memory);
        const auto both_room = room_left(*level->memory_and_swap);
        if (both_room && (!memory_room || *both_room < *memory_room))
            return {"memory+swap ", level->memory_and_swap->usage_bytes, level->memory_and_swap->max_bytes};
    }
    return {"", level->memory.usage_bytes, level->memory.max_bytes};
}

std::string held_text(const ProcessMemory &memory)
{
    const std::uint64_t rss = memory.rss_bytes();
    if (!rss_known(memory))
        return "size not known";
    if (memory.swap_bytes == 0 || memory.swap_bytes < rss / 100)
        return bytes_text(rss);
    return concat({bytes_text(rss), " + ", bytes_text(memory.swap_bytes), " in swap"});
}

} // namespace oomtrace::terminal
