// SPDX-License-Identifier: Apache-2.0
//
// Which capabilities the tracer uses, for what, and which of them this process lacks.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "oomtrace/result.h"

namespace oomtrace
{

struct CapabilityNeed {
    int capability;         // CAP_* of linux/capability.h
    std::string_view name;  // "CAP_BPF"
    std::string_view used;  // "load the BPF programs and their maps"
    std::string_view loses; // without it; empty when nothing can be traced without it
    [[nodiscard]] bool required() const { return loses.empty(); }
};

// What a kernel asks for: from 5.8 on CAP_BPF and CAP_PERFMON, before that CAP_SYS_ADMIN. Told by whether the kernel knows
// CAP_BPF (<root>/proc/sys/kernel/cap_last_cap), not by its version.
std::span<const CapabilityNeed> capability_needs(const std::filesystem::path &root = "/");

// Asks about one capability by number.
using HasCapability = std::function<bool(int)>;

struct Privileges {
    std::vector<CapabilityNeed> missing; // optional ones only: tracing works, `loses` says what does not
};

// Fails when a required capability is not in the effective set, naming all of those and what they are for. CAP_SYS_ADMIN does
// in place of CAP_BPF and CAP_PERFMON, as it does for the kernel. The second form takes the answer from `has` instead of this
// process.
Result<Privileges> check_privileges(const std::filesystem::path &root = "/");
Result<Privileges> check_privileges(std::span<const CapabilityNeed> needs, const HasCapability &has);

// Lets go, for good, of every capability but those that reading what is attached, and files with the names of containers,
// takes: CAP_BPF and CAP_PERFMON (CAP_SYS_ADMIN where the kernel has not got them), CAP_IPC_LOCK, CAP_DAC_READ_SEARCH; of
// these, those that are there. Of this thread, so to be called before the first one is started. Gives the names of what is
// left.
Result<std::vector<std::string>> keep_only_tracing_capabilities(const std::filesystem::path &root = "/");

} // namespace oomtrace
