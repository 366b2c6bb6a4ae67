// SPDX-License-Identifier: Apache-2.0
//
// tracer_setup.h: what every command that attaches to the kernel needs first.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "capture/kernel_description.h"
#include "capture/live_source.h"
#include "host/host_facts.h"
#include "host/system_state.h"
#include "oomtrace/result.h"

namespace oomtrace
{

struct TracerSetup {
    KernelDescription kernel; // to be moved to whoever attaches
    SystemStateReader system;
    wire_host host{};
    SessionOptions session; // ring and nodes sized from the host
};

// Checks that this process may trace at all (warns of optional capabilities that are missing), and reads the host.
Result<std::unique_ptr<TracerSetup>> set_up_tracer();

// What of a command's options is about the host and the session: `trace` and `agent` have the same.
template <typename Options>
void set_options(TracerSetup &setup, const Options &options)
{
    if (!options.identity.hostname.empty())
        set_hostname(setup.host, options.identity.hostname);
    SessionOptions &session = setup.session;
    session.method = options.method;
    session.cmdline = options.identity.cmdline;
    session.ring_bytes = options.ring_bytes.value_or(session.ring_bytes);
    session.walk_time_limit = options.walk_time_limit.value_or(session.walk_time_limit);
}

// Locks memory, keeps a heap reserve, lowers the own oom_score_adj; warns of each that is refused. `libraries`: whose code the
// command needs while the host has no memory, beside what every tracer does.
void protect_tracer(std::span<const std::string_view> libraries = {});

} // namespace oomtrace
