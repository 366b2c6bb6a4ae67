// SPDX-License-Identifier: Apache-2.0
//
// scrape_cost: what a scrape costs with as many series as there can be, against its bounds: 2 ms and 256 KiB. Exit status 1
// where one is not kept. Twice: with names of a usual length, which reach the limit on series, and with long ones, which reach
// the limit on the bytes of labels.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "metrics/metrics_sink.h"
#include "support/full_metrics.h"

namespace
{

using namespace oomtrace;

constexpr double most_ms = 2;
constexpr std::size_t most_bytes = 256U << 10;

bool keeps_bounds(const char *names, std::size_t padding)
{
    metrics::MetricsSink sink({.version = "0", .kernel = "6", .attach_method = AttachMethod::fentry},
                              [] { return metrics::AgentHealth{}; });
    test::fill_to_the_limit(sink, padding);
    bool kept = true;
    for (const metrics::Format format : {metrics::Format::text, metrics::Format::openmetrics}) {
        std::vector<double> times;
        std::size_t size = 0;
        std::size_t lines = 0;
        for (int i = 0; i < 201; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            const std::string text = sink.scrape(format);
            times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
            size = text.size();
            lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
        }
        std::nth_element(times.begin(), times.begin() + 100, times.end());
        std::printf("%-12s %-12s %6.3f ms (median of 201)  %7zu bytes  %5zu lines\n", names,
                    format == metrics::Format::text ? "text" : "openmetrics", times[100], size, lines);
        kept = kept && times[100] <= most_ms && size <= most_bytes;
    }
    return kept;
}

} // namespace

int main()
{
    const bool usual = keeps_bounds("usual names", 0);
    const bool long_names = keeps_bounds("long names", 180);
    return usual && long_names ? 0 : 1;
}
