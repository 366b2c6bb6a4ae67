// SPDX-License-Identifier: Apache-2.0
// identity_options.h: what may be told of who was killed, and where it is to be looked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace oomtrace
{

// Arguments hold secrets.
enum class CmdlineMode : std::uint8_t {
    program, // the first argument alone
    full,
    none,
};

struct IdentityOptions {
    CmdlineMode cmdline = CmdlineMode::program;
    std::filesystem::path host_root = "/"; // where the host's "/" lies, for the names of containers and pods
    std::string hostname;                  // what incidents call the host; empty: what the own UTS namespace does
    bool operator==(const IdentityOptions &) const = default;
};

} // namespace oomtrace
