// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <sys/utsname.h>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "cli/tracer_setup.h"
#include "host/cgroup_mount.h"
#include "host/privileges.h"

namespace oomtrace
{

namespace
{

using State = HookStatus::State;

std::string_view state_text(State state)
{
    switch (state) {
    case State::attached:
        return "attached";
    case State::not_needed:
        return "not needed";
    case State::not_there:
        return "not there";
    case State::refused:
        return "REFUSED";
    }
    return "";
}

// What a method cannot tell even when every hook of it is attached.
std::string_view method_limits(AttachMethod method)
{
    return method == AttachMethod::tracepoint
               ? "scores are recomputed, not observed; OOMs without a victim are known from the kernel's log alone"
               : "nothing";
}

std::string_view remedy(AttachMethod method)
{
    switch (method) {
    case AttachMethod::fentry:
        return "needs BPF trampolines: x86-64 from 5.5, arm64 from 6.4 on; a kernel in lockdown may refuse them";
    case AttachMethod::kprobe:
        return "needs CONFIG_KPROBES and CONFIG_KPROBE_EVENTS, and no lockdown in confidentiality mode";
    case AttachMethod::tracepoint:
        return "needs CONFIG_DEBUG_INFO_BTF, CONFIG_BPF_EVENTS and the capabilities CAP_BPF and CAP_PERFMON";
    case AttachMethod::kernel_log:
    case AttachMethod::unknown:
        break;
    }
    return "";
}

void print_check(bool good, std::string_view what, std::string_view detail)
{
    fmt::print("  {:<4} {:<18} {}\n", good ? "ok" : "!!", what, detail);
}

void print_host(const TracerSetup &setup)
{
    utsname name{};
    ::uname(&name);
    fmt::print("kernel {} on {}\n", name.release, name.machine);
    const bool types = std::filesystem::exists("/sys/kernel/btf/vmlinux");
    print_check(types, "type information",
                types ? "/sys/kernel/btf/vmlinux" : "no /sys/kernel/btf/vmlinux: nothing can be traced");
    const std::size_t symbols = setup.kernel.symbols.by_address().size();
    print_check(symbols > 0, "kernel symbols",
                symbols > 0 ? fmt::format("{} functions", symbols) : "hidden: stacks show addresses");
    const auto mount = find_memory_controller();
    print_check(mount.has_value(), "memory cgroups",
                mount ? fmt::format("version {}, at {}", mount->version, mount->directory.string()) : mount.error().reason);
    const auto privileges = check_privileges();
    print_check(privileges && privileges->missing.empty(), "capabilities",
                privileges && privileges->missing.empty() ? "all there" : "some are missing:");
    if (privileges) {
        for (const CapabilityNeed &need : privileges->missing)
            fmt::print("       {:<18} used to {}; without it: {}\n", need.name, need.used, need.loses);
    }
    print_check(true, "ring buffer", fmt::format("{} KiB by default on this host", setup.session.ring_bytes >> 10));
}

void print_attempt(const MethodAttempt &attempt)
{
    fmt::print("\nmethod {}: {}\n", name_of(attempt.method), attempt.error ? "cannot be used" : "works");
    for (const HookStatus &status : attempt.hooks) {
        const bool tried = !attempt.error || status.state != State::attached;
        std::string detail;
        if (status.verified_instructions)
            detail = fmt::format("{}: {} instructions verified", status.hook->program, *status.verified_instructions);
        if (!status.reason.empty())
            detail += (detail.empty() ? "" : "; ") + status.reason;
        fmt::print("  {:<10} {:<10} {:<26} {}\n", tried ? state_text(status.state) : "not tried", name_of(status.hook->kind),
                   status.hook->target, detail);
        const bool lost =
            status.state == State::refused || (status.state == State::not_there && status.hook->role != HookRole::badness_part);
        if (lost && !attempt.error)
            fmt::print("  {:<10} {:<10} lost without it: {}\n", "", "", status.hook->lost);
    }
    if (attempt.error)
        fmt::print("  why: {}\n  {} {}\n", attempt.error->reason, name_of(attempt.method), remedy(attempt.method));
    else
        fmt::print("  lost with this method: {}\n", method_limits(attempt.method));
}

} // namespace

ExitStatus run_doctor(const DoctorOptions &)
{
    const auto setup = set_up_tracer();
    if (!setup) {
        report_error(setup.error());
        return ExitStatus::failed;
    }
    print_host(**setup);
    const auto attempts = try_every_method((*setup)->session, (*setup)->kernel);
    std::ranges::for_each(attempts, print_attempt);
    const auto best = std::ranges::find_if(attempts, [](const MethodAttempt &attempt) { return !attempt.error; });
    if (best == attempts.end()) {
        fmt::print("\nNo method works here: oomtrace cannot watch this kernel. \"oomtrace replay\" still works.\n");
        return ExitStatus::failed;
    }
    fmt::print("\n\"--attach auto\" takes {}. Try it: oomtrace selftest\n", name_of(best->method));
    return ExitStatus::done;
}

} // namespace oomtrace
