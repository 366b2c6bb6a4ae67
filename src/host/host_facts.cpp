// SPDX-License-Identifier: Apache-2.0
#include "host/host_facts.h"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <limits>
#include <sys/utsname.h>
#include <unistd.h>

#include "host/cgroup_mount.h"
#include "host/proc_file.h"

namespace oomtrace
{

namespace
{

template <std::size_t N>
void copy_text(wire_u8 (&target)[N], std::string_view text)
{
    const auto length = std::min(text.size(), N - 1);
    std::copy_n(text.begin(), length, target);
    target[length] = 0;
}

template <std::size_t N>
void copy_first_line(wire_u8 (&target)[N], const std::filesystem::path &path)
{
    char buffer[512];
    if (const auto text = read_file(path, buffer))
        copy_text(target, first_line(*text));
}

std::int64_t now_ns(clockid_t clock)
{
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// `clock` minus CLOCK_MONOTONIC, from the pair of readings that lay closest together: a preemption between two readings would
// otherwise go into every wall-clock time of the run.
std::int64_t offset_from_monotonic_ns(clockid_t clock)
{
    std::int64_t best_gap = std::numeric_limits<std::int64_t>::max();
    std::int64_t offset = 0;
    for (int attempt = 0; attempt < 8; ++attempt) {
        const auto before = now_ns(CLOCK_MONOTONIC);
        const auto there = now_ns(clock);
        const auto after = now_ns(CLOCK_MONOTONIC);
        if (after - before < best_gap) {
            best_gap = after - before;
            offset = there - (before + best_gap / 2);
        }
    }
    return offset;
}

} // namespace

wire_host read_host_facts(std::string_view tracer_version, const std::filesystem::path &root)
{
    wire_host host{};
    host.header.size = sizeof(host);
    host.header.kind = WIRE_HOST;
    host.page_size = static_cast<wire_u64>(::sysconf(_SC_PAGESIZE));
    host.realtime_offset_ns = offset_from_monotonic_ns(CLOCK_REALTIME);
    host.boottime_offset_ns = offset_from_monotonic_ns(CLOCK_BOOTTIME);
    host.cgroup_version = memory_controller_version(root);
    copy_first_line(host.hostname, under_root(root, "/proc/sys/kernel/hostname"));
    copy_first_line(host.boot_id, under_root(root, "/proc/sys/kernel/random/boot_id"));
    copy_first_line(host.kernel, under_root(root, "/proc/sys/kernel/osrelease"));
    utsname names{};
    if (::uname(&names) == 0)
        copy_text(host.arch, names.machine);
    copy_text(host.tracer_version, tracer_version);
    return host;
}

void set_hostname(wire_host &host, std::string_view name)
{
    copy_text(host.hostname, name);
}

} // namespace oomtrace
