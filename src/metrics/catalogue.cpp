// SPDX-License-Identifier: Apache-2.0
#include "metrics/catalogue.h"

#include <algorithm>

#include "oomtrace/incident.h"

namespace oomtrace::metrics
{

namespace
{

using Values = std::span<const std::string_view>;

// The names of an enumeration from its first to its last.
template <typename Enum>
std::vector<std::string> names_up_to(Enum last)
{
    std::vector<std::string> names;
    for (int value = 0; value <= static_cast<int>(last); ++value)
        names.emplace_back(name_of(static_cast<Enum>(value)));
    return names;
}

std::vector<std::string> constraint_names()
{
    auto names = names_up_to(Constraint::memcg);
    names.emplace_back("unknown");
    return names;
}

Label scope_label()
{
    return {"scope", "whose memory ran out: the host's, a cgroup's, or nobody's (SysRq f)", names_up_to(Scope::unknown)};
}

// A cgroup's OOM is never a cpuset's, and none of the others is a cgroup's.
bool constraint_can_be(Values values)
{
    const std::string_view scope = values[0];
    const std::string_view constraint = values[1];
    if (scope == "memcg")
        return constraint == "memcg";
    if (scope == "unknown")
        return constraint == "unknown";
    return constraint != "memcg" && (scope == "global" || constraint == "none" || constraint == "unknown");
}

// From a page fault's worth of time to the minutes that a process with much memory takes to exit.
std::vector<double> duration_buckets()
{
    return {0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60};
}

std::vector<MetricSpec> oom_metrics()
{
    return {
        {.metric = Metric::oom_invocations,
         .name = "oomtrace_oom_invocations",
         .help = "Times that the kernel's OOM killer was invoked, whether or not it killed.",
         .read = "The first to look at. scope=\"global\" is a host in need, scope=\"memcg\" a container at its limit; "
                 "outcome=\"no_killable_task\" and \"panic\" want a person at once.",
         .labels = {scope_label(),
                    {"constraint", "what confined the allocation", constraint_names()},
                    {"outcome", "how it ended", names_up_to(Outcome::unknown)}},
         .can_be = constraint_can_be},
        {.metric = Metric::kills,
         .name = "oomtrace_kills",
         .help = "Processes that OOMs killed, each of a group and each that shared memory with a victim counted.",
         .read = "More kills than invocations: memory.oom.group, or processes that share memory.",
         .labels = {scope_label(), {"why", "why this process died", names_up_to(KillWhy::already_exiting)}}},
        {.metric = Metric::victims,
         .name = "oomtrace_victims",
         .help = "Victims that the OOM killer chose, by whose they were.",
         .read = "Who loses. A label that is not there is not known, or there is none: a service of the host has a unit and no "
                 "pod.",
         .labels = {{"namespace", "Kubernetes namespace", {}},
                    {"pod", "Kubernetes pod: its name, or its uid where the host has no name for it", {}},
                    {"container", "name of the container, else the first 12 digits of its id, else the machine's name", {}},
                    {"unit", "systemd unit, of the system's manager or of a user's", {}}},
         .series_limit = default_victim_series,
         .gives_way_after = std::chrono::hours(24)},
        {.metric = Metric::oom_duration,
         .name = "oomtrace_oom_duration_seconds",
         .type = MetricType::histogram,
         .unit = "seconds",
         .help = "Time from the invocation of the OOM killer to a stage of the OOM.",
         .read = "A host is stuck until \"release\". Seconds there mean a victim that does not die: look at the incident.",
         .labels = {{"until", "the stage", {"choice", "kill", "reap", "exit", "release"}}},
         .buckets = duration_buckets()},
        {.metric = Metric::candidates,
         .name = "oomtrace_candidates",
         .type = MetricType::histogram,
         .help = "Tasks that were weighed in an OOM.",
         .read = "What a scan costs grows with it.",
         .buckets = {1, 3, 10, 30, 100, 300, 1000, 3000, 10000, 30000}},
        {.metric = Metric::returned,
         .name = "oomtrace_returned_bytes",
         .type = MetricType::histogram,
         .unit = "bytes",
         .help = "Memory that came back from the victims of an OOM, where it was seen coming back.",
         .read = "OOMs that give back little come again.",
         .labels = {scope_label()},
         .buckets = {1048576, 4194304, 16777216, 67108864, 268435456, 1073741824, 4294967296, 17179869184, 68719476736}},
        {.metric = Metric::reclaim_rounds,
         .name = "oomtrace_reclaim_rounds",
         .help = "Rounds of reclaim that requests went through before they invoked the OOM killer.",
         .read = "Many per invocation: the host thrashed before it killed."},
        {.metric = Metric::compaction_checks,
         .name = "oomtrace_compaction_checks",
         .help = "Times that the page allocator considered another compaction for requests that then invoked the OOM killer.",
         .read = "Requests for blocks of several pages: memory may be free and in pieces."},
        {.metric = Metric::zone_free,
         .name = "oomtrace_zone_free_bytes",
         .type = MetricType::gauge,
         .unit = "bytes",
         .help = "Free memory of a zone at the last OOM of the host's own memory.",
         .read = "Below the min watermark: this zone could not give.",
         .labels = {{"node", "NUMA node", {}}, {"zone", "memory zone", {}}},
         .series_limit = 64,
         .known_later = true},
        {.metric = Metric::zone_watermark,
         .name = "oomtrace_zone_watermark_bytes",
         .type = MetricType::gauge,
         .unit = "bytes",
         .help = "Watermarks of a zone at the last OOM of the host's own memory, boost included.",
         .read = "Beside oomtrace_zone_free_bytes.",
         .labels = {{"node", "NUMA node", {}},
                    {"zone", "memory zone", {}},
                    {"mark", "which watermark", {"min", "low", "high"}}},
         .series_limit = 192,
         .known_later = true},
        {.metric = Metric::last_incident,
         .name = "oomtrace_last_incident_timestamp_seconds",
         .type = MetricType::gauge,
         .unit = "seconds",
         .help = "When the OOM killer was last invoked, in seconds since the Unix epoch; 0: not since the agent's start.",
         .read = "scope=\"global\" is also the time that the figures of the zones are from.",
         .labels = {scope_label()}},
        {.metric = Metric::adjustments,
         .name = "oomtrace_oom_score_adj_changes",
         .help = "Changes of the oom_score_adj of any process, since the agent's start.",
         .read = "Who changes it changes whom the next OOM will choose. Container runtimes do with every container that they "
                 "start; many more than that come from something that keeps setting it."},
    };
}

std::vector<MetricSpec> trust_metrics()
{
    return {
        {.metric = Metric::kernel_oom_kills,
         .name = "oomtrace_kernel_oom_kills",
         .help = "Kills that the kernel itself has counted since it booted (oom_kill of /proc/vmstat).",
         .read = "The kernel's own witness, agent or no agent."},
        {.metric = Metric::kills_unexplained,
         .name = "oomtrace_kills_unexplained",
         .help = "Kills that the kernel counted and that oomtrace did not see, as its incidents found when they compared.",
         .read = "Anything but 0 is a defect of oomtrace or a hook that is not attached: report it."},
        {.metric = Metric::incidents_incomplete,
         .name = "oomtrace_incidents_incomplete",
         .help = "Incidents that miss something, and say what.",
         .read = "With records lost, raise --ring-size."},
        {.metric = Metric::incidents_before_start,
         .name = "oomtrace_incidents_before_start",
         .help = "Incidents taken from the kernel's log because they are from before the agent's start; counted nowhere else.",
         .read = "After a restart, how much was made up for."},
        {.metric = Metric::scores_compared,
         .name = "oomtrace_scores_compared",
         .help = "Scores of tasks that were worked out again from their sizes, by what the comparison with the kernel's gave.",
         .read = "Mismatched ones: this kernel scores in a way that oomtrace does not know. Report it.",
         .labels = {{"result", "what came out", {"matched", "mismatched", "not_comparable"}}}},
        {.metric = Metric::kernel_log_values_compared,
         .name = "oomtrace_kernel_log_values_compared",
         .help = "Values that both an incident and the kernel's own report of it have.",
         .read = "0 with incidents: the kernel's log could not be read."},
        {.metric = Metric::kernel_log_mismatches,
         .name = "oomtrace_kernel_log_mismatches",
         .help = "Of these, the values that differ.",
         .read = "The incident lists them (checks.kernel_log)."},
    };
}

std::vector<MetricSpec> agent_metrics()
{
    return {
        {.metric = Metric::ready,
         .name = "oomtrace_ready",
         .type = MetricType::gauge,
         .help = "1 while all of the agent is in place: what /readyz says.",
         .read = "0: /readyz has the reason: it still takes in the kernel's log, its store cannot be used, or it is stopping."},
        {.metric = Metric::hooks_attached,
         .name = "oomtrace_hooks_attached",
         .type = MetricType::gauge,
         .help = "Hooks that are attached to the kernel, by the attach method in use.",
         .read = "All 0: nothing is watched. \"oomtrace doctor\" on that host says why.",
         .labels = {{"method", "attach method", {"fentry", "kprobe", "tracepoint"}}}},
        {.metric = Metric::records,
         .name = "oomtrace_records",
         .help = "Records that were read from the kernel's ring buffer or made beside it.",
         .read = "How busy it is."},
        {.metric = Metric::records_lost,
         .name = "oomtrace_records_lost",
         .help = "Records that were lost or not made.",
         .read = "ring_full: make the ring larger. The incidents concerned say that they are incomplete.",
         .labels = {{"reason", "what stood in the way", loss_reasons()}}},
        {.metric = Metric::series_folded,
         .name = "oomtrace_series_folded",
         .help = "Values that went into a series \"other\", because the family had as many series as it may have.",
         .read = "Raise the limit of victim series if the names matter; the incidents have them in any case.",
         .labels = {{"metric",
                     "the family",
                     {"oomtrace_victims", "oomtrace_zone_free_bytes", "oomtrace_zone_watermark_bytes"}}}},
        {.metric = Metric::sink_failures,
         .name = "oomtrace_sink_failures",
         .help = "Incidents that could not be written somewhere.",
         .read = "The agent's log says why. An incident that one sink misses is in the others.",
         .labels = {{"sink", "where to", sink_names()}}},
        {.metric = Metric::store_up,
         .name = "oomtrace_store_up",
         .type = MetricType::gauge,
         .help = "1 while the incident store can be written; 0 while it cannot, and without a store.",
         .read = "0 with a store configured: disk full, read-only, or corrupt. The agent goes on and tries again."},
        {.metric = Metric::store_size,
         .name = "oomtrace_store_size_bytes",
         .type = MetricType::gauge,
         .unit = "bytes",
         .help = "Size of the incident store on disk; 0 without one.",
         .read = "Bounded by the retention that is configured."},
        {.metric = Metric::store_incidents,
         .name = "oomtrace_store_incidents",
         .type = MetricType::gauge,
         .help = "Incidents that can be asked for on this agent's HTTP interface.",
         .read = "Without a store, those that are kept in memory."},
        {.metric = Metric::store_queue,
         .name = "oomtrace_store_queue",
         .type = MetricType::gauge,
         .help = "Incidents that wait to be written to the store.",
         .read = "Above 0 for long: the disk is slow or the store is down."},
        {.metric = Metric::store_lost,
         .name = "oomtrace_store_incidents_lost",
         .help = "Incidents that the store never got, because it was down for longer than the queue has room for.",
         .read = "They are in the journal and in the counters, not in the history."},
        {.metric = Metric::bpf_statistics,
         .name = "oomtrace_bpf_statistics_enabled",
         .type = MetricType::gauge,
         .help = "1 while the kernel measures BPF programs; else the two below are not measured and stay as they are.",
         .read = "The sysctl kernel.bpf_stats_enabled, or the agent's own request, switches it on for every BPF program of the "
                 "host."},
        {.metric = Metric::bpf_runs,
         .name = "oomtrace_bpf_runs",
         .help = "Runs of oomtrace's BPF programs while they were measured.",
         .read = "With the one below, what a hook costs."},
        {.metric = Metric::bpf_run_time,
         .name = "oomtrace_bpf_run_seconds",
         .unit = "seconds",
         .help = "Time that oomtrace's BPF programs ran while they were measured.",
         .read = "With the one above, what a hook costs."},
        {.metric = Metric::http_requests,
         .name = "oomtrace_http_requests",
         .help = "Requests that the agent's HTTP interface answered, by status.",
         .read = "401 or 429 in numbers: somebody guesses passwords.",
         .labels = {{"code",
                     "HTTP status",
                     {"200", "304", "400", "401", "404", "405", "413", "414", "421", "429", "431", "500", "503"}}}},
        {.metric = Metric::http_connections_cut,
         .name = "oomtrace_http_connections_cut",
         .help = "Connections that the agent's HTTP interface closed on its own account.",
         .read = "too_slow: a client that did not finish in time, of malice or behind a bad network.",
         .labels = {{"reason", "why", {"too_many_from_address", "too_slow"}}}},
        {.metric = Metric::build,
         .name = "oomtrace_build",
         .type = MetricType::info,
         .help = "Always 1; the labels say what runs.",
         .read = "Which hosts still run the old one, and which watch by a method that sees less.",
         .labels = {{"version", "of oomtrace", {}}, {"attach_method", "the one in use", {}}, {"kernel", "its release", {}}},
         .series_limit = 1,
         .known_later = true},
        {.metric = Metric::start_time,
         .name = "oomtrace_start_time_seconds",
         .type = MetricType::gauge,
         .unit = "seconds",
         .help = "When the agent was started, in seconds since the Unix epoch.",
         .read = "Counters begin here."},
        {.metric = Metric::cpu,
         .name = "oomtrace_cpu_seconds",
         .unit = "seconds",
         .help = "Processor time that the agent has used.",
         .read = "Next to nothing, outside of a storm of OOMs."},
        {.metric = Metric::resident,
         .name = "oomtrace_resident_memory_bytes",
         .type = MetricType::gauge,
         .unit = "bytes",
         .help = "Resident memory of the agent.",
         .read = "Flat."},
        {.metric = Metric::open_fds,
         .name = "oomtrace_open_fds",
         .type = MetricType::gauge,
         .help = "Files that the agent has open.",
         .read = "Flat."},
    };
}

std::vector<MetricSpec> whole_catalogue()
{
    std::vector<MetricSpec> whole = oom_metrics();
    for (auto part : {trust_metrics(), agent_metrics()})
        whole.insert(whole.end(), part.begin(), part.end());
    return whole;
}

} // namespace

std::string_view name_of(MetricType type)
{
    switch (type) {
    case MetricType::counter:
        return "counter";
    case MetricType::gauge:
        return "gauge";
    case MetricType::histogram:
        return "histogram";
    case MetricType::info:
        return "info";
    }
    return "unknown";
}

const std::vector<std::string> &loss_reasons()
{
    static const std::vector<std::string> reasons = {"ring_full", "cgroup_table_full", "victim_table_full",
                                                     "too_deep",  "hook_was_running",  "not_understood"};
    return reasons;
}

const std::vector<std::string> &sink_names()
{
    static const std::vector<std::string> names = {"store", "journal", "json", "textfile"};
    return names;
}

std::string sample_name(const MetricSpec &spec)
{
    std::string name(spec.name);
    if (spec.type == MetricType::counter)
        name += "_total";
    if (spec.type == MetricType::info)
        name += "_info";
    return name;
}

bool MetricSpec::open() const
{
    return std::any_of(labels.begin(), labels.end(), [](const Label &label) { return label.values.empty(); });
}

const std::vector<MetricSpec> &catalogue()
{
    static const std::vector<MetricSpec> table = whole_catalogue();
    return table;
}

const MetricSpec &spec_of(Metric metric)
{
    return catalogue().at(static_cast<std::size_t>(metric));
}

} // namespace oomtrace::metrics
