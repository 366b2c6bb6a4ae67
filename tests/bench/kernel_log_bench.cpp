// SPDX-License-Identifier: Apache-2.0
//
// The reader of kernel logs alone, without file and output: bytes per second through a log without OOMs and one full of them.
#include <sstream>
#include <string>

#include <benchmark/benchmark.h>

#include "kernel_log/log_reader.h"
#include "support/report_file.h"

namespace
{

using oomtrace::Incident;
using oomtrace::kernel_log::LogReader;
using oomtrace::test::report_text;

std::string quiet_log()
{
    std::string log;
    for (int i = 0; i < 100'000; ++i) {
        const std::string number = std::to_string(i);
        log += "Nov 25 02:22:36 db1 systemd[1]: Started Session " + number + " of user room7.\n";
        log += "Nov 25 02:22:36 db1 kernel: [" + number + ".123456] eth0: link becomes ready, zoom 5\n";
    }
    return log;
}

void read_log(benchmark::State &state, const std::string &log)
{
    std::uint64_t incidents = 0;
    for (auto _ : state) {
        LogReader reader([&](const Incident &incident) { incidents += incident.candidates.empty() ? 0 : 1; }, "bench");
        constexpr std::size_t piece = 256UL << 10;
        for (std::size_t at = 0; at < log.size(); at += piece)
            reader.feed(std::string_view(log).substr(at, piece));
        reader.finish();
    }
    benchmark::DoNotOptimize(incidents);
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(log.size()));
}

void without_ooms(benchmark::State &state)
{
    read_log(state, quiet_log());
}

// Each report differs from the others in its time, so that none counts as a repetition.
void full_of_ooms(benchmark::State &state)
{
    const std::string report = report_text("global-6.12.txt");
    std::string log;
    for (int i = 100; i < 600; ++i) {
        std::istringstream lines(report);
        for (std::string line; std::getline(lines, line);)
            log += "[" + std::to_string(i) + ".000000" + line.substr(line.find(']')) + "\n";
    }
    read_log(state, log);
}

BENCHMARK(without_ooms);
BENCHMARK(full_of_ooms);

} // namespace

BENCHMARK_MAIN();
