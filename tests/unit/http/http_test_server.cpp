// SPDX-License-Identifier: Apache-2.0
//
// http_test_server: the agent's HTTP over sample incidents, for http_server_test.py. Prints the port that it listens on, then
// serves until its stdin ends, and then how many requests it answered by status.
//
//     http_test_server [--listen HOST:PORT] [--tls CERT KEY] [--users FILE] [--connections N] [--per-address N] [--time MS]
//                      [--memory BYTES] [--empty | --hostile | --many N] [--not-ready REASON] [--failing] [--full-metrics]
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>

#include <fmt/format.h>

#include "http/http_server.h"
#include "http/recent_incidents.h"
#include "http/routes.h"
#include "metrics/metrics_sink.h"
#include "support/archived_incident.h"
#include "support/full_metrics.h"
#include "support/sample_incident.h"

namespace
{

using namespace oomtrace;

struct Arguments {
    http::HttpServerOptions server;
    bool empty = false, hostile = false, failing = false, full_metrics = false;
    int many = 0;
    std::string not_ready;
};

Arguments parse(int argc, char **argv)
{
    Arguments arguments;
    std::string listen = "127.0.0.1:0";
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        const auto next = [&] { return i + 1 < argc ? argv[++i] : ""; };
        if (name == "--listen")
            listen = next();
        else if (name == "--tls") {
            arguments.server.tls_certificate = next();
            arguments.server.tls_key = next();
        } else if (name == "--users")
            arguments.server.users = next();
        else if (name == "--connections")
            arguments.server.connections = static_cast<unsigned>(std::stoi(next()));
        else if (name == "--per-address")
            arguments.server.connections_per_address = static_cast<unsigned>(std::stoi(next()));
        else if (name == "--time")
            arguments.server.request_time = std::chrono::milliseconds(std::stoi(next()));
        else if (name == "--memory")
            arguments.server.connection_memory = static_cast<std::size_t>(std::stoi(next()));
        else if (name == "--many")
            arguments.many = std::stoi(next());
        else if (name == "--not-ready")
            arguments.not_ready = next();
        else if (name == "--empty")
            arguments.empty = true;
        else if (name == "--hostile")
            arguments.hostile = true;
        else if (name == "--failing")
            arguments.failing = true;
        else if (name == "--full-metrics")
            arguments.full_metrics = true;
    }
    const auto address = http::parse_listen_address(listen);
    if (!address) {
        std::cerr << address.error().attempted << ": " << address.error().reason << "\n";
        std::exit(1);
    }
    arguments.server.listen = *address;
    return arguments;
}

constexpr const char *hostile_name = "<script>alert(1)</script>\"'&\n\xff\x1b[2J";

Incident hostile()
{
    Incident incident = sample::memcg_kill();
    incident.victim->process.comm = hostile_name;
    for (CandidateTask &candidate : incident.candidates)
        candidate.process.comm = hostile_name;
    incident.trigger.process.comm = hostile_name;
    incident.memcg.path = std::string("/") + hostile_name;
    for (MemcgLevel &level : incident.memcg.levels)
        level.path = std::string("/") + hostile_name;
    incident.victim->cgroup_identity.pod_name = hostile_name;
    incident.victim->cgroup_identity.pod_namespace = hostile_name;
    incident.victim->cgroup_identity.container_name = hostile_name;
    return incident;
}

class FailingArchive final : public IncidentArchive
{
  public:
    Result<std::vector<IncidentSummary>> list(const IncidentFilter &) override { return error(); }
    Result<std::optional<ArchivedIncident>> find(std::string_view) override { return error(); }

  private:
    static tl::unexpected<Error> error() { return fail("read the store", "disk <i>full</i>", "make room"); }
};

} // namespace

int main(int argc, char **argv)
{
    const Arguments arguments = parse(argc, argv);
    auto recent = std::make_shared<http::RecentIncidents>(http::RecentLimits{.count = 1000, .bytes = 64 << 20}, test::archived);
    const http::HttpServer *running = nullptr;
    metrics::MetricsSink sink({.version = "0", .kernel = "6", .attach_method = AttachMethod::fentry}, [&] {
        metrics::AgentHealth health;
        if (running != nullptr) {
            for (const auto &[status, count] : running->statistics().requests)
                health.http.requests[status] = count;
        }
        return health;
    });
    std::vector<Incident> incidents;
    if (arguments.hostile)
        incidents = {hostile()};
    else if (arguments.many != 0)
        incidents.assign(static_cast<std::size_t>(arguments.many), sample::memcg_kill());
    else if (!arguments.empty)
        incidents = {sample::memcg_kill(), sample::global_kill(), sample::group_kill(), sample::no_killable_task()};
    std::int64_t index = 0;
    for (Incident &incident : incidents) {
        incident.id = fmt::format("b007b007-{}-abc", ++index);
        incident.realtime_ns = 1'772'334'765'000'000'000 + index * 60'000'000'000;
        (void)recent->on_incident(incident, explain(incident));
        (void)sink.on_incident(incident, explain(incident));
    }
    if (arguments.full_metrics)
        test::fill_to_the_limit(sink);
    std::shared_ptr<IncidentArchive> archive = recent;
    if (arguments.failing)
        archive = std::make_shared<FailingArchive>();
    auto server = http::HttpServer::start(
        arguments.server,
        http::make_routes({.scrape = [&](metrics::Format format) { return sink.scrape(format); },
                           .not_ready = [&] { return arguments.not_ready; },
                           .archive = archive,
                           .now_ns = [] { return std::int64_t{1'772'334'765'000'000'000} + 3'600'000'000'000; },
                           .hostname = arguments.hostile ? hostile_name : "host-1",
                           .version = "0.1.0"}));
    if (!server) {
        std::cerr << server.error().attempted << ": " << server.error().reason << "\n" << server.error().hint << "\n";
        return 1;
    }
    running = server->get();
    for (const std::string &warning : (*server)->warnings())
        std::cerr << warning << "\n";
    std::cout << (*server)->address().port() << std::endl;
    std::string line;
    while (std::getline(std::cin, line)) {
    }
    const http::HttpStatistics statistics = (*server)->statistics();
    server->reset();
    for (const auto &[status, count] : statistics.requests)
        std::cout << status << " " << count << "\n";
    std::cout << "too_many_from_address " << statistics.too_many_from_address << "\ntoo_slow " << statistics.too_slow << "\n";
    return 0;
}
