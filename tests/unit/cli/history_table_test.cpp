// SPDX-License-Identifier: Apache-2.0
#include "cli/history_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oomtrace
{

namespace
{

IncidentSummary kill()
{
    IncidentSummary incident;
    incident.id = "0a1b2c3d-7-1f";
    incident.realtime_ns = 1'772'334'765'999'000'000;
    incident.outcome = "killed";
    incident.scope = "memcg";
    incident.victim_pid = 4121;
    incident.victim_comm = "postgres";
    incident.victim_rss_bytes = 1'836'023'808;
    incident.memcg_path = "/kubepods.slice/kubepods-pod7.slice/cri-containerd-f00d.scope";
    incident.victim_cgroup = incident.memcg_path;
    incident.kills = 1;
    return incident;
}

std::string table(const std::vector<IncidentSummary> &incidents)
{
    return terminal::print(history_lines(incidents, 200), false);
}

TEST(HistoryTable, SaysWhatAPersonLooksFor)
{
    IncidentSummary pod = kill();
    pod.pod_namespace = "prod";
    pod.pod_name = "db-0";
    pod.container_name = "postgres";
    IncidentSummary host = kill();
    host.scope = "global";
    host.memcg_path = "";
    host.systemd_unit = "postgresql.service";
    IncidentSummary group = kill();
    group.outcome = "group_kill";
    group.kills = 3;
    group.complete = false;
    group.container_id = "f00df00df00df00df00d";
    IncidentSummary nobody = kill();
    nobody.realtime_ns = 0;
    nobody.outcome = "no_killable_task";
    nobody.kills = 0;
    nobody.victim_comm = nobody.victim_cgroup = "";
    nobody.victim_pid.reset();
    nobody.victim_rss_bytes.reset();
    EXPECT_EQ("\n" + table({pod, host, group, nobody}), R"(
TIME (UTC)           OUTCOME                            VICTIM          RESIDENT  RAN OUT                      IN                      ID
2026-03-01 03:12:45  killed                             postgres[4121]  1.71 GiB  …/cri-containerd-f00d.scope  prod/db-0 (postgres)    0a1b2c3d-7-1f
2026-03-01 03:12:45  killed                             postgres[4121]  1.71 GiB  the host                     postgresql.service      0a1b2c3d-7-1f
2026-03-01 03:12:45  group kill, 3 killed (incomplete)  postgres[4121]  1.71 GiB  …/cri-containerd-f00d.scope  container f00df00df00d  0a1b2c3d-7-1f
not known            no killable task                   -                      -  …/cri-containerd-f00d.scope  -                       0a1b2c3d-7-1f
)");
}

TEST(HistoryTable, IsSafeToPrint)
{
    IncidentSummary hostile = kill();
    hostile.victim_comm = "a\x1b[2J\nb";
    hostile.pod_name = "p\x9b\n";
    hostile.id = "i\x1b";
    hostile.memcg_path = "/x\n/y\x1b";
    const std::string text = table({hostile});
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\x9b'), std::string::npos);
}

} // namespace

} // namespace oomtrace
