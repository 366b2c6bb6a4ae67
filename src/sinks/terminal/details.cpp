// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/details.h"

#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sinks/known.h"
#include "sinks/terminal/names.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/units.h"

namespace oomtrace::terminal
{

namespace
{

std::string or_unknown(const std::string &text)
{
    return text.empty() ? "not known" : safe_text(text);
}

std::string sysctl_list(const Sysctls &sysctls)
{
    std::string text;
    const auto add = [&](const char *name, const std::optional<std::int64_t> &value, const char *unit = "") {
        text += fmt::format("{}vm.{} = {}", text.empty() ? "" : ", ", name,
                            value ? fmt::format("{}{}", *value, unit) : "not known");
    };
    add("panic_on_oom", sysctls.panic_on_oom);
    add("oom_kill_allocating_task", sysctls.oom_kill_allocating_task);
    add("oom_dump_tasks", sysctls.oom_dump_tasks);
    add("overcommit_memory", sysctls.overcommit_memory);
    add("overcommit_ratio", sysctls.overcommit_ratio, "%");
    add("overcommit_kbytes", sysctls.overcommit_kbytes, " KiB");
    add("min_free_kbytes", sysctls.min_free_kbytes, " KiB");
    add("watermark_scale_factor", sysctls.watermark_scale_factor);
    add("swappiness", sysctls.swappiness);
    text += ", vm.lowmem_reserve_ratio =";
    for (const std::uint32_t ratio : sysctls.lowmem_reserve_ratio)
        text += fmt::format(" {}", ratio);
    if (sysctls.lowmem_reserve_ratio.empty())
        text += " not known";
    return text;
}

std::string hugetlb_text(const Hugetlb &hugetlb)
{
    if (!hugetlb.total || !hugetlb.free || !hugetlb.page_size_bytes)
        return "not known";
    return fmt::format("{} of {}, {} free", counted(*hugetlb.total, "page", "pages"),
                       exact_bytes_text(*hugetlb.page_size_bytes), count_text(*hugetlb.free));
}

std::string node_list(const std::optional<std::vector<std::uint32_t>> &nodes, const char *none)
{
    return nodes ? number_list_text(*nodes) : none;
}

std::string durations_text(const Aftermath &after)
{
    std::string text;
    const auto add = [&](const char *what, const std::optional<std::uint64_t> &ns) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", what, ns ? duration_text(*ns) : "not seen");
    };
    add("choice", after.to_choice_ns);
    add("kill", after.to_kill_ns);
    add("reaped", after.to_reap_ns);
    add("exit", after.to_exit_ns);
    add("memory back", after.to_release_ns);
    return text;
}

std::string asking_task(const Process &process)
{
    return fmt::format("{}, parent {}, {}, oom_score_adj {}, started {} after boot", process_label_with_thread(process),
                       number_or_unknown(process.ppid),
                       process.threads == 0 ? "threads not known" : counted(process.threads, "thread", "threads"),
                       process.oom_score_adj_known ? fmt::format("{}", process.oom_score_adj) : "not known",
                       process.start_boottime_ns == 0
                           ? "at a time not known"
                           : fmt::format("{} s", count_text(process.start_boottime_ns / 1'000'000'000)));
}

} // namespace

Lines request_lines(const Incident &incident, std::size_t width)
{
    const Allocation &allocation = incident.allocation;
    Lines lines = section("REQUEST", "that could not be met", width);
    if (is_known(incident.trigger, incident.provenance.trigger))
        add_labelled(lines, "by", asking_task(incident.trigger.process), width);
    add_labelled(lines, "flags",
                 fmt::format("gfp_mask {}, highest zone {}",
                             allocation.gfp_mask ? fmt::format("{:#x}", *allocation.gfp_mask) : "not known",
                             allocation.highest_zone ? safe_text(*allocation.highest_zone) : "not known"),
                 width);
    add_labelled(lines, "nodes",
                 fmt::format("of the request {}, of the task {}, cpuset {}",
                             node_list(allocation.nodemask, allocation.nodemask_known ? "any" : "not known"),
                             node_list(allocation.mems_allowed, "not known"),
                             incident.trigger.cpuset ? safe_text(*incident.trigger.cpuset) : "not known"),
                 width);
    add_labelled(lines, "kernel says", or_unknown(incident.kernel_message), width);
    add_labelled(lines, "constraint",
                 fmt::format("{}, total {}", incident.constraint ? name_of(*incident.constraint) : "not known",
                             incident.total_pages ? counted(*incident.total_pages, "page", "pages") : "not known"),
                 width);
    add_labelled(lines, "invocation",
                 fmt::format("number {} since the tracer started, {} ns on the monotonic clock", incident.episode,
                             count_text(incident.monotonic_ns)),
                 width);
    add_labelled(lines, "time to", durations_text(incident.after), width);
    return lines;
}

Lines host_lines(const Incident &incident, std::size_t width)
{
    const Host &host = incident.host;
    Lines lines = section("HOST", "and the settings in force", width);
    add_labelled(lines, "host", fmt::format("{}, boot {}", or_unknown(host.hostname), or_unknown(host.boot_id)), width);
    add_labelled(lines, "kernel",
                 fmt::format("{}, {}, pages of {}, cgroup {}", or_unknown(host.kernel), or_unknown(host.arch),
                             host.page_size == 0 ? "unknown size" : exact_bytes_text(host.page_size),
                             host.cgroup_version == 0 ? "version not known" : fmt::format("v{}", host.cgroup_version)),
                 width);
    add_labelled(lines, "oomtrace", or_unknown(host.tracer_version), width);
    add_labelled(lines, "huge pages", hugetlb_text(incident.hugetlb), width);
    add_labelled(lines, "sysctls", sysctl_list(incident.sysctls), width);
    return lines;
}

Lines stack_lines(const Incident &incident, std::size_t width)
{
    if (incident.trigger.stack.empty())
        return {};
    Lines lines = section("STACK", "of the asking task in the kernel, innermost first", width);
    for (const StackFrame &frame : incident.trigger.stack)
        lines.append(line_of(frame.address == 0 ? fmt::format("  {}", frame.symbol ? safe_text(*frame.symbol) : "(no symbol)")
                                                : fmt::format("  {:#018x}  {}", frame.address,
                                                              frame.symbol ? safe_text(*frame.symbol) : "(no symbol)")));
    return lines;
}

} // namespace oomtrace::terminal
