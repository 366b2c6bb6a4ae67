// SPDX-License-Identifier: Apache-2.0
#include "agent/agent_options.h"

namespace oomtrace
{

AgentOptions take_up(const AgentOptions &running, const AgentOptions &wanted)
{
    AgentOptions options = running;
    options.store_max_age = wanted.store_max_age;
    options.store_max_incidents = wanted.store_max_incidents;
    options.store_max_bytes = wanted.store_max_bytes;
    options.web_tls_certificate = wanted.web_tls_certificate;
    options.web_tls_key = wanted.web_tls_key;
    options.web_auth_file = wanted.web_auth_file;
    options.web_max_connections = wanted.web_max_connections;
    return options;
}

std::vector<std::string> needs_restart(const AgentOptions &running, const AgentOptions &wanted)
{
    std::vector<std::string> names;
    const auto compare = [&](const char *name, auto member) {
        if (running.*member != wanted.*member)
            names.emplace_back(name);
    };
    compare("attach", &AgentOptions::method);
    compare("ring-size", &AgentOptions::ring_bytes);
    compare("walk-time-limit", &AgentOptions::walk_time_limit);
    compare("since-boot", &AgentOptions::since_boot);
    compare("bpf-stats", &AgentOptions::bpf_stats);
    if (running.identity.host_root != wanted.identity.host_root)
        names.emplace_back("host-root");
    if (running.identity.hostname != wanted.identity.hostname)
        names.emplace_back("hostname");
    if (running.identity.cmdline != wanted.identity.cmdline)
        names.emplace_back("cmdline");
    compare("store", &AgentOptions::store);
    compare("web.listen-address", &AgentOptions::web_listen_address);
    compare("metrics.max-series", &AgentOptions::metrics_max_series);
    compare("metrics.textfile", &AgentOptions::metrics_textfile);
    compare("journal", &AgentOptions::journal);
    compare("json-file", &AgentOptions::json_file);
    compare("json-file.max-size", &AgentOptions::json_file_max_bytes);
    compare("json-file.keep", &AgentOptions::json_file_keep);
    compare("lock-file", &AgentOptions::lock_file);
    return names;
}

} // namespace oomtrace
