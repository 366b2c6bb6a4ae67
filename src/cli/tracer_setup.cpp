// SPDX-License-Identifier: Apache-2.0
#include "cli/tracer_setup.h"

#include <array>
#include <future>

#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/sysinfo.h>

#include "badness/badness.h"
#include "capture/ring_size.h"
#include "cli/error_report.h"
#include "host/host_facts.h"
#include "host/nodes.h"
#include "host/privileges.h"
#include "host/self_protection.h"

namespace oomtrace
{

namespace
{

// Tasks come and go: room for twice as many as there are now.
std::size_t ring_bytes_for_this_host()
{
    struct sysinfo info {
    };
    return ring_bytes_for(::sysinfo(&info) == 0 ? 2ULL * info.procs : 0);
}

// An incident of a few thousand candidates is rebuilt from it without asking the kernel for more.
constexpr std::size_t heap_reserve_bytes = 1U << 20;

} // namespace

Result<std::unique_ptr<TracerSetup>> set_up_tracer()
{
    const auto privileges = check_privileges();
    if (!privileges)
        return tl::unexpected(privileges.error());
    for (const CapabilityNeed &need : privileges->missing)
        spdlog::warn("without {}: {}", need.name, need.loses);

    // What loading needs for a moment (the kernel's types are megabytes) must go back to the kernel before memory is locked:
    // a fixed threshold keeps large blocks out of the heap, and one arena has no more than one heap to leave holes in.
    ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
    ::mallopt(M_ARENA_MAX, 1);
    // Both take the kernel tens of milliseconds.
    auto symbols =
        std::async(std::launch::async | std::launch::deferred, [] { return ListedSymbols::read("/", useful_data_symbols); });
    auto setup = std::make_unique<TracerSetup>();
    setup->kernel.types = read_kernel_types();
    setup->host = read_host_facts(OOMTRACE_VERSION);
    setup->session.nr_nodes = possible_nodes();
    setup->session.sum_rss = sums_rss_by_version(reinterpret_cast<const char *>(setup->host.kernel));
    setup->session.ring_bytes = ring_bytes_for_this_host();
    if (auto listed = symbols.get(); listed)
        setup->kernel.symbols = std::move(*listed);
    else
        report_warning(listed.error());
    return setup;
}

void protect_tracer(std::span<const std::string_view> libraries)
{
    ::malloc_trim(0);
    const SelfProtection achieved = protect_self(heap_reserve_bytes, libraries);
    if (!achieved.heap_reserve)
        report_warning(achieved.heap_reserve.error());
    if (!achieved.locked_memory)
        report_warning(achieved.locked_memory.error());
    if (!achieved.oom_score_adj)
        report_warning(achieved.oom_score_adj.error());
    if (!achieved.kills_nobody)
        report_warning(achieved.kills_nobody.error());
}

} // namespace oomtrace
