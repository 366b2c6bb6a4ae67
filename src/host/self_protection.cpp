// SPDX-License-Identifier: Apache-2.0
#include "host/self_protection.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <malloc.h>
#include <string>
#include <sys/mman.h>

#include "host/proc_file.h"

namespace oomtrace
{

namespace
{

std::optional<std::int64_t> read_integer(const std::filesystem::path &path)
{
    char buffer[32];
    const auto text = read_file(path, buffer);
    return text ? parse_integer(*text) : std::nullopt;
}

} // namespace

Result<LockedMemory> lock_memory(const std::filesystem::path &root)
{
    if (::mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        return fail_errno("lock the memory of this process", errno,
                          "without it the tracer may wait for its own pages while the host has none free; give it CAP_IPC_LOCK "
                          "or raise its RLIMIT_MEMLOCK (systemd: LimitMEMLOCK=infinity)");
    char buffer[4096];
    const auto status = read_file(under_root(root, "/proc/self/status"), buffer);
    const auto locked_kib = status ? value_of(*status, "VmLck:") : std::nullopt;
    return LockedMemory{static_cast<std::uint64_t>(locked_kib.value_or(0)) * 1024};
}

Result<OomScoreAdjustment> set_oom_score_adj(std::int64_t adjustment, const std::filesystem::path &root)
{
    const auto path = under_root(root, "/proc/self/oom_score_adj");
    const auto before = read_integer(path);
    if (!before)
        return fail("read " + path.string(), "no number could be read", "is /proc mounted?");
    const auto text = fmt::format("{}", adjustment);
    if (auto written = write_file(
            path, text,
            fmt::format(
                "it stays at {}, so that the OOM killer may choose the tracer itself; give it CAP_SYS_RESOURCE, or have "
                "the service manager set it (systemd: OOMScoreAdjust={})",
                *before, adjustment));
        !written)
        return tl::unexpected(written.error());
    const auto after = read_integer(path);
    if (after != adjustment)
        return fail(
            fmt::format("write \"{}\" to {}", text, path.string()),
            fmt::format("the write was taken, but the value is now {}", after ? fmt::format("{}", *after) : "unreadable"),
            "the OOM killer may choose the tracer itself");
    return OomScoreAdjustment{*before, *after};
}

Result<HeapReserve> reserve_heap(std::size_t bytes)
{
    const auto attempted = fmt::format("keep a heap reserve of {} KiB", bytes / 1024);
    // 32 MiB is the most that glibc takes as M_MMAP_THRESHOLD on 64-bit machines.
    if (::mallopt(M_TRIM_THRESHOLD, -1) != 1 || ::mallopt(M_MMAP_THRESHOLD, 32 << 20) != 1 || ::mallopt(M_ARENA_MAX, 1) != 1)
        return fail(attempted, "the allocator refused its settings", "report this with the name and version of the C library");

    // In pieces that stay below the mmap threshold; freed together, they become one block at the top of the heap.
    struct Piece {
        Piece *next;
    };
    constexpr std::size_t piece_size = 1 << 20;
    Piece *pieces = nullptr;
    bool exhausted = false;
    for (std::size_t touched = 0; touched < bytes && !exhausted; touched += piece_size) {
        auto *memory = static_cast<Piece *>(std::malloc(piece_size));
        exhausted = memory == nullptr;
        if (exhausted)
            break;
        std::memset(static_cast<void *>(memory), 0xff, piece_size);
        memory->next = pieces;
        pieces = memory;
    }
    while (pieces != nullptr) {
        auto *next = pieces->next;
        std::free(pieces);
        pieces = next;
    }
    if (exhausted)
        return fail_errno(attempted, ENOMEM, "the tracer may fail to allocate while the host has no memory; ask for less");
    return HeapReserve{::mallinfo2().fordblks};
}

SelfProtection protect_self(std::size_t heap_reserve_bytes, const std::filesystem::path &root)
{
    auto heap = reserve_heap(heap_reserve_bytes);
    auto locked = lock_memory(root);
    auto adjusted = set_oom_score_adj(never_kill, root);
    return {std::move(heap), std::move(locked), std::move(adjusted)};
}

} // namespace oomtrace
