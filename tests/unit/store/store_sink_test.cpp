// SPDX-License-Identifier: Apache-2.0
#include "store/store_sink.h"

#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "explain/explain.h"
#include "opened_store.h"
#include "small_disk.h"
#include "support/fixture_tree.h"
#include "support/in_child.h"
#include "support/sample_incident.h"

namespace oomtrace
{

namespace
{

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;
using namespace test;

class StoreSinkTest : public testing::Test
{
  protected:
    StoreSinkOptions options()
    {
        StoreSinkOptions result;
        result.path = path_;
        result.queue.first_pause = 5ms;
        result.queue.longest_pause = 20ms;
        result.flush_timeout = 30s;
        result.realtime_ns = [this] { return clock_ns_.load(); };
        result.on_news = [this](const StoreNews &news) {
            constexpr std::array<const char *, 3> kinds{"failing: ", "recovered", "moved aside: "};
            const std::lock_guard lock(mutex_);
            news_.push_back(kinds.at(static_cast<std::size_t>(news.kind)) + news.error.reason);
        };
        return result;
    }
    static Result<void> put(StoreSink &sink, const std::string &id)
    {
        Incident incident = sample::memcg_kill();
        incident.id = id;
        return sink.on_incident(incident, explain(incident));
    }
    static std::uint64_t failures(const StoreHealth &health, StoreFailure failure)
    {
        return health.failures.at(static_cast<std::size_t>(failure));
    }
    // Until `done`, or for 20 s.
    template <typename Done>
    static bool wait_for(Done done)
    {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (!done() && std::chrono::steady_clock::now() < deadline)
            std::this_thread::sleep_for(2ms);
        return done();
    }
    std::vector<std::string> news()
    {
        const std::lock_guard lock(mutex_);
        return news_;
    }

    FixtureTree tree_;
    std::filesystem::path path_ = tree_.at("incidents.db");
    std::atomic<std::int64_t> clock_ns_ = now_ns;
    std::mutex mutex_;
    std::vector<std::string> news_;
};

TEST_F(StoreSinkTest, StoresWhatTheOtherSinksPrint)
{
    Incident incident = sample::memcg_kill();
    const Verdict verdict = explain(incident);
    const auto sink = StoreSink::start(options()).value();
    ASSERT_TRUE(sink->on_incident(incident, verdict) && sink->flush());
    const auto found = StoreArchive(path_).find(incident.id);
    ASSERT_TRUE(found.has_value() && found->has_value());
    const ArchivedIncident &read = **found;
    EXPECT_THAT(read.json, StartsWith("{\"schema\":\"oomtrace.incident/1\",\"id\":\"" + incident.id));
    EXPECT_THAT(read.report, HasSubstr(read.summary.victim_comm));
    EXPECT_GT(read.full_report.size(), read.report.size());
    EXPECT_THAT(read.summary.headline, StartsWith("OOM KILL "));
    EXPECT_THAT(read.summary.headline, testing::Not(HasSubstr(incident.id)));
    EXPECT_EQ(read.summary.victim_comm, incident.victim->process.comm);
    EXPECT_EQ(read.summary.memcg_path, *incident.memcg.path);
    EXPECT_EQ(read.summary.realtime_ns, incident.realtime_ns);
    EXPECT_EQ(read.summary.outcome, "killed");
    EXPECT_EQ(read.summary.scope, "memcg");
    EXPECT_EQ(read.summary.constraint, "memcg");
    const StoreHealth health = sink->health();
    EXPECT_TRUE(health.working);
    EXPECT_EQ(health.written, 1U);
    EXPECT_EQ(health.facts.incidents, 1U);
    EXPECT_EQ(health.facts.newest_ns, incident.realtime_ns);
    EXPECT_GT(health.facts.file_bytes, 0U);
}

TEST_F(StoreSinkTest, StoresEveryKindOfIncident)
{
    const auto sink = StoreSink::start(options()).value();
    std::size_t number = 0;
    for (Incident incident : {sample::global_kill(), sample::tracepoint_kill(), sample::group_kill(),
                              sample::no_killable_task(), sample::already_dying(), sample::aborted(), sample::notifier_freed(),
                              sample::panic(), sample::incomplete(), sample::sysrq_kill()}) {
        incident.id = "id" + std::to_string(number++);
        ASSERT_TRUE(sink->on_incident(incident, explain(incident)).has_value());
    }
    ASSERT_TRUE(sink->flush().has_value());
    StoreArchive archive(path_);
    EXPECT_EQ(ids(archive).size(), number);
}

TEST_F(StoreSinkTest, WaitsForItsDirectory)
{
    path_ = tree_.at("a/b/incidents.db");
    const auto sink = StoreSink::start(options()).value();
    ASSERT_TRUE(put(*sink, "early").has_value());
    const auto flushed = sink->flush();
    ASSERT_FALSE(flushed.has_value());
    EXPECT_EQ(flushed.error().reason, "No such file or directory");
    StoreHealth health = sink->health();
    EXPECT_FALSE(health.working);
    EXPECT_GE(failures(health, StoreFailure::missing), 1U);
    EXPECT_EQ(health.queued, 1U);
    std::filesystem::create_directory(tree_.at("a"));
    EXPECT_TRUE(wait_for([&] { return sink->health().written == 1; })); // by itself
    EXPECT_TRUE(sink->health().working);
    EXPECT_THAT(news(), ElementsAre("failing: No such file or directory", "recovered"));
}

TEST_F(StoreSinkTest, ReplacesADamagedFile)
{
    add(*writer(path_), "old", now_ns);
    std::fstream(path_, std::ios::binary | std::ios::in | std::ios::out) << std::string(100, '\xa5');
    const auto sink = StoreSink::start(options()).value();
    ASSERT_TRUE(put(*sink, "new") && sink->flush());
    StoreArchive archive(path_);
    EXPECT_THAT(ids(archive), ElementsAre("new"));
    EXPECT_EQ(sink->health().moved_aside, 1U);
    EXPECT_EQ(failures(sink->health(), StoreFailure::corrupt), 1U);
    EXPECT_TRUE(std::filesystem::exists(path_.string() + ".corrupt-20260301T031245Z"));
    EXPECT_THAT(news(), ElementsAre("failing: file is not a database", "moved aside: file is not a database", "recovered"));
}

TEST_F(StoreSinkTest, NeverTouchesAnotherFile)
{
    tree_.write("incidents.db", "text");
    {
        const auto sink = StoreSink::start(options()).value();
        ASSERT_TRUE(put(*sink, "id").has_value());
        EXPECT_FALSE(sink->flush().has_value());
        EXPECT_GE(failures(sink->health(), StoreFailure::foreign), 1U);
    }
    EXPECT_EQ(tree_.read("incidents.db"), "text");
}

TEST_F(StoreSinkTest, BeginsAnewWhenItsFileIsDeleted)
{
    const auto sink = StoreSink::start(options()).value();
    ASSERT_TRUE(put(*sink, "deleted") && sink->flush());
    for (const char *const part : {"", "-wal", "-shm"})
        std::filesystem::remove(path_.string() + part);
    ASSERT_TRUE(put(*sink, "after") && sink->flush());
    StoreArchive archive(path_);
    EXPECT_THAT(ids(archive), ElementsAre("after"));
}

TEST_F(StoreSinkTest, DropsWhatTheQueueCannotHold)
{
    path_ = tree_.at("a/b/incidents.db");
    StoreSinkOptions small = options();
    small.queue.max_items = 3;
    const auto sink = StoreSink::start(small).value();
    for (const char *const id : {"1", "2", "3"})
        ASSERT_TRUE(put(*sink, id).has_value());
    EXPECT_FALSE(sink->flush().has_value());
    const auto fourth = put(*sink, "4");
    ASSERT_FALSE(fourth.has_value());
    EXPECT_EQ(fourth.error().reason, "the 3 incidents before it still wait to be written");
    EXPECT_THAT(fourth.error().hint, HasSubstr("No such file or directory"));
    EXPECT_EQ(sink->health().dropped_queue_full, 1U);
    std::filesystem::create_directory(tree_.at("a"));
    ASSERT_TRUE(sink->flush().has_value());
    StoreArchive archive(path_);
    EXPECT_THAT(ids(archive), ElementsAre("3", "2", "1"));
}

TEST_F(StoreSinkTest, ComesBackFromAFullAndFromAReadOnlyDisk)
{
    const std::string seen = in_child([&]() -> std::string {
        const std::filesystem::path disk = tree_.at("disk");
        std::filesystem::create_directory(disk);
        if (!mount_small_disk(disk, 4 << 20))
            return "not allowed";
        path_ = disk / "incidents.db";
        auto sink = StoreSink::start(options()).value();
        if (!put(*sink, "before") || !sink->flush())
            return "not written";
        std::ofstream filler(disk / "filler", std::ios::binary);
        filler << std::string(8 << 20, 'x') << std::flush;
        int number = 0;
        while (number < 1000 && put(*sink, "full" + std::to_string(number)) && sink->flush())
            ++number;
        if (failures(sink->health(), StoreFailure::disk_full) == 0)
            return "not full: " + sink->health().last_error.value_or(Error{}).reason;
        std::filesystem::remove(disk / "filler");
        filler.close();
        if (!wait_for([&] { return sink->health().queued == 0; }))
            return "did not come back from a full disk: " + sink->health().last_error.value_or(Error{}).reason;
        StoreArchive archive(path_);
        IncidentFilter all;
        all.limit = 2000;
        if (ids(archive, all).size() != static_cast<std::size_t>(number) + 2)
            return "lost some";

        sink.reset(); // a filesystem with files that are open for writing is not made read-only
        if (!remount(disk, true))
            return "no remount";
        sink = StoreSink::start(options()).value();
        if (!put(*sink, "read-only") || sink->flush())
            return "written to a read-only disk";
        if (failures(sink->health(), StoreFailure::read_only) == 0)
            return "not read-only: " + sink->health().last_error.value_or(Error{}).reason;
        if (!remount(disk, false))
            return "no remount";
        if (!wait_for([&] { return sink->health().queued == 0; }))
            return "did not come back from a read-only disk";
        return archive.find("read-only").value() ? "came back from both" : "not there";
    });
    if (seen == "not allowed")
        GTEST_SKIP() << "no mount namespace here";
    EXPECT_EQ(seen, "came back from both");
}

TEST_F(StoreSinkTest, TakesOutWhatHasGrownOldWhenItsHealthIsAsked)
{
    StoreSinkOptions aging = options();
    aging.limits.max_age = std::chrono::hours(24);
    clock_ns_ = sample::memcg_kill().realtime_ns;
    const auto sink = StoreSink::start(aging).value();
    ASSERT_TRUE(put(*sink, "old") && sink->flush());
    EXPECT_EQ(sink->health().facts.incidents, 1U);
    clock_ns_ += 2 * day_ns;
    (void)sink->health();
    EXPECT_TRUE(wait_for([&] { return sink->health().facts.incidents == 0; }));
}

TEST_F(StoreSinkTest, RefusesWhatWouldFillTheStore)
{
    StoreSinkOptions small = options();
    small.limits.max_bytes = 1;
    const auto sink = StoreSink::start(small).value();
    Incident incident = sample::memcg_kill();
    incident.victim->process.cgroup = noise(3 << 20, 1);
    const auto taken = sink->on_incident(incident, explain(incident));
    ASSERT_FALSE(taken.has_value());
    EXPECT_THAT(taken.error().reason, HasSubstr("more than half of the store"));
    EXPECT_EQ(sink->health().dropped_too_large, 1U);
}

} // namespace

} // namespace oomtrace
