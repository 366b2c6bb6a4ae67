// SPDX-License-Identifier: Apache-2.0
#include "cli/incident_thread.h"

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oomtrace
{

namespace
{

using testing::ElementsAre;

kernel_log::FoundReport report(std::uint64_t number, std::size_t tasks = 0)
{
    kernel_log::FoundReport found{std::make_unique<kernel_log::ParsedReport>(), number};
    found.report->table.emplace().add(kernel_log::Column::rss);
    found.report->rows.resize(tasks);
    return found;
}

TEST(IncidentThread, WorksOnAllOfThemInTheirOrder)
{
    std::vector<std::uint64_t> seen, expected;
    IncidentThread thread([&](const Incident &one) { seen.push_back(one.episode); }, "test");
    ASSERT_TRUE(thread.start());
    for (std::uint64_t number = 0; number < 5000; ++number) {
        expected.push_back(number);
        thread.hand_over(report(number, number % 50));
    }
    thread.finish();
    EXPECT_EQ(seen, expected);
}

TEST(IncidentThread, WorksWhileItsCallerGoesOn)
{
    std::promise<void> go_on;
    std::vector<std::uint64_t> seen;
    IncidentThread thread(
        [&, may = go_on.get_future().share()](const Incident &one) {
            may.wait();
            seen.push_back(one.episode);
        },
        "test");
    ASSERT_TRUE(thread.start());
    thread.hand_over(report(1)); // would wait for ever if it waited for the work
    thread.hand_over(report(2));
    go_on.set_value();
    thread.drain();
    EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST(IncidentThread, RestsWhenNoMoreAreWaitingAndBeforeItIsDrained)
{
    std::promise<void> go_on;
    std::vector<std::string> seen;
    IncidentThread thread(
        [&, may = go_on.get_future().share()](const Incident &one) {
            may.wait();
            seen.push_back(std::to_string(one.episode));
        },
        "test", [&] { seen.emplace_back("rest"); });
    ASSERT_TRUE(thread.start());
    thread.hand_over(report(1));
    thread.hand_over(report(2));
    go_on.set_value();
    thread.drain();
    EXPECT_THAT(seen, ElementsAre("1", "2", "rest"));
}

TEST(IncidentThread, WorksAtOnceWhenItIsWoken)
{
    std::promise<std::uint64_t> worked;
    IncidentThread thread([&](const Incident &one) { worked.set_value(one.episode); }, "test");
    ASSERT_TRUE(thread.start());
    thread.hand_over(report(7));
    thread.wake();
    EXPECT_EQ(worked.get_future().get(), 7U);
}

TEST(IncidentThread, HasOneLongTableInMemoryAtATime)
{
    std::atomic<int> worked = 0;
    IncidentThread thread(
        [&](const Incident &) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            ++worked;
        },
        "test");
    ASSERT_TRUE(thread.start());
    thread.hand_over(report(1));
    thread.hand_over(report(2, 100'000));
    EXPECT_EQ(worked, 2);
}

TEST(IncidentThread, MakesTheSameIncidentsWhereItDoesNotKeepUp)
{
    std::promise<void> go_on;
    std::vector<std::size_t> seen, expected;
    IncidentThread thread(
        [&, may = go_on.get_future().share()](const Incident &one) {
            may.wait();
            EXPECT_EQ(one.host.tracer_version, "test");
            seen.push_back(one.candidates.size());
        },
        "test");
    ASSERT_TRUE(thread.start());
    constexpr std::size_t behind = 60; // fewer than wait for room
    for (std::size_t tasks = 0; tasks < behind; ++tasks) {
        expected.push_back(tasks);
        thread.hand_over(report(1, tasks));
    }
    go_on.set_value();
    thread.finish();
    EXPECT_EQ(seen, expected);
}

TEST(IncidentThread, HoldsABoundedNumber)
{
    constexpr int most = 128;
    std::atomic<int> worked = 0;
    IncidentThread thread(
        [&](const Incident &) {
            std::this_thread::sleep_for(std::chrono::microseconds(100));
            ++worked;
        },
        "test");
    ASSERT_TRUE(thread.start());
    for (int handed_over = 1; handed_over <= 1000; ++handed_over) {
        thread.hand_over(report(1));
        ASSERT_LT(handed_over - worked, most);
    }
}

} // namespace

} // namespace oomtrace
