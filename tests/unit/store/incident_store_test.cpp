// SPDX-License-Identifier: Apache-2.0
#include "store/incident_store.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "opened_store.h"
#include "store/store_schema.h"
#include "support/fixture_tree.h"

namespace oomtrace
{

namespace
{

using testing::ElementsAre;
using testing::IsEmpty;
using namespace test;

IncidentFilter filter(void (*set)(IncidentFilter &))
{
    IncidentFilter result;
    set(result);
    return result;
}

class IncidentStoreTest : public testing::Test
{
  protected:
    FixtureTree tree_;
    std::filesystem::path path_ = tree_.at("incidents.db");
};

TEST_F(IncidentStoreTest, GivesBackWhatWasStored)
{
    ArchivedIncident incident = plain_incident("0a1b2c3d-7-1f", now_ns);
    IncidentSummary &summary = incident.summary;
    summary.victim_comm = "caf\xe9\n";
    summary.pod_namespace = "prod";
    summary.pod_name = "db-0";
    summary.container_name = "postgres";
    summary.container_id = "f00d";
    summary.systemd_unit = "kubelet.service";
    summary.complete = false;
    summary.before_start = true;
    summary.kills = 3;
    incident.report = "";
    add(*writer(path_), packed(incident));

    const auto found = reader(path_)->find("0a1b2c3d-7-1f");
    ASSERT_TRUE(found.has_value() && found->has_value());
    const ArchivedIncident &read = **found;
    EXPECT_EQ(read.summary.id, summary.id);
    EXPECT_EQ(read.summary.realtime_ns, summary.realtime_ns);
    EXPECT_EQ(read.summary.outcome, summary.outcome);
    EXPECT_EQ(read.summary.scope, summary.scope);
    EXPECT_EQ(read.summary.constraint, summary.constraint);
    EXPECT_EQ(read.summary.victim_pid, summary.victim_pid);
    EXPECT_EQ(read.summary.victim_comm, summary.victim_comm);
    EXPECT_EQ(read.summary.victim_rss_bytes, summary.victim_rss_bytes);
    EXPECT_EQ(read.summary.victim_points, summary.victim_points);
    EXPECT_EQ(read.summary.trigger_comm, summary.trigger_comm);
    EXPECT_EQ(read.summary.memcg_path, summary.memcg_path);
    EXPECT_EQ(read.summary.victim_cgroup, summary.victim_cgroup);
    EXPECT_EQ(read.summary.pod_namespace, summary.pod_namespace);
    EXPECT_EQ(read.summary.pod_name, summary.pod_name);
    EXPECT_EQ(read.summary.container_name, summary.container_name);
    EXPECT_EQ(read.summary.container_id, summary.container_id);
    EXPECT_EQ(read.summary.systemd_unit, summary.systemd_unit);
    EXPECT_EQ(read.summary.kills, summary.kills);
    EXPECT_EQ(read.summary.complete, summary.complete);
    EXPECT_EQ(read.summary.before_start, summary.before_start);
    EXPECT_EQ(read.summary.headline, summary.headline);
    EXPECT_EQ(read.json, incident.json);
    EXPECT_EQ(read.report, incident.report);
    EXPECT_EQ(read.full_report, incident.full_report);
}

TEST_F(IncidentStoreTest, KeepsUnknownApartFromZero)
{
    ArchivedIncident incident = plain_incident("unknown", now_ns);
    incident.summary.victim_pid.reset();
    incident.summary.victim_rss_bytes.reset();
    incident.summary.victim_points = 0;
    const auto store = writer(path_);
    add(*store, packed(incident));
    const auto found = store->find("unknown");
    ASSERT_TRUE(found.has_value() && found->has_value());
    EXPECT_EQ((*found)->summary.victim_pid, std::nullopt);
    EXPECT_EQ((*found)->summary.victim_rss_bytes, std::nullopt);
    EXPECT_EQ((*found)->summary.victim_points, 0);
}

TEST_F(IncidentStoreTest, StoresTheSameIdOnce)
{
    const auto store = writer(path_);
    EXPECT_EQ(add(*store, "twice", now_ns), 1U);
    ArchivedIncident changed = plain_incident("twice", now_ns);
    changed.report = "another";
    EXPECT_EQ(add(*store, packed(changed)), 0U);
    EXPECT_EQ(store->find("twice").value()->report, "report of twice\n");
    EXPECT_THAT(ids(*store), ElementsAre("twice"));
}

TEST_F(IncidentStoreTest, FindsNothingOfAnUnknownId)
{
    const auto store = writer(path_);
    const auto found = store->find("none");
    ASSERT_TRUE(found.has_value());
    EXPECT_FALSE(found->has_value());
}

TEST_F(IncidentStoreTest, ListsTheNewestFirstAndInPages)
{
    const auto store = writer(path_);
    for (const int i : {2, 0, 3, 1, 4})
        add(*store, "id" + std::to_string(i), now_ns + i / 2 * second_ns); // 2 and 3, 0 and 1 at the same time
    EXPECT_THAT(ids(*store), ElementsAre("id4", "id3", "id2", "id1", "id0"));
    IncidentFilter page;
    page.limit = 2;
    EXPECT_THAT(ids(*store, page), ElementsAre("id4", "id3"));
    page.older_than = "id3";
    EXPECT_THAT(ids(*store, page), ElementsAre("id2", "id1"));
    page.older_than = "id1";
    EXPECT_THAT(ids(*store, page), ElementsAre("id0"));
    page.older_than = "id0";
    EXPECT_THAT(ids(*store, page), IsEmpty());
    page.older_than = "gone";
    EXPECT_THAT(ids(*store, page), ElementsAre("error: no incident of this id is kept"));
}

TEST_F(IncidentStoreTest, Filters)
{
    const auto store = writer(path_);
    const auto put = [&](const char *id, std::int64_t age_s, auto change) {
        ArchivedIncident incident = plain_incident(id, now_ns - age_s * second_ns);
        change(incident.summary);
        add(*store, packed(incident));
    };
    put("host", 40, [](IncidentSummary &s) {
        s.scope = "global";
        s.memcg_path = "";
        s.victim_cgroup = "/system.slice/nginx.service";
        s.systemd_unit = "nginx.service";
        s.victim_comm = "nginx";
    });
    put("pod", 30, [](IncidentSummary &s) {
        s.pod_namespace = "prod";
        s.pod_name = "db-0";
    });
    put("other", 20, [](IncidentSummary &s) {
        s.pod_namespace = "test";
        s.pod_name = "db-0";
        s.memcg_path = "/kubepods/pod70";
        s.victim_cgroup = "/kubepods/pod70/a_b";
        s.outcome = "no_killable_task";
    });
    put("timeless", 0, [](IncidentSummary &s) {
        s.realtime_ns = 0;
        s.memcg_path = s.victim_cgroup = "";
    });

    EXPECT_THAT(ids(*store, filter([](auto &f) { f.comm = "nginx"; })), ElementsAre("host"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.scope = "global"; })), ElementsAre("host"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.outcome = "no_killable_task"; })), ElementsAre("other"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.unit = "nginx.service"; })), ElementsAre("host"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.unit = "nginx"; })), ElementsAre("host"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.unit = "ngin"; })), IsEmpty());
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.pod = "db-0"; })), ElementsAre("other", "pod"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.pod = "prod/db-0"; })), ElementsAre("pod"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.cgroup = "/kubepods"; })), ElementsAre("other", "pod"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.cgroup = "/kubepods/pod7"; })), ElementsAre("pod"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.cgroup = "/kubepods/pod7/db/"; })), ElementsAre("pod"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.cgroup = "/kubepods/pod70/a%b"; })), IsEmpty());
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.cgroup = "/system.slice"; })), ElementsAre("host"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.cgroup = "/"; })), ElementsAre("other", "pod", "host"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.since_ns = now_ns - 30 * second_ns; })), ElementsAre("other", "pod"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.until_ns = now_ns - 30 * second_ns; })), ElementsAre("host"));
    EXPECT_THAT(ids(*store, filter([](auto &f) {
                    f.pod = "db-0";
                    f.outcome = "killed";
                })),
                ElementsAre("pod"));
    EXPECT_THAT(ids(*store, filter([](auto &f) { f.comm = "' OR 1=1 --"; })), IsEmpty());
    EXPECT_THAT(ids(*store), ElementsAre("timeless", "other", "pod", "host"));
}

TEST_F(IncidentStoreTest, TellsTheIdsThatBeginAlike)
{
    const auto store = writer(path_);
    for (const char *const id : {"0a1b-1", "0a1b-2", "0a1c-1", "%"})
        add(*store, id, now_ns);
    EXPECT_THAT(store->ids_with_prefix("0a1b", 9).value(), ElementsAre("0a1b-2", "0a1b-1"));
    EXPECT_THAT(store->ids_with_prefix("0a", 2).value(), ElementsAre("0a1c-1", "0a1b-2"));
    EXPECT_THAT(store->ids_with_prefix("%", 9).value(), ElementsAre("%"));
    EXPECT_THAT(store->ids_with_prefix("1", 9).value(), IsEmpty());
}

TEST_F(IncidentStoreTest, IsReadWhileItIsWritten)
{
    const auto store = writer(path_);
    const auto reading = reader(path_);
    add(*store, "first", now_ns);
    EXPECT_THAT(ids(*reading), ElementsAre("first"));
    // A reader that is in the middle of its list keeps its view, and holds nobody up.
    auto rows = reading->database().prepare("SELECT id FROM incident", "read");
    ASSERT_TRUE(rows.has_value() && rows->step().value());
    add(*store, "second", now_ns + 1);
    EXPECT_FALSE(rows->step().value());
    EXPECT_THAT(ids(*reader(path_)), ElementsAre("second", "first"));

    constexpr std::size_t more = 200;
    std::thread writing([&] {
        for (std::size_t i = 0; i < more; ++i)
            add(*store, "more" + std::to_string(i), now_ns + 2 + static_cast<std::int64_t>(i));
    });
    IncidentFilter all;
    all.limit = 1000;
    std::size_t before = 2;
    std::size_t seen = 2;
    while (seen >= before && seen < more + 2) {
        before = seen;
        seen = ids(*reader(path_), all).size();
    }
    EXPECT_EQ(seen, more + 2);
    writing.join();
}

TEST_F(IncidentStoreTest, IsDurable)
{
    const auto store = writer(path_);
    EXPECT_EQ(store->database().number("PRAGMA synchronous", "").value(), 2); // FULL: the WAL is synced with each commit
    auto mode = store->database().prepare("PRAGMA journal_mode", "");
    ASSERT_TRUE(mode->step().value());
    EXPECT_EQ(mode->text(0), "wal");
}

TEST_F(IncidentStoreTest, IsNotForEverybodysEyes)
{
    const mode_t before = ::umask(0);
    const auto store = writer(tree_.at("new/incidents.db"));
    add(*store, "id", now_ns);
    ::umask(before);
    for (const char *const name : {"new/incidents.db", "new/incidents.db-wal", "new/incidents.db-shm"}) {
        struct stat status {
        };
        ASSERT_EQ(::stat(tree_.at(name).c_str(), &status), 0) << name;
        EXPECT_EQ(status.st_mode & 07777U, 0640U) << name;
    }
}

TEST_F(IncidentStoreTest, SeesThatItsFileWasMoved)
{
    const auto store = writer(path_);
    EXPECT_FALSE(store->moved());
    std::filesystem::rename(path_, tree_.at("elsewhere.db"));
    EXPECT_TRUE(store->moved());
}

TEST_F(IncidentStoreTest, TheArchiveOpensItForEachQuestion)
{
    StoreArchive archive(path_);
    EXPECT_THAT(ids(archive), ElementsAre("error: there is no such file"));
    const auto store = writer(path_);
    add(*store, "id", now_ns);
    EXPECT_THAT(ids(archive), ElementsAre("id"));
    EXPECT_EQ(archive.find("id").value()->report, "report of id\n");
}

} // namespace

} // namespace oomtrace
