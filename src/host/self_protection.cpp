// SPDX-License-Identifier: Apache-2.0
#include "host/self_protection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <link.h>
#include <malloc.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>
#include <vector>

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

// Whose code runs while the host has no memory: what is not read in now may have to be then. The other libraries (TLS, what
// reads compressed logs) are megabytes that a tracer hardly ever touches, or belong to threads that may wait.
constexpr std::array<std::string_view, 3> always_needed{"ld-linux", "libc.so", "libbpf.so"};

// A part of the program or of a library, as it lies in memory.
struct LoadedPart {
    std::uintptr_t begin = 0;
    std::size_t size = 0;
    bool written = false;
    bool needed = false; // code or variables of what runs in need
};

struct LoadedParts {
    std::span<const std::string_view> libraries; // needed beside those that always are
    std::vector<LoadedPart> parts;
};

bool runs_in_need(std::string_view object, std::span<const std::string_view> libraries)
{
    const std::string_view name = object.substr(object.rfind('/') + 1);
    const auto is_of = [name](std::string_view library) { return name.starts_with(library); };
    return object.empty() || // the program itself
           std::any_of(always_needed.begin(), always_needed.end(), is_of) ||
           std::any_of(libraries.begin(), libraries.end(), is_of);
}

int add_parts(dl_phdr_info *info, std::size_t /*size*/, void *data)
{
    auto &loaded = *static_cast<LoadedParts *>(data);
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const bool in_need = runs_in_need(info->dlpi_name, loaded.libraries);
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto &segment = info->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD)
            continue;
        const std::uintptr_t begin = (info->dlpi_addr + segment.p_vaddr) & ~(page - 1);
        const std::uintptr_t end = info->dlpi_addr + segment.p_vaddr + segment.p_memsz; // .bss too
        loaded.parts.push_back({.begin = begin,
                                .size = end - begin,
                                .written = (segment.p_flags & PF_W) != 0,
                                .needed = in_need && (segment.p_flags & (PF_X | PF_W)) != 0});
    }
    return 0;
}

void *address_of(const LoadedPart &part)
{
    return reinterpret_cast<void *>(part.begin); // NOLINT(performance-no-int-to-ptr)
}

// Blocks that were freed and trimmed leave holes, which the allocator hands out before it takes of the reserve.
void fault_in_heap()
{
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t begin = 0, end = 0;
        if (!line.ends_with("[heap]") || std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR, &begin, &end) != 2)
            continue;
        (void)::mlock(reinterpret_cast<void *>(begin), end - begin); // NOLINT(performance-no-int-to-ptr)
    }
}

// Deeper than any call of the main thread's goes.
[[gnu::noinline]] void fault_in_stack()
{
    constexpr std::size_t depth = 128U << 10;
    std::array<char, depth> stack{};
    ::explicit_bzero(stack.data(), stack.size());
}

} // namespace

Result<LockedMemory> lock_memory(std::span<const std::string_view> libraries, const std::filesystem::path &root)
{
    // To ask once more for the parts of a library brings its first pages back, with as much around them as the kernel sees fit:
    // so all are asked for before any is let go of.
    LoadedParts loaded{.libraries = libraries, .parts = {}};
    ::dl_iterate_phdr(add_parts, &loaded);
    // The first thread has the C library look up what it takes from the dynamic linker, through the symbols of every library:
    // now, and not in the middle of an OOM.
    std::thread([] {}).join();
    // What loading has touched is read again where it is needed.
    for (const LoadedPart &part : loaded.parts) {
        if (!part.written)
            (void)::madvise(address_of(part), part.size, MADV_DONTNEED);
    }
    if (::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
        return fail_errno("lock the memory of this process", errno,
                          "without it the tracer may wait for its own pages while the host has none free; give it CAP_IPC_LOCK "
                          "or raise its RLIMIT_MEMLOCK (systemd: LimitMEMLOCK=infinity)");
    // A part that this is refused for costs that part: it is locked once it is touched.
    for (const LoadedPart &part : loaded.parts) {
        if (part.needed)
            (void)::mlock(address_of(part), part.size);
    }
    fault_in_heap();
    fault_in_stack();
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

Result<void> kill_nobody_for_memory()
{
    if (::prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) != 0)
        return fail_errno("have allocations of this process wait instead of invoking the OOM killer", errno,
                          "one more process may be killed for memory that the tracer asks for while there is none; give it "
                          "CAP_SYS_RESOURCE (Linux 5.6 or newer)");
    return {};
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

SelfProtection protect_self(std::size_t heap_reserve_bytes, std::span<const std::string_view> libraries,
                            const std::filesystem::path &root)
{
    auto heap = reserve_heap(heap_reserve_bytes);
    auto locked = lock_memory(libraries, root);
    auto adjusted = set_oom_score_adj(never_kill, root);
    return {std::move(heap), std::move(locked), std::move(adjusted), kill_nobody_for_memory()};
}

} // namespace oomtrace
