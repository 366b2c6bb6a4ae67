// SPDX-License-Identifier: Apache-2.0
//
// What can be wrong with the file, as the one who opens it sees it.
#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "opened_store.h"
#include "small_disk.h"
#include "store/store_file.h"
#include "support/fixture_tree.h"
#include "support/in_child.h"

namespace oomtrace
{

namespace
{

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using namespace test;

class DamagedStoreTest : public testing::Test
{
  protected:
    [[nodiscard]] std::string opened_for_writing() const
    {
        const auto store = IncidentStore::open_for_writing(path_, {}, [] { return now_ns; });
        return store ? "opened" : text_of(store.error());
    }
    [[nodiscard]] std::string opened_for_reading() const
    {
        const auto store = IncidentStore::open_for_reading(path_);
        return store ? "opened" : text_of(store.error());
    }
    void overwrite(std::streamoff offset, const std::string &bytes) const
    {
        std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(offset);
        file << bytes;
    }
    // What a copy of a host's disk holds: the files as kill -9 left them, without the index of the WAL.
    void leave_a_wal() const
    {
        const auto store = writer(path_);
        add(*store, "in the wal", now_ns);
        for (const char *const part : {"", "-wal"})
            std::filesystem::copy_file(path_.string() + part, tree_.at("copy/incidents.db").string() + part);
    }

    FixtureTree tree_;
    std::filesystem::path path_ = tree_.at("incidents.db");
};

TEST_F(DamagedStoreTest, NoFile)
{
    EXPECT_EQ(opened_for_reading(), "missing: open the store " + path_.string() + ": there is no such file");
    path_ = tree_.at("a/b/incidents.db");
    EXPECT_EQ(opened_for_writing(), "missing: create the store " + path_.string() + ": No such file or directory");
}

TEST_F(DamagedStoreTest, AnEmptyFile)
{
    tree_.write("incidents.db", "");
    EXPECT_THAT(opened_for_reading(), StartsWith("missing: open the store " + path_.string() + ": it is empty"));
    EXPECT_EQ(opened_for_writing(), "opened"); // as a kill right after its creation leaves it
    EXPECT_EQ(opened_for_reading(), "opened");
}

TEST_F(DamagedStoreTest, ANewerVersion)
{
    (void)writer(path_)->database().execute("PRAGMA user_version = 2", "");
    const std::string newer = "newer_version: open the store " + path_.string() +
                              ": a later oomtrace wrote it (version 2 of the tables; this one knows up to 1)";
    EXPECT_EQ(opened_for_writing(), newer);
    EXPECT_EQ(opened_for_reading(), newer);
}

TEST_F(DamagedStoreTest, AnotherProgramsDatabase)
{
    const auto other = Database::open(path_.string(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "other");
    (void)Database::open(path_.string(), SQLITE_OPEN_READWRITE, "other")->execute("CREATE TABLE t (x)", "");
    const std::string before = tree_.read("incidents.db");
    EXPECT_THAT(opened_for_writing(), StartsWith("foreign: "));
    EXPECT_THAT(opened_for_reading(), StartsWith("foreign: "));
    EXPECT_EQ(tree_.read("incidents.db"), before);
}

TEST_F(DamagedStoreTest, AnotherKindOfFile)
{
    tree_.write("incidents.db", std::string(5000, 'x'));
    EXPECT_EQ(opened_for_writing(), "foreign: open the store " + path_.string() + ": it is a file of another kind");
    EXPECT_EQ(tree_.read("incidents.db"), std::string(5000, 'x'));
    path_ = tree_.root();
    EXPECT_THAT(opened_for_writing(), StartsWith("foreign: "));
}

TEST_F(DamagedStoreTest, AHeaderOverwritten)
{
    add(*writer(path_), "id", now_ns);
    overwrite(0, std::string(100, '\xa5'));
    EXPECT_THAT(opened_for_writing(), StartsWith("corrupt: "));
    EXPECT_THAT(opened_for_reading(), StartsWith("corrupt: "));
}

TEST_F(DamagedStoreTest, GarbageInTheMiddle)
{
    {
        const auto store = writer(path_);
        for (int i = 0; i < 50; ++i)
            add(*store, large_incident(std::to_string(i), now_ns + i, 20'000));
    }
    // Wherever it falls: on tables and indexes it is found when the store is opened, in a text when that is read.
    std::size_t at_open = 0;
    std::size_t in_texts = 0;
    const std::string whole = tree_.read("incidents.db");
    const auto pages = static_cast<std::streamoff>(whole.size() / 4096);
    for (std::streamoff page = 1; page < pages; page += 7) {
        tree_.write("incidents.db", whole);
        // Behind the first bytes, which lead from one page of a long text to the next.
        overwrite(page * 4096 + 16, noise(4000, static_cast<std::uint64_t>(page)));
        if (const std::string opened = opened_for_writing(); opened != "opened") {
            EXPECT_THAT(opened, StartsWith("corrupt: ")) << page;
            ++at_open;
            continue;
        }
        const auto store = reader(path_);
        for (int i = 0; i < 50; ++i)
            in_texts += store->find(std::to_string(i)).has_value() ? 0 : 1;
        EXPECT_EQ(ids(*store).size(), 50U) << page;
    }
    EXPECT_GT(at_open, 0U);
    EXPECT_GT(in_texts, 0U);
}

TEST_F(DamagedStoreTest, CutShort)
{
    {
        const auto store = writer(path_);
        for (int i = 0; i < 20; ++i)
            add(*store, large_incident(std::to_string(i), now_ns + i, 20'000));
    }
    std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
    EXPECT_THAT(opened_for_writing(), StartsWith("corrupt: "));
}

TEST_F(DamagedStoreTest, IsMovedAsideWithItsWal)
{
    std::filesystem::create_directory(tree_.at("copy"));
    leave_a_wal();
    path_ = tree_.at("copy/incidents.db");
    const auto moved = move_damaged_store_aside(path_, now_ns);
    ASSERT_TRUE(moved.has_value());
    EXPECT_EQ(*moved, path_.string() + ".corrupt-20260301T031245Z");
    EXPECT_THAT(ids(*reader(*moved)), ElementsAre("in the wal"));
    EXPECT_THAT(ids(*writer(path_)), ElementsAre());
    for (int day = 1; day < 6; ++day) {
        tree_.write("copy/incidents.db", "damaged");
        ASSERT_TRUE(move_damaged_store_aside(path_, now_ns + day * day_ns).has_value());
    }
    std::size_t kept = 0;
    for (const auto &entry : std::filesystem::directory_iterator(tree_.at("copy")))
        kept += entry.path().filename().string().find(".corrupt-") != std::string::npos ? 1 : 0;
    EXPECT_EQ(kept, kept_damaged_stores);
}

TEST_F(DamagedStoreTest, ReadsFromAReadOnlyDirectoryWhatWasClosed)
{
    const std::string seen = in_child([&]() -> std::string {
        if (!mount_small_disk(tree_.root(), 8 << 20))
            return "not allowed";
        add(*writer(path_), "id", now_ns);
        if (!remount(tree_.root(), true))
            return "no remount";
        return testing::PrintToString(ids(*reader(path_))) + opened_for_writing();
    });
    if (seen == "not allowed")
        GTEST_SKIP() << "no mount namespace here";
    EXPECT_THAT(seen, StartsWith("{ \"id\" }read_only: "));
}

TEST_F(DamagedStoreTest, ReadsFromAReadOnlyDirectoryWhatOnlyTheWalHolds)
{
    const std::string seen = in_child([&]() -> std::string {
        if (!mount_small_disk(tree_.root(), 8 << 20))
            return "not allowed";
        std::filesystem::create_directory(tree_.at("copy"));
        leave_a_wal();
        if (!remount(tree_.root(), true))
            return "no remount";
        return testing::PrintToString(ids(*reader(tree_.at("copy/incidents.db"))));
    });
    if (seen == "not allowed")
        GTEST_SKIP() << "no mount namespace here";
    EXPECT_EQ(seen, "{ \"in the wal\" }");
}

TEST_F(DamagedStoreTest, ReadsAsAUserWhoMayOnlyRead)
{
    if (::getuid() != 0)
        GTEST_SKIP() << "needs root, to become somebody else";
    ::chmod(tree_.root().c_str(), 0755);
    const auto store = writer(path_);
    add(*store, "id", now_ns);
    for (const char *const part : {"", "-wal", "-shm"})
        ::chmod((path_.string() + part).c_str(), 0644);
    const auto as_nobody = [&] {
        return in_child([&]() -> std::string {
            constexpr uid_t nobody = 65534;
            if (::setuid(nobody) != 0)
                return "setuid";
            return testing::PrintToString(ids(*reader(path_)));
        });
    };
    EXPECT_EQ(as_nobody(), "{ \"id\" }"); // beside the writer
}

TEST_F(DamagedStoreTest, ATooLargeFileIsAFullDisk)
{
    const std::string seen = in_child([&]() -> std::string {
        ::signal(SIGXFSZ, SIG_IGN);
        const auto store = writer(path_);
        const rlimit limit{200'000, 200'000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const PackedIncident incident = large_incident("large", now_ns, 400'000);
        const auto added = store->add({&incident, 1});
        return added ? "added" : text_of(added.error());
    });
    EXPECT_THAT(seen, StartsWith("disk_full: store"));
}

} // namespace

} // namespace oomtrace
