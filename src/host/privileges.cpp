// SPDX-License-Identifier: Apache-2.0
#include "host/privileges.h"

#include <algorithm>
#include <array>
#include <cap-ng.h>
#include <cctype>
#include <cerrno>
#include <fmt/format.h>
#include <linux/capability.h>
#include <string>

#include "host/proc_file.h"

namespace oomtrace
{

namespace
{

constexpr CapabilityNeed score_adjustment_need{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE",
                                               "set its own oom_score_adj to -1000, and wait for memory "
                                               "instead of invoking the OOM killer",
                                               "the OOM killer may choose the tracer itself, or somebody for its sake"};
constexpr CapabilityNeed memory_lock_need{CAP_IPC_LOCK, "CAP_IPC_LOCK", "lock its own memory",
                                          "the tracer may stall on its own page faults while memory is short"};
constexpr CapabilityNeed symbol_need{CAP_SYSLOG, "CAP_SYSLOG", "read the addresses of kernel symbols, and the kernel's log",
                                     "kernel stacks show addresses instead of names, and no incident is held against the "
                                     "kernel's own report"};
constexpr std::array needs_with_cap_bpf{
    CapabilityNeed{CAP_BPF, "CAP_BPF", "load the BPF programs and their maps", {}},
    CapabilityNeed{CAP_PERFMON, "CAP_PERFMON", "attach them to the kernel and read its memory", {}},
    score_adjustment_need,
    memory_lock_need,
    symbol_need,
};

constexpr std::array needs_before_cap_bpf{
    CapabilityNeed{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "load BPF programs and attach them (this kernel has no CAP_BPF)", {}},
    // Before 5.11 the memory of BPF maps counts against RLIMIT_MEMLOCK, which only this capability may raise.
    CapabilityNeed{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", "raise the limit on memory for BPF maps", {}},
    memory_lock_need,
    symbol_need,
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

Result<std::vector<std::string>> keep_only_tracing_capabilities(const std::filesystem::path &root)
{
    constexpr const char *attempted = "let go of the capabilities that are not needed any more";
    if (::capng_get_caps_process() != 0)
        return fail(attempted, "libcap-ng could not read them", "is /proc mounted?");
    const bool split = capability_needs(root).data() == needs_with_cap_bpf.data();
    std::vector<int> wanted{CAP_IPC_LOCK, CAP_DAC_READ_SEARCH};
    if (split && ::capng_have_capability(CAPNG_EFFECTIVE, CAP_BPF) == 1)
        wanted.insert(wanted.end(), {CAP_BPF, CAP_PERFMON});
    else
        wanted.push_back(CAP_SYS_ADMIN);
    std::vector<std::string> kept;
    std::vector<int> had;
    for (const int capability : wanted) {
        if (::capng_have_capability(CAPNG_EFFECTIVE, static_cast<unsigned>(capability)) != 1)
            continue;
        had.push_back(capability);
        std::string name = ::capng_capability_to_name(static_cast<unsigned>(capability));
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
        kept.push_back("CAP_" + name);
    }
    // The bounding set can only be cut with CAP_SETPCAP; what is not permitted cannot be taken up again without it either, as
    // nothing is executed.
    const bool bounding = ::capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) == 1;
    const capng_select_t sets = bounding ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS;
    ::capng_clear(sets);
    for (const int capability : had) {
        const int types = CAPNG_EFFECTIVE | CAPNG_PERMITTED | (bounding ? CAPNG_BOUNDING_SET : 0);
        ::capng_update(CAPNG_ADD, static_cast<capng_type_t>(types), static_cast<unsigned>(capability));
    }
    if (const int status = ::capng_apply(sets); status != 0)
        return fail(attempted, fmt::format("libcap-ng could not set them ({})", status));
    return kept;
}

} // namespace oomtrace
