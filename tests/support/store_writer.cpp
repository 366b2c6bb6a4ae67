// SPDX-License-Identifier: Apache-2.0
//
// store_writer FILE ROUND     stores incidents until it is killed, some large, some small, with limits that take old ones out,
// and
//                             prints the id of each once the store has acknowledged it
// store_writer --check FILE   prints the ids in the store, each having been read whole; exit status 1 when one could not be
#include <cstdio>
#include <string>

#include <unistd.h>

#include "explain/explain.h"
#include "store/store_sink.h"
#include "support/sample_incident.h"

namespace
{

using namespace oomtrace;

constexpr std::uint64_t rounds_of_one_id = 1'000'000;

void acknowledge(const std::string &id)
{
    const std::string line = id + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        ::_exit(3);
}

int store_until_killed(const char *file, std::uint64_t round)
{
    StoreSinkOptions options;
    options.path = file;
    options.limits = {{}, {}, std::uint64_t{256} << 20}; // what is acknowledged must not be taken out by age
    options.queue.batch_items = 8;
    options.on_stored = acknowledge;
    options.on_news = [](const StoreNews &news) {
        std::fprintf(stderr, "%s: %s\n", news.error.attempted.c_str(), news.error.reason.c_str());
        ::_exit(4);
    };
    const auto sink = StoreSink::start(std::move(options));
    if (!sink)
        return 2;
    Incident incident = sample::memcg_kill();
    for (std::uint64_t number = 0;; ++number) {
        incident.id = std::to_string(round * rounds_of_one_id + number);
        incident.realtime_ns += 1'000'000;
        // Some that need overflow pages, which a torn write would show in.
        incident.kernel_message = std::string(number % 5 == 0 ? 100'000 : 10, static_cast<char>('a' + number % 26));
        (void)(*sink)->on_incident(incident, explain(incident));
        if (number % 3 == 0)
            (void)(*sink)->flush();
    }
}

int check(const char *file)
{
    auto store = IncidentStore::open_for_writing(file, {}, [] { return std::int64_t{1}; });
    if (!store) {
        std::fprintf(stderr, "%s: %s\n", store.error().error.attempted.c_str(), store.error().error.reason.c_str());
        return 1;
    }
    IncidentFilter all;
    all.limit = 10'000'000;
    const auto incidents = (*store)->list(all);
    if (!incidents) {
        std::fprintf(stderr, "%s\n", incidents.error().reason.c_str());
        return 1;
    }
    for (const IncidentSummary &summary : *incidents) {
        const auto found = (*store)->find(summary.id);
        if (!found || !*found || (*found)->json.find("\"id\":\"" + summary.id + "\"") == std::string::npos ||
            (*found)->report.find(summary.id) == std::string::npos) {
            std::fprintf(stderr, "incident %s is not whole\n", summary.id.c_str());
            return 1;
        }
        std::printf("%s\n", summary.id.c_str());
    }
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    return std::string(argv[1]) == "--check" ? check(argv[2]) : store_until_killed(argv[1], std::stoull(argv[2]));
}
