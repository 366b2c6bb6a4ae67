// SPDX-License-Identifier: Apache-2.0
#include "agent/health.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/own_process.h"
#include "metrics/catalogue.h"

namespace oomtrace
{

namespace
{

metrics::ProcessHealth process_health(double start_time_seconds)
{
    const OwnProcess process = read_own_process();
    return {start_time_seconds, process.cpu_seconds, process.resident_bytes, process.open_fds};
}

} // namespace

std::string not_ready(bool attached, bool caught_up, const StoreHealth *store)
{
    std::vector<std::string> reasons;
    if (!attached)
        reasons.emplace_back("the hooks are detached, because the agent is stopping");
    if (!caught_up)
        reasons.emplace_back("what the kernel's log holds from before the start is still taken in");
    if (store != nullptr && !store->working)
        reasons.push_back(
            fmt::format("the store cannot be used: {}", store->last_error ? store->last_error->reason : "not known why"));
    return fmt::format("{}", fmt::join(reasons, "; "));
}

AgentHealthReader::AgentHealthReader(const LiveSource &source, const SystemStateReader &system, bool bpf_statistics)
    : source_(source), system_(system), bpf_statistics_(bpf_statistics), start_time_seconds_(own_start_time_seconds())
{
}

metrics::AgentHealth AgentHealthReader::read() const
{
    metrics::AgentHealth health;
    const MethodAttempt &attempt = source_.session().attempt();
    health.ready = not_ready().empty();
    health.attach_method = attempt.method;
    health.hooks_attached =
        static_cast<std::uint64_t>(std::count_if(attempt.hooks.begin(), attempt.hooks.end(), [](const HookStatus &hook) {
            return hook.state == HookStatus::State::attached;
        }));
    health.records = source_.records();
    health.adjustments = source_.session().adjustments();
    if (const auto state = system_.read(); (state.valid & 1ULL << WIRE_SYS_VMSTAT_OOM_KILL) != 0)
        health.kernel_oom_kills = static_cast<std::uint64_t>(state.value[WIRE_SYS_VMSTAT_OOM_KILL]);
    if (sinks_ != nullptr) {
        for (const FanOutSink::Failures &failures : sinks_->failures()) {
            const auto &known = metrics::sink_names();
            if (std::find(known.begin(), known.end(), failures.sink) != known.end()) // the others cannot fail
                health.sink_failures[failures.sink] = failures.count;
        }
    }
    if (store_ != nullptr) {
        const StoreHealth store = store_->health();
        health.store.up = store.working;
        // What it could not write and still means to.
        health.sink_failures["store"] += std::accumulate(store.failures.begin(), store.failures.end(), std::uint64_t{0});
        health.store.size_bytes = store.facts.file_bytes;
        health.store.incidents = store.facts.incidents;
        health.store.queued = store.queued;
        health.store.lost = store.dropped_queue_full + store.dropped_too_large + store.dropped_refused;
    }
    if (server_ != nullptr) {
        const http::HttpStatistics served = server_->statistics();
        health.http.requests.insert(served.requests.begin(), served.requests.end());
        health.http.too_many_from_address = served.too_many_from_address;
        health.http.too_slow = served.too_slow;
    }
    health.bpf.enabled = bpf_statistics_;
    if (bpf_statistics_) {
        for (const ProgramCost &cost : source_.session().program_costs()) {
            health.bpf.runs += cost.runs;
            health.bpf.run_time_ns += cost.run_ns;
        }
    }
    health.process = process_health(start_time_seconds_);
    return health;
}

std::string AgentHealthReader::not_ready() const
{
    if (store_ == nullptr)
        return oomtrace::not_ready(source_.attached(), source_.caught_up(), nullptr);
    const StoreHealth store = store_->health();
    return oomtrace::not_ready(source_.attached(), source_.caught_up(), &store);
}

} // namespace oomtrace
