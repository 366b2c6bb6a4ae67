// SPDX-License-Identifier: Apache-2.0
//
// agent_options.h: what `oomtrace agent` is told, by its configuration file and its command line. The names and what each one
// means stand in cli/agent_command_line.cpp and in deploy/agent.conf.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "capture/identity_options.h"
#include "oomtrace/kernel_event.h"

namespace oomtrace
{

struct AgentOptions {
    std::optional<AttachMethod> method;                      // empty: auto
    std::optional<std::size_t> ring_bytes;                   // empty: sized from the host
    std::optional<std::chrono::nanoseconds> walk_time_limit; // empty: SessionOptions'
    bool since_boot = true;                                  // take in what the kernel's log still holds
    bool bpf_stats = false;                                  // have the kernel count run time and runs of all BPF programs

    IdentityOptions identity;

    std::filesystem::path store = "/var/lib/oomtrace/incidents.db"; // empty: none
    std::chrono::seconds store_max_age = std::chrono::hours(24 * 90);
    std::uint64_t store_max_incidents = 10'000;
    std::uint64_t store_max_bytes = 256ULL << 20;

    std::string web_listen_address = "127.0.0.1:19637"; // empty: no port is opened
    std::filesystem::path web_tls_certificate, web_tls_key;
    std::filesystem::path web_auth_file; // "user:crypt(3) hash" lines
    unsigned web_max_connections = 32;

    std::uint64_t metrics_max_series = 1000; // of victims
    std::filesystem::path metrics_textfile;  // directory of node_exporter's textfile collector; empty: none

    bool journal = true;
    std::string json_file; // "-": stdout; empty: none
    std::uint64_t json_file_max_bytes = 64ULL << 20;
    unsigned json_file_keep = 4;

    std::filesystem::path lock_file = "/run/oomtrace/agent.lock";

    bool operator==(const AgentOptions &) const = default;
};

// The names of the options that differ and that a running agent cannot take up.
std::vector<std::string> needs_restart(const AgentOptions &running, const AgentOptions &wanted);

// `running`, with what a running agent can take up from `wanted`: the limits of the store, and how the web interface
// is served (not whether and where).
AgentOptions take_up(const AgentOptions &running, const AgentOptions &wanted);

} // namespace oomtrace
