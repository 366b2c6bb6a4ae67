// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "opened_store.h"
#include "support/fixture_tree.h"

namespace oomtrace
{

namespace
{

using testing::ElementsAre;
using namespace test;

constexpr std::uint64_t mib = 1 << 20;

class RetentionTest : public testing::Test
{
  protected:
    [[nodiscard]] std::int64_t texts(IncidentStore &store) const
    {
        return store.database().number("SELECT count(*) FROM incident_text", "").value();
    }

    FixtureTree tree_;
    std::filesystem::path path_ = tree_.at("incidents.db");
};

TEST_F(RetentionTest, TakesOutWhatIsTooOld)
{
    const auto store = writer(path_, {.max_age = std::chrono::hours(24 * 7), .max_incidents = {}, .max_bytes = {}});
    add(*store, "new", now_ns);
    add(*store, "6 days", now_ns - 6 * day_ns);
    add(*store, "8 days", now_ns - 8 * day_ns);
    EXPECT_THAT(ids(*store), ElementsAre("new", "6 days"));
    EXPECT_EQ(texts(*store), 2);
}

TEST_F(RetentionTest, AgesWhatHasNoTimeFromWhenItWasStored)
{
    const StoreLimits limits{.max_age = std::chrono::hours(24 * 7), .max_incidents = {}, .max_bytes = {}};
    add(*writer(path_, limits), "timeless", 0);
    EXPECT_THAT(ids(*writer(path_, limits, now_ns + 6 * day_ns)), ElementsAre("timeless"));
    EXPECT_THAT(ids(*writer(path_, limits, now_ns + 8 * day_ns)), ElementsAre());
}

TEST_F(RetentionTest, TakesOutTheOldestOfTooMany)
{
    const auto store = writer(path_, {.max_age = {}, .max_incidents = 3, .max_bytes = {}});
    for (const int i : {5, 1, 4, 2, 3})
        add(*store, std::to_string(i), now_ns + i);
    EXPECT_THAT(ids(*store), ElementsAre("5", "4", "3"));
    EXPECT_EQ(texts(*store), 3);
}

TEST_F(RetentionTest, KeepsItsSizeWhileIncidentsComeAndGo)
{
    const auto store = writer(path_, {.max_age = {}, .max_incidents = {}, .max_bytes = 2 * mib});
    for (int i = 0; i < 400; ++i)
        add(*store, large_incident(std::to_string(i), now_ns + i, 40'000));
    const StoreFacts facts = store->facts().value();
    // 2 MiB hold about 50 of them, which 11 pages each.
    EXPECT_GE(facts.incidents, 40U);
    EXPECT_LE(facts.incidents, 52U);
    EXPECT_LE(facts.file_bytes, 2 * mib + mib / 4 + 2 * mib); // the file, and its WAL
    EXPECT_EQ(facts.newest_ns, now_ns + 399);
    EXPECT_EQ(facts.oldest_ns, now_ns + 400 - static_cast<std::int64_t>(facts.incidents));
}

TEST_F(RetentionTest, ShrinksTheFileWhenItsLimitIsLowered)
{
    add(*writer(path_), "first", now_ns - 1);
    {
        const auto store = writer(path_);
        for (int i = 0; i < 100; ++i)
            add(*store, large_incident(std::to_string(i), now_ns + i, 100'000));
    }
    const auto before = std::filesystem::file_size(path_);
    EXPECT_GT(before, 9 * mib);
    const auto store = writer(path_, {.max_age = {}, .max_incidents = {}, .max_bytes = 2 * mib});
    const auto after = std::filesystem::file_size(path_);
    EXPECT_LT(after, 2 * mib + mib / 2);
    EXPECT_EQ(store->facts().value().newest_ns, now_ns + 99);
}

TEST_F(RetentionTest, KeepsTheNewestWhateverItsSize)
{
    const auto store = writer(path_, {.max_age = {}, .max_incidents = 0, .max_bytes = 0});
    add(*store, large_incident("large", now_ns, 3 * mib));
    EXPECT_THAT(ids(*store), ElementsAre("large"));
    add(*store, large_incident("larger", now_ns + 1, 4 * mib));
    EXPECT_THAT(ids(*store), ElementsAre("larger"));
}

} // namespace

} // namespace oomtrace
