// SPDX-License-Identifier: Apache-2.0
#include "store/same_oom.h"

#include <gmock/gmock.h>

#include "opened_store.h"
#include "reconstruct/incident_id.h"
#include "support/fixture_tree.h"

namespace oomtrace
{

namespace
{

using namespace test;

constexpr const char *boot = "0a1b2c3d-4e5f-6789-abcd-ef0123456789";
constexpr std::uint64_t oom_ns = 1000ULL * second_ns; // since the boot

// What a kernel log has of the OOM that killed the victim of plain_incident().
Incident report()
{
    Incident incident;
    incident.id = "log-0123456789abcdef";
    incident.before_start = true;
    incident.host.boot_id = boot;
    incident.monotonic_ns = oom_ns;
    incident.realtime_ns = now_ns;
    incident.trigger.process.comm = "postgres";
    incident.victim.emplace().process.pid = 4121;
    return incident;
}

class SameOomTest : public testing::Test
{
  protected:
    // The id of the one that is kept as the same; "none", or the error.
    std::string kept_as(const Incident &incident)
    {
        const auto found = reader(path_)->same_oom(incident);
        if (!found)
            return found.error().reason;
        return found->value_or("none");
    }

    FixtureTree tree_;
    std::filesystem::path path_ = tree_.at("incidents.db");
    std::unique_ptr<IncidentStore> store_ = writer(path_);
    std::string live_id_ = live_incident_id(boot, 3, oom_ns);
};

TEST_F(SameOomTest, IsFoundUnderTheIdOfTheLiveRecord)
{
    // The clock was set in between: the times of the day are hours apart.
    add(*store_, live_id_, now_ns - 5 * 3600 * second_ns);
    EXPECT_EQ(kept_as(report()), live_id_);
    EXPECT_EQ(*StoreArchive(path_).same_oom(report()), live_id_);
    // The log's first lines are a little later, and its clock is another one.
    Incident later = report();
    later.monotonic_ns += 30 * second_ns;
    EXPECT_EQ(kept_as(later), live_id_);
}

TEST_F(SameOomTest, IsAnotherOfAnotherVictimTimeOrBoot)
{
    add(*store_, live_id_, now_ns);
    Incident other = report();
    other.victim->process.pid = 4122;
    EXPECT_EQ(kept_as(other), "none");
    other = report();
    other.victim.reset();
    EXPECT_EQ(kept_as(other), "none");
    other = report();
    other.monotonic_ns += 90 * second_ns;
    EXPECT_EQ(kept_as(other), "none");
    other = report();
    other.host.boot_id = "ffffffff-4e5f-6789-abcd-ef0123456789";
    EXPECT_EQ(kept_as(other), "none");
    other.host.boot_id.clear(); // of pstore: any boot
    EXPECT_EQ(kept_as(other), "none");
    other = report();
    other.monotonic_ns = 0;
    EXPECT_EQ(kept_as(other), "none");
}

TEST_F(SameOomTest, AllowsForClocksThatDriftApart)
{
    constexpr std::uint64_t year_ns = 365ULL * day_ns;
    const std::string id = live_incident_id(boot, 3, year_ns);
    add(*store_, id, now_ns);
    Incident incident = report();
    incident.monotonic_ns = year_ns + 1500ULL * second_ns;
    EXPECT_EQ(kept_as(incident), id);
    incident.monotonic_ns = year_ns + 2ULL * 3600 * second_ns;
    EXPECT_EQ(kept_as(incident), "none");
}

TEST_F(SameOomTest, IsFoundWhenItWasTakenInBefore)
{
    add(*store_, "log-0123456789abcdef", now_ns - day_ns);
    EXPECT_EQ(kept_as(report()), "log-0123456789abcdef");
    Incident rest = report(); // its first lines have been overwritten since: another text, another id
    rest.id = "log-fedcba9876543210";
    EXPECT_EQ(kept_as(rest), "none");
    add(*store_, "log-1111111111111111", now_ns - second_ns);
    EXPECT_EQ(kept_as(rest), "log-1111111111111111");
}

TEST_F(SameOomTest, WithoutAVictimGoesByTimeAndByWhoAsked)
{
    ArchivedIncident kept = plain_incident(live_id_, now_ns);
    kept.summary.victim_pid.reset();
    kept.summary.victim_comm.clear();
    add(*store_, packed(kept));
    Incident incident = report();
    EXPECT_EQ(kept_as(incident), "none");
    incident.victim.reset();
    EXPECT_EQ(kept_as(incident), live_id_);
    incident.monotonic_ns += 30 * second_ns;
    EXPECT_EQ(kept_as(incident), "none");
    incident.monotonic_ns = oom_ns;
    incident.trigger.process.comm = "cc1plus";
    EXPECT_EQ(kept_as(incident), "none");
}

// The steps of the statements that go through a table row by row, until it is destroyed.
class ScanCount
{
  public:
    explicit ScanCount(Database &database) : handle_(database.handle())
    {
        sqlite3_trace_v2(handle_, SQLITE_TRACE_PROFILE, add, this);
    }
    ~ScanCount() { sqlite3_trace_v2(handle_, 0, nullptr, nullptr); }
    ScanCount(const ScanCount &) = delete;
    ScanCount &operator=(const ScanCount &) = delete;

    int statements = 0, steps = 0;

  private:
    static int add(unsigned, void *self, void *statement, void *)
    {
        auto *const count = static_cast<ScanCount *>(self);
        ++count->statements;
        count->steps += sqlite3_stmt_status(static_cast<sqlite3_stmt *>(statement), SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
        return 0;
    }
    sqlite3 *handle_;
};

TEST_F(SameOomTest, IsLookedUpWithoutGoingThroughTheStore)
{
    for (std::uint64_t number = 1; number <= 100; ++number) {
        ArchivedIncident other = plain_incident(live_incident_id(boot, number, oom_ns + number), now_ns);
        other.summary.victim_pid = 5000 + static_cast<std::uint32_t>(number);
        add(*store_, packed(other));
    }
    add(*store_, live_id_, now_ns);
    const auto scanned = [this](const std::string &expected) {
        const ScanCount count(store_->database());
        const auto found = store_->same_oom(report());
        EXPECT_EQ(found ? found->value_or("none") : found.error().reason, expected);
        EXPECT_GT(count.statements, 0);
        return count.steps;
    };
    EXPECT_EQ(scanned(live_id_), 0);
    // A store of before there was an index: found there too, and quickly from the next start on.
    ASSERT_TRUE(store_->database().execute("DROP INDEX incident_by_pid", "make an old store"));
    EXPECT_GT(scanned(live_id_), 50);
    store_.reset();
    store_ = writer(path_);
    EXPECT_EQ(scanned(live_id_), 0);
}

TEST(LiveIncidentId, IsReadAsItIsMade)
{
    const auto read = read_live_incident_id(live_incident_id(boot, 17, 0x2d58578e2));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->boot, "0a1b2c3d");
    EXPECT_EQ(read->monotonic_ns, 0x2d58578e2U);
    for (const char *other : {"", "log-0123456789abcdef", "0a1b2c3d-1-", "0a1b2c3d-1-12x"})
        EXPECT_FALSE(read_live_incident_id(other).has_value()) << other;
}

} // namespace

} // namespace oomtrace
