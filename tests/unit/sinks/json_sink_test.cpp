// SPDX-License-Identifier: Apache-2.0
#include "sinks/json_sink.h"

#include <array>
#include <sstream>
#include <streambuf>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "json_of.h"
#include "sinks/text_escape.h"
#include "support/sample_incident.h"

namespace oomtrace
{
namespace
{

using nlohmann::json;
using nlohmann::ordered_json;
using testing::ElementsAre;

std::vector<std::string> keys_of(const ordered_json &object)
{
    std::vector<std::string> keys;
    for (const auto &[key, value] : object.items())
        keys.push_back(key);
    return keys;
}

TEST(IncidentJson, HasTheNamesThatOtherProgramsRelyOn)
{
    const ordered_json line = json_of(sample::global_kill());
    EXPECT_THAT(keys_of(line),
                ElementsAre("schema", "id", "episode", "time", "monotonic_ns", "before_start", "host", "tracer", "outcome",
                            "constraint", "scope", "kernel_message", "trigger", "allocation", "memcg", "total_pages", "nodes",
                            "swap", "hugetlb", "sysctls", "candidates", "victim", "kills", "timeline", "before", "after",
                            "verdict", "checks", "kernel_report", "completeness", "provenance"));
    EXPECT_EQ(line["schema"], "oomtrace.incident/1");
    for (const char *key : {"hostname", "boot_id", "kernel", "arch", "page_size"})
        EXPECT_TRUE(line["host"].contains(key)) << key;
    for (const char *key : {"name", "free_bytes", "min_bytes", "low_bytes", "high_bytes", "managed_bytes", "present_bytes",
                            "lowmem_reserve_bytes", "free_blocks"})
        EXPECT_TRUE(line["nodes"][0]["zones"][0].contains(key)) << key;
    for (const char *key :
         {"pid", "tgid", "comm", "uid", "oom_score_adj", "total_vm_bytes", "rss_anon_bytes", "rss_file_bytes",
          "rss_shmem_bytes", "swap_bytes", "pgtables_bytes", "points", "points_source", "eligible", "skip_reason", "memcg"})
        EXPECT_TRUE(line["candidates"][0].contains(key)) << key;
    EXPECT_THAT(keys_of(line["checks"]), ElementsAre("scores", "kernel_log", "kills"));
}

TEST(IncidentJson, WritesValuesInTheirUnits)
{
    const ordered_json line = json_of(sample::memcg_kill());
    EXPECT_EQ(line["id"], "9f1c2d3e-7-7048860ddf79");
    EXPECT_EQ(line["time"], "2026-03-01T03:12:45.123456789Z");
    EXPECT_EQ(line["monotonic_ns"], 123456789012345);
    EXPECT_EQ(line["tracer"]["attach_method"], "fentry");
    EXPECT_EQ(line["outcome"], "killed");
    EXPECT_EQ(line["scope"], "memcg");
    EXPECT_EQ(line["constraint"], "memcg");
    EXPECT_EQ(line["trigger"]["pid"], 4125);
    EXPECT_EQ(line["trigger"]["stack"][0]["address"], "0xffffffff8120041c");
    EXPECT_EQ(line["trigger"]["stack"][1]["symbol"], nullptr);
    EXPECT_EQ(line["allocation"]["gfp_mask"], "0x400cc0");
    EXPECT_EQ(line["allocation"]["gfp_flags"], ordered_json::array({"GFP_KERNEL_ACCOUNT"}));
    EXPECT_EQ(line["allocation"]["order"], 0);
    EXPECT_EQ(line["memcg"]["path"], "/kube/pod7/db");
    EXPECT_EQ(line["memcg"]["limit_bytes"], 2147483648);
    EXPECT_EQ(line["total_pages"], 524288);
    EXPECT_EQ(line["swap"]["total_bytes"], 0);
    EXPECT_EQ(line["victim"]["comm"], "postgres");
    EXPECT_EQ(line["victim"]["rss_anon_bytes"], 1744830464);
    // (1664 + 12 + 80) MiB of 4 KiB pages, and 1050 pages of page tables.
    EXPECT_EQ(line["victim"]["points"], 1756 * 256 + 1050);
    EXPECT_EQ(line["victim"]["runner_up"]["tgid"], 4131);
    EXPECT_EQ(line["candidates"][0]["points"], 120 / 4 + 560 / 4 + 44 / 4 - 998 * 524);
    EXPECT_EQ(line["candidates"][7]["points"], nullptr);
    EXPECT_EQ(line["candidates"][7]["skip_reason"], "oom_score_adj_min");
    EXPECT_EQ(line["candidates"][0]["skip_reason"], "none");
    EXPECT_EQ(line["after"]["to_release_ns"], 30240000);
    EXPECT_EQ(line["verdict"]["why_now"], "Cgroup /kube/pod7/db has used up its 2 GiB limit, and there is no swap.");
    EXPECT_EQ(line["verdict"]["now"]["shortage"], "memcg_limit");
    EXPECT_EQ(line["verdict"]["victim"]["reasons"], ordered_json::array({"highest_points"}));
    EXPECT_EQ(line["verdict"]["counterfactuals"][0]["adj_after"], -545);
    EXPECT_EQ(line["checks"]["kernel_log"]["compared"], 0);
}

TEST(IncidentJson, ShowsWhatTheKernelsReportHasOtherwise)
{
    Incident incident = sample::memcg_kill();
    incident.kernel_log_check = {143, 2, {{"victim.uid", "1", "2"}}, "why"};
    const ordered_json check = json_of(incident)["checks"]["kernel_log"];
    EXPECT_EQ(check, ordered_json::parse(R"({"compared": 143, "moved": 2,
        "mismatches": [{"field": "victim.uid", "ours": "1", "kernel": "2"}], "note": "why"})"));
    EXPECT_EQ(json_of(incident)["before_start"], false);
    incident.before_start = true;
    EXPECT_EQ(json_of(incident)["before_start"], true);
}

TEST(IncidentJson, TellsNoLimitFromALimitThatIsNotKnown)
{
    const ordered_json levels = json_of(sample::memcg_kill())["memcg"]["levels"];
    EXPECT_EQ(levels[0]["memory"]["max_bytes"], 2147483648);
    EXPECT_EQ(levels[0]["memory"]["max_unlimited"], false);
    EXPECT_EQ(levels[2]["memory"]["max_bytes"], nullptr);
    EXPECT_EQ(levels[2]["memory"]["max_unlimited"], true);
    EXPECT_EQ(levels[0]["memory_and_swap"], nullptr);
    EXPECT_EQ(levels[3]["path"], "/");
    EXPECT_EQ(levels[3]["memory"], nullptr) << "the kernel does not count the root's";
}

// Whatever is not known is null: no 0, no empty string, no word for it.
TEST(IncidentJson, IsNullWhereNothingIsKnown)
{
    const ordered_json line = json_of(Incident{});
    for (const char *key : {"time", "outcome", "constraint", "scope", "kernel_message", "trigger", "total_pages", "nodes",
                            "candidates", "victim", "kills", "monotonic_ns", "kernel_report"})
        EXPECT_EQ(line[key], nullptr) << key;
    for (const char *key : {"host", "tracer", "memcg", "swap", "hugetlb", "sysctls"}) {
        for (const auto &[name, value] : line[key].items())
            EXPECT_EQ(value, nullptr) << key << "." << name;
    }
    EXPECT_EQ(line["allocation"]["gfp_flags"], nullptr);
    EXPECT_EQ(line["allocation"]["nodemask_known"], false);
    EXPECT_EQ(line["after"]["returned_bytes"], nullptr);
    EXPECT_EQ(line["completeness"]["tasks_seen"], nullptr);
    EXPECT_EQ(line["checks"]["scores"]["exact_counters"], nullptr);
    EXPECT_EQ(line["provenance"]["points"]["source"], "absent");
}

TEST(IncidentJson, HasTheSameFieldsWhateverIsKnown)
{
    EXPECT_EQ(keys_of(json_of(Incident{})), keys_of(json_of(sample::global_kill())));
    Incident partial = sample::memcg_kill();
    partial.candidates[0].memory.reset();
    const ordered_json candidates = json_of(partial)["candidates"];
    EXPECT_EQ(keys_of(candidates[0]), keys_of(candidates[1]));
    EXPECT_EQ(candidates[0]["rss_anon_bytes"], nullptr);
}

TEST(IncidentJson, AVictimWhoseSizesWereLostHasNone)
{
    Incident incident = sample::memcg_kill();
    incident.victim->memory = {};
    const ordered_json victim = json_of(incident)["victim"];
    EXPECT_EQ(victim["rss_anon_bytes"], nullptr);
    EXPECT_EQ(victim["mm"], nullptr);
    EXPECT_EQ(victim["points"], 450586);
}

TEST(IncidentJson, KeepsAnEmptyGroupApartFromAnAbsentOne)
{
    Incident incident = sample::memcg_kill();
    incident.candidates.clear();
    EXPECT_EQ(json_of(incident)["candidates"], ordered_json::array());
    incident.provenance.candidates.source = Source::absent;
    EXPECT_EQ(json_of(incident)["candidates"], nullptr);
}

TEST(IncidentJson, LosesNoCounterItHasNoNameFor)
{
    Incident incident = sample::global_kill();
    incident.nodes[0].stat_bytes["gpu_active"] = 8192;
    incident.nodes[0].stat_bytes.erase("file_thp");
    const ordered_json node = json_of(incident)["nodes"][0];
    EXPECT_EQ(node["other_stats"], ordered_json::parse(R"([{"name":"gpu_active","bytes":8192}])"));
    EXPECT_EQ(node["stat_bytes"]["file_thp"], nullptr);
    EXPECT_EQ(node["stat_bytes"]["shmem"], 12 * 1024 * 1024);
}

TEST(IncidentJson, EscapesBytesThatAreNotUtf8WithoutLoss)
{
    Incident incident = sample::memcg_kill();
    const std::string comm = "a\"\n\x1b[31m\xff\xef\xbf\xbd";
    incident.victim->process.comm = comm;
    incident.trigger.process.cgroup = R"(/system.slice/dev-disk\x2dby.swap)";
    const std::string text = json_of(incident).dump();
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const json back = json::parse(text);
    EXPECT_EQ(unescape_text(back["victim"]["comm"].get<std::string>()), comm);
    EXPECT_EQ(back["trigger"]["cgroup"], R"(/system.slice/dev-disk\x2dby.swap)");
}

TEST(IncidentJson, KeepsNumbersOfAHugeHostExact)
{
    Incident incident = sample::memcg_kill();
    incident.total_pages = 17'179'869'184'000;
    incident.victim->points = -9'000'000'000'000'001;
    incident.memcg.levels[2].memory.usage_bytes = 18'446'744'073'709'551'614U;
    const json back = json::parse(json_of(incident).dump());
    EXPECT_EQ(back["total_pages"].get<std::uint64_t>(), 17'179'869'184'000U);
    EXPECT_EQ(back["victim"]["points"].get<std::int64_t>(), -9'000'000'000'000'001);
    EXPECT_EQ(back["memcg"]["levels"][2]["memory"]["usage_bytes"].get<std::uint64_t>(), 18'446'744'073'709'551'614U);
}

TEST(JsonSink, WritesOneLinePerIncidentAndNothingElse)
{
    std::ostringstream out;
    std::ostringstream notes;
    JsonSink sink(out, notes);
    ASSERT_TRUE(sink.on_incident(sample::memcg_kill(), explain(sample::memcg_kill())));
    LossTotals totals;
    totals.dropped = {12, 0, 1, 0};
    totals.decode_errors = 3;
    ASSERT_TRUE(sink.on_loss(totals));
    ASSERT_TRUE(sink.on_incident(sample::group_kill(), explain(sample::group_kill())));
    ASSERT_TRUE(sink.flush());
    std::istringstream lines(out.str());
    std::string line;
    std::vector<std::string> ids;
    while (std::getline(lines, line))
        ids.push_back(json::parse(line)["id"]);
    EXPECT_THAT(ids, ElementsAre("9f1c2d3e-7-7048860ddf79", "9f1c2d3e-21-7048860ddf79"));
    EXPECT_EQ(out.str().back(), '\n');
    EXPECT_EQ(notes.str(), "OOMTRACE LOST DATA  since it started: 12 records dropped (ring buffer full), 1 victim not followed "
                           "(table full), 3 records not understood\n");
}

TEST(JsonSink, WritesTheSameBytesForTheSameIncident)
{
    std::ostringstream first;
    std::ostringstream second;
    std::ostringstream notes;
    JsonSink a(first, notes);
    JsonSink b(second, notes);
    ASSERT_TRUE(a.on_incident(sample::global_kill(), explain(sample::global_kill())));
    ASSERT_TRUE(b.on_incident(sample::global_kill(), explain(sample::global_kill())));
    EXPECT_EQ(first.str(), second.str());
}

// Takes `room` bytes, then no more.
class SmallBuffer : public std::streambuf
{
  public:
    explicit SmallBuffer(std::size_t room) : room_(room) {}

  protected:
    int_type overflow(int_type c) override
    {
        if (room_ == 0)
            return traits_type::eof();
        --room_;
        return traits_type::not_eof(c);
    }

  private:
    std::size_t room_;
};

TEST(JsonSink, SaysThatTheOutputFailed)
{
    SmallBuffer buffer(100);
    std::ostream out(&buffer);
    std::ostringstream notes;
    JsonSink sink(out, notes);
    const Result<void> result = sink.on_incident(sample::memcg_kill(), explain(sample::memcg_kill()));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().attempted, "write incident 9f1c2d3e-7-7048860ddf79 as JSON");
    EXPECT_FALSE(result.error().reason.empty());
    const Result<void> again = sink.flush();
    ASSERT_FALSE(again) << "what was lost stays lost";
    EXPECT_EQ(again.error().attempted, "flush the JSON output");
}

TEST(IncidentJson, TellsWhoseItIs)
{
    const ordered_json line = json_of(sample::pod_kill());
    const auto who = [&](const char *whose) {
        ordered_json found;
        for (const char *const key : {"cmdline", "exe", "container", "pod", "systemd", "machine"}) {
            if (line[whose].contains(key))
                found[key] = line[whose][key];
        }
        return found.dump();
    };
    const std::string id = "3f2a9c0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b";
    const std::string pod_and_systemd =
        R"("pod":{"uid":"8a2f61c7-22b3-4d0e-9c1d-0b7a4c558d1e","name":"orders-0","namespace":"shop","qos_class":"Burstable"},)"
        R"("systemd":{"slice":"kubepods-burstable-pod8a2f61c7_22b3_4d0e_9c1d_0b7a4c558d1e.slice","unit":"cri-containerd-)" +
        id + R"(.scope","user_unit":null,"session":null,"owner_uid":null},"machine":null})";
    EXPECT_EQ(who("victim"),
              R"({"cmdline":"postgres: writer\n","exe":"/usr/lib/postgresql/bin/postgres","container":{"runtime":)"
              R"("containerd","id":")" +
                  id + R"(","name":"db"},)" + pod_and_systemd);
    EXPECT_EQ(who("memcg"),
              R"({"container":{"runtime":"containerd","id":")" + id + R"(","name":"the limit's"},)" + pod_and_systemd);
    EXPECT_EQ(who("trigger"), R"({"cmdline":null,"exe":null,"container":null,"pod":null,"systemd":{"slice":"app.slice",)"
                              R"("unit":"user@1000.service","user_unit":"a.service","session":"3","owner_uid":1000},)"
                              R"("machine":"web"})");
    EXPECT_EQ(line["provenance"]["identity"].dump(),
              R"({"source":"procfs","note":"trigger: it was gone before it could be read"})");
}

} // namespace
} // namespace oomtrace
