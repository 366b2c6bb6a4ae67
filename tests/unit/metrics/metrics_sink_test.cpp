// SPDX-License-Identifier: Apache-2.0
#include "metrics/metrics_sink.h"

#include <array>
#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "explain/explain.h"
#include "metrics/textfile_sink.h"
#include "metrics/victim_labels.h"
#include "support/fixture_tree.h"
#include "support/sample_incident.h"

namespace oomtrace::metrics
{
namespace
{

using testing::HasSubstr;
using testing::Not;

struct Counted {
    AgentHealth health;
    MetricsSink sink{{.version = "9.9", .kernel = "6.12.0", .attach_method = AttachMethod::fentry, .zones = {{0, "DMA"}}},
                     [this] { return health; }};

    void count(const Incident &incident) { EXPECT_TRUE(sink.on_incident(incident, explain(incident))); }
    std::string text() { return "\n" + sink.scrape(Format::text); }
};

std::string line(const std::string &text)
{
    return "\n" + text + "\n";
}

TEST(MetricsSink, AContainerAtItsLimit)
{
    Counted counted;
    Incident incident = sample::memcg_kill();
    incident.victim->cgroup_identity.pod_namespace = "shop";
    incident.victim->cgroup_identity.pod_name = "db-0";
    incident.victim->cgroup_identity.container_name = "postgres";
    incident.victim->cgroup_identity.systemd_unit = "cri-containerd-0123.scope";
    incident.after.to_choice_ns = 2'000'000;
    incident.after.to_release_ns = 30'000'000;
    incident.after.returned_bytes = 3 * sample::mib;
    incident.before.reclaim.emplace().rounds = 5;
    incident.before.compaction.emplace().checks = 2;
    counted.count(incident);
    counted.count(incident);
    const std::string text = counted.text();
    EXPECT_THAT(text,
                HasSubstr(line(R"(oomtrace_oom_invocations_total{scope="memcg",constraint="memcg",outcome="killed"} 2)")));
    EXPECT_THAT(text, HasSubstr(line(R"(oomtrace_kills_total{scope="memcg",why="chosen"} 2)")));
    EXPECT_THAT(text, HasSubstr(line(R"(oomtrace_victims_total{namespace="shop",pod="db-0",container="postgres"} 2)")));
    EXPECT_THAT(text, HasSubstr(line(R"(oomtrace_oom_duration_seconds_bucket{until="choice",le="0.001"} 0)")));
    EXPECT_THAT(text, HasSubstr(line(R"(oomtrace_oom_duration_seconds_bucket{until="choice",le="0.005"} 2)")));
    EXPECT_THAT(text, HasSubstr(line(R"(oomtrace_oom_duration_seconds_sum{until="release"} 0.06)")));
    EXPECT_THAT(text, HasSubstr(line(R"(oomtrace_returned_bytes_bucket{scope="memcg",le="1048576.0"} 0)")));
    EXPECT_THAT(text, HasSubstr(line(R"(oomtrace_returned_bytes_bucket{scope="memcg",le="4194304.0"} 2)")));
    EXPECT_THAT(text, HasSubstr(line("oomtrace_reclaim_rounds_total 10")));
    EXPECT_THAT(text, HasSubstr(line("oomtrace_compaction_checks_total 4")));
    EXPECT_THAT(text, HasSubstr(line("oomtrace_candidates_count 2")));
    EXPECT_THAT(text, HasSubstr(line(R"(oomtrace_zone_free_bytes{node="0",zone="DMA"} 0)"))); // no global OOM yet
}

TEST(MetricsSink, AHostInNeed)
{
    Counted counted;
    const Incident incident = sample::global_kill();
    counted.count(incident);
    const std::string text = counted.text();
    ASSERT_FALSE(incident.nodes.empty());
    for (const Node &node : incident.nodes) {
        for (const Zone &zone : node.zones) {
            const std::string labels = "{node=\"" + std::to_string(node.node) + "\",zone=\"" + zone.name + "\"";
            EXPECT_THAT(text, HasSubstr(line("oomtrace_zone_free_bytes" + labels + "} " + std::to_string(zone.free_bytes))));
            EXPECT_THAT(text, HasSubstr(line("oomtrace_zone_watermark_bytes" + labels + ",mark=\"min\"} " +
                                             std::to_string(zone.min_bytes))));
            EXPECT_THAT(text, HasSubstr(line("oomtrace_zone_watermark_bytes" + labels + ",mark=\"low\"} " +
                                             std::to_string(zone.low_bytes))));
            EXPECT_THAT(text, HasSubstr(line("oomtrace_zone_watermark_bytes" + labels + ",mark=\"high\"} " +
                                             std::to_string(zone.high_bytes))));
        }
    }
    EXPECT_THAT(text, Not(HasSubstr("oomtrace_last_incident_timestamp_seconds{scope=\"global\"} 0\n")));
    EXPECT_THAT(text, HasSubstr(line(R"(oomtrace_last_incident_timestamp_seconds{scope="memcg"} 0)")));
}

TEST(MetricsSink, NobodyIsAVictimWhereNobodyWasKilled)
{
    Counted counted;
    for (const Incident &incident :
         {sample::no_killable_task(), sample::already_dying(), sample::aborted(), sample::notifier_freed(), sample::panic()})
        counted.count(incident);
    const std::string text = counted.text();
    EXPECT_THAT(text, HasSubstr(line("oomtrace_victims_total 0")));
    for (const std::string why : {"chosen", "oom_group", "shares_mm"})
        EXPECT_THAT(text, HasSubstr(line("oomtrace_kills_total{scope=\"memcg\",why=\"" + why + "\"} 0")));
    const std::array outcomes = {"no_killable_task", "victim_already_dying", "aborted", "notifier_freed", "panic"};
    for (const std::string outcome : outcomes)
        EXPECT_THAT(text, testing::ContainsRegex("outcome=\"" + outcome + "\"} 1\n")) << outcome;
}

TEST(MetricsSink, AGroupDiesTogether)
{
    Counted counted;
    const Incident incident = sample::group_kill();
    counted.count(incident);
    double kills = 0;
    const std::string text = counted.text();
    for (const std::string why : {"chosen", "oom_group", "shares_mm", "already_exiting"}) {
        const std::string name = "\noomtrace_kills_total{scope=\"memcg\",why=\"" + why + "\"} ";
        const auto at = text.find(name);
        ASSERT_NE(at, std::string::npos) << name;
        kills += std::stod(text.substr(at + name.size()));
    }
    EXPECT_EQ(kills, incident.kills.size());
    EXPECT_THAT(text, HasSubstr(line("oomtrace_victims_total 1"))); // whose it was is not known
}

TEST(MetricsSink, WhatWasBeforeTheStartIsCountedApart)
{
    Counted counted;
    const std::string before = counted.text();
    Incident incident = sample::memcg_kill();
    incident.before_start = true;
    counted.count(incident);
    std::string expected = before;
    const std::string at_zero = line("oomtrace_incidents_before_start_total 0");
    expected.replace(expected.find(at_zero), at_zero.size(), line("oomtrace_incidents_before_start_total 1"));
    EXPECT_EQ(counted.text(), expected);
}

TEST(MetricsSink, ChecksAndLosses)
{
    Counted counted;
    Incident incident = sample::incomplete();
    incident.scores.matched = 10;
    incident.scores.mismatched = 2;
    incident.kernel_log_check.compared = 40;
    incident.kernel_log_check.mismatches = {{"victim.pid", "1", "2"}};
    incident.kill_check.system = KillCheck::System{.counted = 5, .seen = 2};
    counted.count(incident);
    incident.kill_check.system = KillCheck::System{.counted = 2, .seen = 5};
    counted.count(incident);
    EXPECT_TRUE(counted.sink.on_loss({.dropped = {1, 2, 3, 4}, .recursion_misses = 5, .decode_errors = 6}));
    std::string text = counted.text();
    EXPECT_THAT(text, HasSubstr(line("oomtrace_incidents_incomplete_total 2")));
    EXPECT_THAT(text, HasSubstr(line(R"(oomtrace_scores_compared_total{result="mismatched"} 4)")));
    EXPECT_THAT(text, HasSubstr(line("oomtrace_kernel_log_values_compared_total 80")));
    EXPECT_THAT(text, HasSubstr(line("oomtrace_kernel_log_mismatches_total 2")));
    EXPECT_THAT(text, HasSubstr(line("oomtrace_kills_unexplained_total 3")));
    int count = 0;
    for (const std::string &reason : loss_reasons())
        EXPECT_THAT(text, HasSubstr(line("oomtrace_records_lost_total{reason=\"" + reason + "\"} " + std::to_string(++count))));
    counted.health.unexplained_kills = 4;
    EXPECT_THAT(counted.text(), HasSubstr(line("oomtrace_kills_unexplained_total 4")));
}

TEST(MetricsSink, HealthOfTheAgent)
{
    Counted counted;
    counted.health = {
        .ready = true,
        .attach_method = AttachMethod::kprobe,
        .hooks_attached = 17,
        .records = 1234,
        .kernel_oom_kills = 8,
        .adjustments = 21,
        .unexplained_kills = std::nullopt,
        .sink_failures = {{"store", 3}, {"journal", 1}},
        .store = {.up = true, .size_bytes = 4096, .incidents = 9, .queued = 2, .lost = 1},
        .bpf = {.enabled = true, .runs = 10, .run_time_ns = 1'500'000},
        .http = {.requests = {{200, 5}, {404, 1}, {418, 2}}, .too_many_from_address = 6, .too_slow = 7},
        .process = {.start_time_seconds = 1772334765.25, .cpu_seconds = 0.5, .resident_bytes = 8192, .open_fds = 12}};
    const std::string text = counted.text();
    for (const char *expected : {"oomtrace_ready 1",
                                 R"(oomtrace_hooks_attached{method="fentry"} 0)",
                                 R"(oomtrace_hooks_attached{method="kprobe"} 17)",
                                 "oomtrace_records_total 1234",
                                 "oomtrace_kernel_oom_kills_total 8",
                                 "oomtrace_oom_score_adj_changes_total 21",
                                 R"(oomtrace_sink_failures_total{sink="store"} 3)",
                                 R"(oomtrace_sink_failures_total{sink="textfile"} 0)",
                                 "oomtrace_store_up 1",
                                 "oomtrace_store_size_bytes 4096",
                                 "oomtrace_store_incidents 9",
                                 "oomtrace_store_queue 2",
                                 "oomtrace_store_incidents_lost_total 1",
                                 "oomtrace_bpf_statistics_enabled 1",
                                 "oomtrace_bpf_runs_total 10",
                                 "oomtrace_bpf_run_seconds_total 0.0015",
                                 R"(oomtrace_http_requests_total{code="200"} 5)",
                                 R"(oomtrace_http_requests_total{code="404"} 1)",
                                 R"(oomtrace_http_requests_total{code="500"} 2)",
                                 R"(oomtrace_http_connections_cut_total{reason="too_many_from_address"} 6)",
                                 R"(oomtrace_http_connections_cut_total{reason="too_slow"} 7)",
                                 "oomtrace_start_time_seconds 1772334765.25",
                                 "oomtrace_cpu_seconds_total 0.5",
                                 "oomtrace_resident_memory_bytes 8192",
                                 "oomtrace_open_fds 12",
                                 R"(oomtrace_build_info{version="9.9",attach_method="fentry",kernel="6.12.0"} 1)"})
        EXPECT_THAT(text, HasSubstr(line(expected)));
}

TEST(MetricsSink, IsScrapedWhileItCounts)
{
    Counted counted;
    const Incident incident = sample::memcg_kill();
    const Verdict verdict = explain(incident);
    std::atomic<bool> stop{false};
    std::thread scraper([&] {
        while (!stop)
            EXPECT_TRUE(counted.sink.scrape(Format::openmetrics).ends_with("# EOF\n"));
    });
    constexpr int rounds = 3000;
    for (int i = 0; i < rounds; ++i) {
        Incident next;
        next.outcome = Outcome::killed;
        next.scope = Scope::memcg;
        next.victim.emplace().cgroup_identity.pod_name = std::to_string(i);
        EXPECT_TRUE(counted.sink.on_incident(i % 2 == 0 ? incident : next, verdict));
    }
    stop = true;
    scraper.join();
    EXPECT_THAT(counted.text(), HasSubstr(line(R"(oomtrace_kills_total{scope="memcg",why="chosen"} 1500)")));
}

TEST(VictimLabels, WhoseItWas)
{
    EXPECT_EQ(victim_labels({}), VictimLabels{});
    CgroupIdentity identity;
    identity.systemd_unit = "user@1000.service";
    EXPECT_EQ(victim_labels(identity), (VictimLabels{"", "", "", "user@1000.service"}));
    identity.systemd_user_unit = "app-firefox.scope";
    EXPECT_EQ(victim_labels(identity), (VictimLabels{"", "", "", "app-firefox.scope"}));
    identity.container_id = "0123456789abcdef0123456789abcdef";
    EXPECT_EQ(victim_labels(identity), (VictimLabels{"", "", "0123456789ab", ""}));
    identity.pod_uid = "1b4e28ba-2fa1-11d2-883f-0016d3cca427";
    EXPECT_EQ(victim_labels(identity), (VictimLabels{"", "1b4e28ba-2fa1-11d2-883f-0016d3cca427", "0123456789ab", ""}));
    CgroupIdentity machine;
    machine.machine = "buster";
    EXPECT_EQ(victim_labels(machine), (VictimLabels{"", "", "buster", ""}));
}

TEST(TextfileSink, PutsAWholeFileInPlaceForTheCollector)
{
    const test::FixtureTree tree;
    const std::filesystem::path directory = tree.at("/");
    Counted counted;
    TextfileSink sink(counted.sink, directory);
    const ::mode_t mask = ::umask(0077);
    ASSERT_TRUE(sink.write());
    ::umask(mask);
    const auto path = directory / "oomtrace.prom";
    struct stat facts {
    };
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0644U);
    const auto first_inode = facts.st_ino;
    std::ifstream still_open(path); // a collector in the middle of reading
    const Incident incident = sample::memcg_kill();
    counted.count(incident);
    ASSERT_TRUE(sink.on_incident(incident, explain(incident)));
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_NE(facts.st_ino, first_inode);
    const std::string old{std::istreambuf_iterator<char>(still_open), {}};
    EXPECT_THAT(old, HasSubstr(line(R"(oomtrace_kills_total{scope="memcg",why="chosen"} 0)")));
    std::ifstream now(path);
    const std::string text{std::istreambuf_iterator<char>(now), {}};
    EXPECT_EQ("\n" + text, counted.text());
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory), {}), 1);
}

TEST(TextfileSink, SaysWhatItCannotWrite)
{
    Counted counted;
    TextfileSink sink(counted.sink, "/nonexistent");
    const auto written = sink.write();
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().attempted, "write the metrics to /nonexistent/oomtrace.prom");
    EXPECT_EQ(written.error().reason, "No such file or directory");
}

} // namespace
} // namespace oomtrace::metrics
