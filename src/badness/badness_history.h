// SPDX-License-Identifier: Apache-2.0
//
// badness_history.h: how kernels before 4.17 scored a task. No live tracer meets them (there is no BPF to attach), but their
// reports are still read. Each function is one generation; badness.h has those from 4.17 on.
//
//   until 2.6.35   badness_classic()      virtual size, halved and divided by age, privileges and oom_adj
//   2.6.36 .. 3.4  badness_per_mille()    0 .. 1000 of what the task may use (a63d83f427fb)
//   3.5 .. 4.16    badness_root_bonus()   pages, with a bonus for root (a7f638f999ff; 778c14affaf9)
#pragma once

#include <cstdint>
#include <span>

namespace oomtrace
{

enum class ClassicBadness : std::uint8_t {
    v2_6_19, // OOM_DISABLE (-17) is looked at by the caller, not here
    v2_6_32, // per process instead of per thread; OOM_DISABLE scores 0
};

struct ClassicTask {
    bool has_mm = true;
    bool asked_to_be_first = false;                   // PF_SWAPOFF, later PF_OOM_ORIGIN
    std::uint64_t total_vm_pages = 0;                 // virtual size: the reason why these kernels killed the wrong one
    std::span<const std::uint64_t> children_vm_pages; // of each child with an mm of its own
    std::uint64_t cpu_time = 0;                       // in units of 8 s
    std::uint64_t run_time = 0;                       // in units of 1024 s
    std::int32_t nice = 0;
    bool superuser = false;     // CAP_SYS_ADMIN, uid 0 or euid 0; since 2.6.32 CAP_SYS_ADMIN or CAP_SYS_RESOURCE
    bool raw_io = false;        // CAP_SYS_RAWIO
    bool mems_intersect = true; // with those of the task that allocates
    std::int32_t oom_adj = 0;   // -17 .. 15
};

// Also what /proc/PID/oom_score shows of these kernels.
std::uint64_t badness_classic(const ClassicTask &task, ClassicBadness version);

enum class PerMilleBadness : std::uint8_t {
    v2_6_36, // page tables not counted, a score below 0 is 0
    v2_6_39, // page tables counted, the lowest score is 1
};

struct PagesTask {
    std::uint64_t rss_pages = 0;
    std::uint64_t swap_pages = 0;
    std::uint64_t page_table_pages = 0;
    bool sys_admin = false;         // CAP_SYS_ADMIN
    std::int32_t oom_score_adj = 0; // above -1000
};

std::uint32_t badness_per_mille(const PagesTask &task, std::uint64_t total_pages, PerMilleBadness version);

enum class RootBonus : std::uint8_t {
    of_the_domain, // 3.5 .. 3.13: as if oom_score_adj were 30 lower, so 3 % of all there is
    of_the_task,   // 3.14 .. 4.16: 3 % of its own score
};

std::uint64_t badness_root_bonus(const PagesTask &task, std::uint64_t total_pages, RootBonus bonus);

} // namespace oomtrace
