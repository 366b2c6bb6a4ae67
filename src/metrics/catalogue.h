// SPDX-License-Identifier: Apache-2.0
//
// catalogue.h: every metric in one table. The registry makes its series from it, and the reference page (docs/metrics.md) is
// written from it, so that what is documented is what is served.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace oomtrace::metrics
{

enum class Metric : std::uint8_t {
    oom_invocations,
    kills,
    victims,
    oom_duration,
    candidates,
    returned,
    reclaim_rounds,
    compaction_checks,
    zone_free,
    zone_watermark,
    last_incident,
    adjustments,
    kernel_oom_kills,
    kills_unexplained,
    incidents_incomplete,
    incidents_before_start,
    scores_compared,
    kernel_log_values_compared,
    kernel_log_mismatches,
    ready,
    hooks_attached,
    records,
    records_lost,
    series_folded,
    sink_failures,
    store_up,
    store_size,
    store_incidents,
    store_queue,
    store_lost,
    bpf_statistics,
    bpf_runs,
    bpf_run_time,
    http_requests,
    http_connections_cut,
    build,
    start_time,
    cpu,
    resident,
    open_fds,
};

enum class MetricType : std::uint8_t { counter, gauge, histogram, info };

std::string_view name_of(MetricType type);

struct Label {
    std::string_view name;
    std::string_view says;           // what a value of it tells; for the reference page
    std::vector<std::string> values; // the closed set, in the order in which it is served; empty: any value
};

struct MetricSpec {
    Metric metric = Metric::oom_invocations;
    // Of the family, with its unit and without "_total", "_info", "_bucket" and the like: the formats add these.
    std::string_view name;
    MetricType type = MetricType::counter;
    std::string_view unit{}; // "seconds", "bytes" or none
    std::string_view help;   // one line
    std::string_view read;   // what it tells the one who is paged; for the reference page
    std::vector<Label> labels{};
    std::vector<double> buckets{}; // upper bounds, ascending, without +Inf; of a histogram
    // Series that can be there at most, where a label is open; beyond it, values go to a series whose open labels are all
    // "other".
    std::size_t series_limit = 0;
    // With every place taken, a series that nothing has been added to for this long gives its place to a new one. 0: never.
    std::chrono::hours gives_way_after{0};
    // Not every combination of the labels can happen. Null: each can.
    bool (*can_be)(std::span<const std::string_view> values) = nullptr;
    // No series at the start: what it holds is not known before the first incident, or before somebody measures it.
    bool known_later = false;

    [[nodiscard]] bool open() const;
};

// In the order of enum Metric, which is the order in which they are served.
const std::vector<MetricSpec> &catalogue();
const MetricSpec &spec_of(Metric metric);

// As PromQL knows it: with "_total" or "_info". A histogram has only its "_bucket", "_sum" and "_count".
std::string sample_name(const MetricSpec &spec);

// The label values of Metric::records_lost, of which the first are those of enum wire_drop_reason, in its order.
const std::vector<std::string> &loss_reasons();
// The label values of Metric::sink_failures.
const std::vector<std::string> &sink_names();

// How many victims are told apart, unless the configuration says otherwise.
inline constexpr std::size_t default_victim_series = 1000;
// And how long the text of such a family's labels may become, whatever names somebody thinks of: a scrape stays below 256 KiB.
inline constexpr std::size_t most_label_bytes = 128U << 10;

} // namespace oomtrace::metrics
