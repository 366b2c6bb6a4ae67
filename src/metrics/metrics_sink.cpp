// SPDX-License-Identifier: Apache-2.0
#include "metrics/metrics_sink.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "metrics/victim_labels.h"
#include "sinks/time_text.h"

namespace oomtrace::metrics
{

namespace
{

constexpr double ns_per_second = 1e9;

double number(std::uint64_t count)
{
    return static_cast<double>(count);
}

// Whether the victim was killed by this OOM, as far as was seen.
bool victim_killed(const Incident &incident)
{
    if (!incident.victim)
        return false;
    if (incident.outcome == Outcome::killed || incident.outcome == Outcome::group_kill)
        return true;
    return incident.outcome == Outcome::unknown &&
           std::any_of(incident.kills.begin(), incident.kills.end(), [](const KilledProcess &kill) { return kill.signalled; });
}

// The window of the host's count reaches from one incident to the next: that of the cgroup lies within it.
std::uint64_t unexplained_kills(const KillCheck &check)
{
    if (check.system)
        return check.system->counted > check.system->seen ? check.system->counted - check.system->seen : 0;
    if (check.memcg)
        return check.memcg->counted > check.memcg->seen ? check.memcg->counted - check.memcg->seen : 0;
    return 0;
}

} // namespace

MetricsSink::MetricsSink(const MetricsOptions &options, std::function<AgentHealth()> health)
    : registry_(options.victim_series), health_(std::move(health))
{
    registry_.set(Metric::build, {options.version, name_of(options.attach_method), options.kernel}, 1);
    for (const auto &[node, zone] : options.zones) {
        const std::string node_text = fmt::to_string(node);
        registry_.set(Metric::zone_free, {node_text, zone}, 0);
        for (const std::string_view mark : {"min", "low", "high"})
            registry_.set(Metric::zone_watermark, {node_text, zone, mark}, 0);
    }
}

Result<void> MetricsSink::on_incident(const Incident &incident, const Verdict &verdict)
{
    // The agent that ran before this one may have counted it, and a counter that starts above 0 is taken for an increase.
    if (incident.before_start) {
        registry_.add(Metric::incidents_before_start, {});
        return {};
    }
    count_outcome(incident);
    count_victim(incident);
    count_course(incident, verdict);
    if (incident.scope == Scope::global)
        note_zones(incident);
    count_checks(incident);
    return {};
}

Result<void> MetricsSink::on_loss(const LossTotals &totals)
{
    const auto &reasons = loss_reasons();
    std::size_t reason = 0;
    for (const std::uint64_t count : totals.dropped)
        registry_.raise_to(Metric::records_lost, {reasons.at(reason++)}, number(count));
    registry_.raise_to(Metric::records_lost, {reasons.at(reason++)}, number(totals.recursion_misses));
    registry_.raise_to(Metric::records_lost, {reasons.at(reason)}, number(totals.decode_errors));
    return {};
}

void MetricsSink::count_outcome(const Incident &incident)
{
    const std::string_view scope = name_of(incident.scope);
    const std::string_view constraint = incident.constraint ? name_of(*incident.constraint) : "unknown";
    registry_.add(Metric::oom_invocations, {scope, constraint, name_of(incident.outcome)});
    for (const KilledProcess &kill : incident.kills)
        registry_.add(Metric::kills, {scope, name_of(kill.why)});
    if (const auto realtime_ns = known_realtime_ns(incident))
        registry_.set(Metric::last_incident, {scope}, static_cast<double>(*realtime_ns) / ns_per_second);
}

void MetricsSink::count_victim(const Incident &incident)
{
    if (!victim_killed(incident))
        return;
    const VictimLabels labels = victim_labels(incident.victim->cgroup_identity);
    registry_.add(Metric::victims, {labels.pod_namespace, labels.pod, labels.container, labels.unit});
}

void MetricsSink::count_course(const Incident &incident, const Verdict &verdict)
{
    const Aftermath &after = incident.after;
    const std::array<std::pair<std::string_view, std::optional<std::uint64_t>>, 5> stages = {
        {{"choice", after.to_choice_ns},
         {"kill", after.to_kill_ns},
         {"reap", after.to_reap_ns},
         {"exit", after.to_exit_ns},
         {"release", after.to_release_ns}}};
    for (const auto &[stage, duration_ns] : stages) {
        if (duration_ns)
            registry_.observe(Metric::oom_duration, {stage}, number(*duration_ns) / ns_per_second);
    }
    if (verdict.victim.weighed != 0)
        registry_.observe(Metric::candidates, {}, number(verdict.victim.weighed));
    if (after.returned_bytes)
        registry_.observe(Metric::returned, {name_of(incident.scope)}, number(*after.returned_bytes));
    if (incident.before.reclaim)
        registry_.add(Metric::reclaim_rounds, {}, incident.before.reclaim->rounds);
    if (incident.before.compaction)
        registry_.add(Metric::compaction_checks, {}, incident.before.compaction->checks);
}

void MetricsSink::note_zones(const Incident &incident)
{
    for (const Node &node : incident.nodes) {
        const std::string node_text = fmt::to_string(node.node);
        for (const Zone &zone : node.zones) {
            registry_.set(Metric::zone_free, {node_text, zone.name}, number(zone.free_bytes));
            registry_.set(Metric::zone_watermark, {node_text, zone.name, "min"}, number(zone.min_bytes));
            registry_.set(Metric::zone_watermark, {node_text, zone.name, "low"}, number(zone.low_bytes));
            registry_.set(Metric::zone_watermark, {node_text, zone.name, "high"}, number(zone.high_bytes));
        }
    }
}

void MetricsSink::count_checks(const Incident &incident)
{
    if (!incident.completeness.complete)
        registry_.add(Metric::incidents_incomplete, {});
    registry_.add(Metric::scores_compared, {"matched"}, number(incident.scores.matched));
    registry_.add(Metric::scores_compared, {"mismatched"}, number(incident.scores.mismatched));
    registry_.add(Metric::scores_compared, {"not_comparable"}, number(incident.scores.not_comparable));
    registry_.add(Metric::kernel_log_values_compared, {}, number(incident.kernel_log_check.compared));
    registry_.add(Metric::kernel_log_mismatches, {}, number(incident.kernel_log_check.mismatches.size()));
    unexplained_ += unexplained_kills(incident.kill_check);
}

void MetricsSink::take_health(const AgentHealth &health)
{
    registry_.set(Metric::ready, {}, health.ready ? 1 : 0);
    for (const AttachMethod method : {AttachMethod::fentry, AttachMethod::kprobe, AttachMethod::tracepoint})
        registry_.set(Metric::hooks_attached, {name_of(method)},
                      method == health.attach_method ? number(health.hooks_attached) : 0);
    registry_.raise_to(Metric::records, {}, number(health.records));
    if (health.kernel_oom_kills)
        registry_.raise_to(Metric::kernel_oom_kills, {}, number(*health.kernel_oom_kills));
    registry_.raise_to(Metric::adjustments, {}, number(health.adjustments));
    registry_.raise_to(Metric::kills_unexplained, {}, number(health.unexplained_kills.value_or(unexplained_)));
    for (const std::string &sink : sink_names()) {
        const auto found = health.sink_failures.find(sink);
        registry_.raise_to(Metric::sink_failures, {sink}, found == health.sink_failures.end() ? 0 : number(found->second));
    }
    registry_.set(Metric::store_up, {}, health.store.up ? 1 : 0);
    registry_.set(Metric::store_size, {}, number(health.store.size_bytes));
    registry_.set(Metric::store_incidents, {}, number(health.store.incidents));
    registry_.set(Metric::store_queue, {}, number(health.store.queued));
    registry_.raise_to(Metric::store_lost, {}, number(health.store.lost));
    registry_.set(Metric::bpf_statistics, {}, health.bpf.enabled ? 1 : 0);
    registry_.raise_to(Metric::bpf_runs, {}, number(health.bpf.runs));
    registry_.raise_to(Metric::bpf_run_time, {}, number(health.bpf.run_time_ns) / ns_per_second);
    take_http(health.http);
    registry_.set(Metric::start_time, {}, health.process.start_time_seconds);
    registry_.raise_to(Metric::cpu, {}, health.process.cpu_seconds);
    registry_.set(Metric::resident, {}, number(health.process.resident_bytes));
    registry_.set(Metric::open_fds, {}, number(health.process.open_fds));
}

void MetricsSink::take_http(const HttpCounts &http)
{
    const std::vector<std::string> &codes = spec_of(Metric::http_requests).labels.front().values;
    std::map<std::string, std::uint64_t> by_code;
    for (const auto &[status, count] : http.requests) {
        const std::string code = fmt::to_string(status);
        by_code[std::find(codes.begin(), codes.end(), code) != codes.end() ? code : "500"] += count;
    }
    for (const auto &[code, count] : by_code)
        registry_.raise_to(Metric::http_requests, {code}, number(count));
    registry_.raise_to(Metric::http_connections_cut, {"too_many_from_address"}, number(http.too_many_from_address));
    registry_.raise_to(Metric::http_connections_cut, {"too_slow"}, number(http.too_slow));
}

std::string MetricsSink::scrape(Format format)
{
    take_health(health_());
    return exposition(registry_, format);
}

} // namespace oomtrace::metrics
