// SPDX-License-Identifier: Apache-2.0
#include "host/privileges.h"

#include <cap-ng.h>
#include <cerrno>
#include <fmt/format.h>
#include <linux/capability.h>
#include <string>

#include "host/proc_file.h"

namespace oomtrace
{

namespace
{

constexpr CapabilityNeed score_adjustment_need{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", "set its own oom_score_adj to -1000",
                                               "the OOM killer may choose the tracer itself"};
constexpr CapabilityNeed memory_lock_need{CAP_IPC_LOCK, "CAP_IPC_LOCK", "lock its own memory",
                                          "the tracer may stall on its own page faults while memory is short"};
constexpr CapabilityNeed symbol_need{CAP_SYSLOG, "CAP_SYSLOG", "read the addresses of kernel symbols",
                                     "kernel stacks show addresses instead of names"};
constexpr CapabilityNeed process_need{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "read what processes of other users run",
                                      "the executable of other users' processes is not known"};

constexpr std::array needs_with_cap_bpf{
    CapabilityNeed{CAP_BPF, "CAP_BPF", "load the BPF programs and their maps", {}},
    CapabilityNeed{CAP_PERFMON, "CAP_PERFMON", "attach them to the kernel and read its memory", {}},
    score_adjustment_need,
    memory_lock_need,
    symbol_need,
    process_need,
};

constexpr std::array needs_before_cap_bpf{
    CapabilityNeed{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "load BPF programs and attach them (this kernel has no CAP_BPF)", {}},
    // Before 5.11 the memory of BPF maps counts against RLIMIT_MEMLOCK, which only this capability may raise.
    CapabilityNeed{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", "raise the limit on memory for BPF maps", {}},
    memory_lock_need,
    symbol_need,
    process_need,
};

// The kernel takes CAP_SYS_ADMIN for CAP_BPF and CAP_PERFMON, as it did before it had them: bpf_capable(), perfmon_capable().
bool holds(const CapabilityNeed &need, const HasCapability &has)
{
    const bool split_off = need.capability == CAP_BPF || need.capability == CAP_PERFMON;
    return has(need.capability) || (split_off && has(CAP_SYS_ADMIN));
}

} // namespace

std::span<const CapabilityNeed> capability_needs(const std::filesystem::path &root)
{
    char buffer[32];
    const auto text = read_file(under_root(root, "/proc/sys/kernel/cap_last_cap"), buffer);
    const auto last = text ? parse_integer(*text) : std::nullopt;
    if (last && *last < CAP_BPF)
        return needs_before_cap_bpf;
    return needs_with_cap_bpf;
}

Result<Privileges> check_privileges(const std::filesystem::path &root)
{
    if (::capng_get_caps_process() != 0)
        return fail("read the capabilities of this process", "libcap-ng could not read them", "is /proc mounted?");
    return check_privileges(capability_needs(root), [](int capability) {
        return ::capng_have_capability(CAPNG_EFFECTIVE, static_cast<unsigned>(capability)) == 1;
    });
}

Result<Privileges> check_privileges(std::span<const CapabilityNeed> needs, const HasCapability &has)
{
    Privileges privileges;
    std::string required;
    std::string missing_required;
    std::string missing_uses;
    for (const auto &need : needs) {
        if (need.required())
            required += fmt::format("{}{}", required.empty() ? "" : " and ", need.name);
        if (holds(need, has))
            continue;
        if (!need.required()) {
            privileges.missing.push_back(need);
            continue;
        }
        missing_required += fmt::format("{}{}", missing_required.empty() ? "" : " and ", need.name);
        missing_uses += fmt::format("{}{}", missing_uses.empty() ? "" : "; ", need.used);
    }
    if (!missing_required.empty())
        return fail("get ready to trace the kernel", fmt::format("{} missing, needed to: {}", missing_required, missing_uses),
                    fmt::format("run as root, or give it {}", required));
    return privileges;
}

} // namespace oomtrace
