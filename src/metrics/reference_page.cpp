// SPDX-License-Identifier: Apache-2.0
#include "metrics/reference_page.h"

#include <fmt/format.h>

#include "metrics/catalogue.h"

namespace oomtrace::metrics
{

namespace
{

constexpr std::string_view introduction = R"(# Metrics of `oomtrace agent`

Written from the catalogue in `src/metrics/catalogue.cpp` by `oomtrace_metrics_page`; do not edit.

`/metrics` serves Prometheus' text format, and OpenMetrics to whoever asks for it in `Accept`. Names are those that PromQL uses.
A label value that is empty (not known, or there is none) is left out, which is the same to Prometheus. Every series whose labels
can be named in advance is there, at 0, from the start.

Counters begin at 0 with the agent. Incidents from before its start, which it takes from the kernel's log, are counted in
`oomtrace_incidents_before_start_total` alone. For alerts take `oomtrace_oom_invocations_total` and `oomtrace_kills_total`: a
series of `oomtrace_victims_total` begins with its first victim, of which `rate()` and `increase()` then know nothing.

)";

void append_labels(std::string &page, const MetricSpec &spec)
{
    if (spec.labels.empty())
        return;
    page += "\n| label | what it tells | values |\n|---|---|---|\n";
    for (const Label &label : spec.labels) {
        std::string values;
        for (const std::string &value : label.values)
            values += fmt::format("{}`{}`", values.empty() ? "" : ", ", value);
        page += fmt::format("| `{}` | {} | {} |\n", label.name, label.says, values.empty() ? "any" : values);
    }
}

void append_bounds(std::string &page, const MetricSpec &spec)
{
    if (!spec.buckets.empty()) {
        page += "\nBuckets, up to:";
        for (const double bound : spec.buckets)
            page += fmt::format(" {:.10g}", bound);
        page += ".\n";
    }
    if (spec.series_limit > 1)
        page +=
            fmt::format("\nAt most {} series{}.\n", spec.series_limit,
                        spec.known_later ? ""
                                         : ", unless configured otherwise, and 128 KiB of labels; what comes then is added to "
                                           "the one whose labels are all `other`");
    if (spec.gives_way_after.count() != 0)
        page += fmt::format("With all of them taken, one to which nothing was added for {} hours gives way to a new one.\n",
                            spec.gives_way_after.count());
}

} // namespace

std::string reference_page()
{
    std::string page(introduction);
    page += "| metric | type | |\n|---|---|---|\n";
    for (const MetricSpec &spec : catalogue())
        page += fmt::format("| [`{0}`](#{0}) | {1} | {2} |\n", sample_name(spec), name_of(spec.type), spec.help);
    for (const MetricSpec &spec : catalogue()) {
        page += fmt::format("\n## {}\n\n{}{}{}. {}\n\n{}\n", sample_name(spec), name_of(spec.type),
                            spec.unit.empty() ? "" : ", ", spec.unit, spec.help, spec.read);
        append_labels(page, spec);
        append_bounds(page, spec);
    }
    return page;
}

} // namespace oomtrace::metrics
