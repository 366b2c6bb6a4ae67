// SPDX-License-Identifier: Apache-2.0
#include "sinks/background_writer.h"

#include <atomic>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oomtrace
{

namespace
{

using namespace std::chrono_literals;
using testing::ElementsAre;

std::chrono::steady_clock::time_point soon()
{
    return std::chrono::steady_clock::now() + 20s;
}

// Takes `allowed` items of each batch.
class BackgroundWriterTest : public testing::Test
{
  protected:
    BackgroundWriter<int>::Work work()
    {
        return {[this](std::span<const int> batch) {
                    ++attempts_;
                    while (hold_)
                        std::this_thread::sleep_for(1ms);
                    const std::size_t done = std::min<std::size_t>(allowed_, batch.size());
                    written_.insert(written_.end(), batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(done));
                    return done;
                },
                [this] { ++tidied_; }, [this] { ++ended_; }};
    }

    std::atomic<std::size_t> allowed_ = 1000;
    std::atomic<bool> hold_ = false;
    std::atomic<int> attempts_ = 0, tidied_ = 0, ended_ = 0;
    std::vector<int> written_;
};

TEST_F(BackgroundWriterTest, WritesInOrder)
{
    BackgroundWriter<int> writer({.batch_items = 2}, work());
    ASSERT_TRUE(writer.start("test"));
    for (int i = 0; i < 5; ++i)
        EXPECT_TRUE(writer.push(i, 1));
    EXPECT_TRUE(writer.flush(soon()));
    EXPECT_THAT(written_, ElementsAre(0, 1, 2, 3, 4));
    EXPECT_EQ(writer.waiting().items, 0U);
    EXPECT_EQ(writer.waiting().bytes, 0U);
    EXPECT_EQ(tidied_, 1);
}

TEST_F(BackgroundWriterTest, IsBoundedByNumberAndBytes)
{
    hold_ = true;
    BackgroundWriter<int> writer({.max_items = 3, .max_bytes = 100}, work());
    ASSERT_TRUE(writer.start("test"));
    EXPECT_TRUE(writer.push(1, 500)); // alone
    EXPECT_FALSE(writer.push(2, 1));
    hold_ = false;
    EXPECT_TRUE(writer.flush(soon()));
    hold_ = true;
    EXPECT_TRUE(writer.push(3, 60));
    EXPECT_FALSE(writer.push(4, 60));
    EXPECT_TRUE(writer.push(5, 40));
    EXPECT_FALSE(writer.push(6, 1));
    EXPECT_EQ(writer.waiting().bytes, 100U);
    hold_ = false;
    EXPECT_TRUE(writer.flush(soon()));
    EXPECT_THAT(written_, ElementsAre(1, 3, 5));
}

TEST_F(BackgroundWriterTest, TriesAgainWhatWasNotTaken)
{
    allowed_ = 0;
    BackgroundWriter<int> writer({.first_pause = 5ms}, work());
    ASSERT_TRUE(writer.start("test"));
    writer.push(1, 1);
    writer.push(2, 1);
    while (attempts_ < 3)
        std::this_thread::sleep_for(1ms);
    EXPECT_EQ(writer.waiting().items, 2U);
    allowed_ = 1;
    writer.push(3, 1);
    EXPECT_TRUE(writer.flush(soon()));
    EXPECT_THAT(written_, ElementsAre(1, 2, 3));
}

TEST_F(BackgroundWriterTest, AFlushDoesNotWaitOutThePause)
{
    allowed_ = 0;
    BackgroundWriter<int> writer({.first_pause = 1h}, work());
    ASSERT_TRUE(writer.start("test"));
    writer.push(1, 1);
    EXPECT_FALSE(writer.flush(soon()));
    EXPECT_GE(attempts_, 1);
    allowed_ = 1;
    EXPECT_TRUE(writer.flush(soon()));
    EXPECT_THAT(written_, ElementsAre(1));
}

TEST_F(BackgroundWriterTest, RestsInAPause)
{
    allowed_ = 0;
    BackgroundWriter<int> writer({.first_pause = 1h}, work());
    ASSERT_TRUE(writer.start("test"));
    writer.push(1, 1);
    EXPECT_FALSE(writer.flush(soon()));
    const int before = attempts_;
    for (int i = 2; i < 10; ++i)
        writer.push(i, 1);
    writer.nudge();
    while (tidied_ < 2)
        std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(attempts_, before);
}

TEST_F(BackgroundWriterTest, TriesOnceMoreAtTheEnd)
{
    allowed_ = 0;
    {
        BackgroundWriter<int> writer({.first_pause = 1h}, work());
        ASSERT_TRUE(writer.start("test"));
        writer.push(1, 1);
        EXPECT_FALSE(writer.flush(soon()));
        allowed_ = 1;
    }
    EXPECT_THAT(written_, ElementsAre(1));
    EXPECT_EQ(ended_, 1);
    allowed_ = 0;
    BackgroundWriter<int> writer({.first_pause = 1h}, work());
    ASSERT_TRUE(writer.start("test"));
    writer.push(1, 1);
    EXPECT_EQ(writer.stop(), 1U);
}

} // namespace

} // namespace oomtrace
