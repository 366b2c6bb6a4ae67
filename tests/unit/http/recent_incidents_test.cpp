// SPDX-License-Identifier: Apache-2.0
#include "http/recent_incidents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/archived_incident.h"
#include "support/sample_incident.h"

namespace oomtrace::http
{
namespace
{

using testing::ElementsAre;

ArchivedIncident incident(const std::string &id, std::int64_t time, std::size_t json = 10, std::size_t report = 10)
{
    ArchivedIncident result;
    result.summary.id = id;
    result.summary.realtime_ns = time;
    result.summary.outcome = "killed";
    result.json.assign(json, 'j');
    result.report.assign(report, 'r');
    return result;
}

std::vector<std::string> ids(RecentIncidents &recent, const IncidentFilter &filter = {})
{
    std::vector<std::string> result;
    const auto list = recent.list(filter);
    EXPECT_TRUE(list);
    for (const IncidentSummary &summary : *list)
        result.push_back(summary.id);
    return result;
}

TEST(RecentIncidents, NewestFirstByTheTimeOfTheOom)
{
    RecentIncidents recent({}, test::archived);
    recent.add(incident("b", 20));
    recent.add(incident("d", 40));
    recent.add(incident("a", 10)); // from the kernel's log, from before the start
    recent.add(incident("c", 20));
    EXPECT_THAT(ids(recent), ElementsAre("d", "c", "b", "a"));
    IncidentFilter filter;
    filter.limit = 2;
    EXPECT_THAT(ids(recent, filter), ElementsAre("d", "c"));
    filter.older_than = "c";
    EXPECT_THAT(ids(recent, filter), ElementsAre("b", "a"));
    filter.older_than = "x";
    EXPECT_FALSE(recent.list(filter));
}

TEST(RecentIncidents, TheOldestGoFirst)
{
    RecentIncidents by_count({.count = 2}, test::archived);
    for (const char *id : {"a", "b", "c"})
        by_count.add(incident(id, id[0]));
    EXPECT_THAT(ids(by_count), ElementsAre("c", "b"));
    RecentIncidents by_bytes({.count = 100, .bytes = 50}, test::archived);
    for (const char *id : {"a", "b", "c"})
        by_bytes.add(incident(id, id[0]));
    EXPECT_THAT(ids(by_bytes), ElementsAre("c", "b"));
    EXPECT_EQ(by_bytes.count(), 2U);
    EXPECT_EQ(*by_bytes.find("a"), std::nullopt);
    EXPECT_EQ((**by_bytes.find("b")).json, "jjjjjjjjjj");
}

TEST(RecentIncidents, OfAnIncidentThatIsTooLargeTheReportIsKept)
{
    RecentIncidents recent({.count = 100, .bytes = 100}, test::archived);
    recent.add(incident("a", 1, 200, 50));
    auto found = **recent.find("a");
    EXPECT_EQ(found.json, "");
    EXPECT_EQ(found.report.size(), 50U);
    recent.add(incident("b", 2, 200, 500));
    found = **recent.find("b");
    EXPECT_EQ(found.report, "The report is too large to be kept in memory: run the agent with a store.\n");
}

TEST(RecentIncidents, IsASink)
{
    RecentIncidents recent({}, test::archived);
    const Incident sample = sample::memcg_kill();
    ASSERT_TRUE(recent.on_incident(sample, explain(sample)));
    EXPECT_THAT(ids(recent), ElementsAre(sample.id));
}

} // namespace
} // namespace oomtrace::http
