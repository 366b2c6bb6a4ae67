// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/fan_out_sink.h"
#include "capture/live_source.h"
#include "host/system_state.h"
#include "http/http_server.h"
#include "metrics/agent_health.h"
#include "store/store_sink.h"

namespace oomtrace
{

// What is not in place, for /readyz; empty: all is. `store` may be null: none is kept.
std::string not_ready(bool attached, bool caught_up, const StoreHealth *store);

// What the agent says of itself at a scrape, on the thread that serves it. What it is given must outlive it.
class AgentHealthReader
{
  public:
    // `bpf_statistics`: the kernel counts what BPF programs cost.
    AgentHealthReader(const LiveSource &source, const SystemStateReader &system, bool bpf_statistics);

    // What is there only later, or not at all; null: it is not there (any more).
    void report_on(const FanOutSink *sinks) { sinks_ = sinks; }
    void report_on(StoreSink *store) { store_ = store; }
    void report_on(const http::HttpServer *server) { server_ = server; }

    [[nodiscard]] metrics::AgentHealth read() const;
    [[nodiscard]] std::string not_ready() const;

  private:
    const LiveSource &source_;
    const SystemStateReader &system_;
    bool bpf_statistics_;
    double start_time_seconds_;
    const FanOutSink *sinks_ = nullptr;
    StoreSink *store_ = nullptr;
    const http::HttpServer *server_ = nullptr;
};

} // namespace oomtrace
