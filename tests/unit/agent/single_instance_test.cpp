// SPDX-License-Identifier: Apache-2.0
#include "agent/single_instance.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <unistd.h>

namespace oomtrace
{
namespace
{

using ::testing::HasSubstr;

class SingleInstanceTest : public testing::Test
{
  protected:
    SingleInstanceTest() : directory_("/tmp/oomtrace-lock-" + std::to_string(::getpid())) {}
    ~SingleInstanceTest() override { std::filesystem::remove_all(directory_); }
    std::filesystem::path directory_;
};

TEST_F(SingleInstanceTest, IsTheOnlyOneUntilItEnds)
{
    const auto path = directory_ / "run" / "agent.lock"; // made with the directories above
    {
        const auto first = SingleInstance::acquire(path);
        ASSERT_TRUE(first) << first.error().reason;
        const auto second = SingleInstance::acquire(path);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().reason, "another agent is running, pid " + std::to_string(::getpid()));
        EXPECT_THAT(second.error().hint, HasSubstr("oomtrace trace"));
    }
    EXPECT_TRUE(SingleInstance::acquire(path));
}

TEST_F(SingleInstanceTest, NeedsAPlaceForItsFile)
{
    const auto lock = SingleInstance::acquire("/proc/nowhere/agent.lock");
    ASSERT_FALSE(lock);
    EXPECT_THAT(lock.error().attempted, HasSubstr("/proc/nowhere/agent.lock"));
}

} // namespace
} // namespace oomtrace
