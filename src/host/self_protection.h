// SPDX-License-Identifier: Apache-2.0
//
// What lets the tracer outlive the OOM it is there to see. Each measure stands alone: one that is refused costs that measure
// and no other. Nothing here logs; an Error's hint says what the refusal means and what to do about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "oomtrace/result.h"

namespace oomtrace
{

struct LockedMemory {
    std::uint64_t locked_bytes = 0; // VmLck after the call
};

struct OomScoreAdjustment {
    std::int64_t before = 0;
    std::int64_t after = 0;
};

struct HeapReserve {
    std::size_t free_bytes = 0; // held by the allocator, touched, and not given back to the kernel
};

inline constexpr std::int64_t never_kill = -1000; // OOM_SCORE_ADJ_MIN

// mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT), and what an OOM will need read in: code, variables, the heap as it is, the
// calling thread's stack. What has been touched once stays, and no page fault on it waits for reclaim. Other mappings that will
// be written then must have been written to before. Of the libraries that is the code of those that every tracer calls then,
// and of `libraries`: what their file names begin with.
Result<LockedMemory> lock_memory(std::span<const std::string_view> libraries = {}, const std::filesystem::path &root = "/");

// <root>/proc/self/oom_score_adj, read back after the write. Below the value that a privileged process last set for this one
// (or for the one it was forked from), the kernel asks for CAP_SYS_RESOURCE. Inherited by children.
Result<OomScoreAdjustment> set_oom_score_adj(std::int64_t adjustment = never_kill, const std::filesystem::path &root = "/");

// PR_SET_IO_FLUSHER: allocations of this thread, and of those that it starts from here on, wait for memory where others would
// invoke the OOM killer (out_of_memory() kills nobody for an allocation without __GFP_FS); a memory cgroup's limit still
// counts. Otherwise what the tracer asks for in the middle of an OOM may cost one more process. Linux 5.6; wants
// CAP_SYS_RESOURCE.
Result<void> kill_nobody_for_memory();

// Touches `bytes` of heap and has the allocator keep them for all threads: no trimming, no mmap for blocks up to 32 MiB, one
// arena. To be called before the first thread is started.
Result<HeapReserve> reserve_heap(std::size_t bytes);

struct SelfProtection {
    Result<HeapReserve> heap_reserve;
    Result<LockedMemory> locked_memory;
    Result<OomScoreAdjustment> oom_score_adj;
    Result<void> kills_nobody;
};

// All of them in the order that works: the reserve is there before it is locked.
// To be called before the first thread is started.
SelfProtection protect_self(std::size_t heap_reserve_bytes, std::span<const std::string_view> libraries = {},
                            const std::filesystem::path &root = "/");

} // namespace oomtrace
