// SPDX-License-Identifier: Apache-2.0
//
// agent_health.h: what the agent says of itself at each scrape. Counts are totals since its start and never fall.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "oomtrace/kernel_event.h"

namespace oomtrace::metrics
{

struct HttpCounts {
    std::map<int, std::uint64_t> requests; // key: status; one that the catalogue does not know is counted as 500
    std::uint64_t too_many_from_address = 0;
    std::uint64_t too_slow = 0;
};

struct StoreHealth {
    bool up = false;
    std::uint64_t size_bytes = 0;
    std::uint64_t incidents = 0;
    std::uint64_t queued = 0;
    std::uint64_t lost = 0;
};

struct ProcessHealth {             // see host/own_process.h
    double start_time_seconds = 0; // since the Unix epoch
    double cpu_seconds = 0;
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_fds = 0;
};

struct BpfRunCounts {
    bool enabled = false;
    std::uint64_t runs = 0;
    std::uint64_t run_time_ns = 0;
};

struct AgentHealth {
    bool ready = false;
    AttachMethod attach_method = AttachMethod::unknown;
    std::uint64_t hooks_attached = 0;
    std::uint64_t records = 0;
    // oom_kill of /proc/vmstat, since the host booted. Absent: could not be read; the metric then stays as it was.
    std::optional<std::uint64_t> kernel_oom_kills;
    std::uint64_t adjustments = 0; // changes of any oom_score_adj, since the agent's start; 0 where they are not watched
    // Kills since the agent's start that vmstat shows and no incident explains, where the agent works that out. Absent: what
    // each incident found when it compared is added up.
    std::optional<std::uint64_t> unexplained_kills;
    std::map<std::string, std::uint64_t> sink_failures; // key: one of sink_names()
    StoreHealth store;
    BpfRunCounts bpf;
    HttpCounts http;
    ProcessHealth process;
};

} // namespace oomtrace::metrics
