// SPDX-License-Identifier: Apache-2.0
#include "host/own_process.h"

#include <chrono>
#include <ctime>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "host/unique_fd.h"
#include "support/fixture_tree.h"

namespace oomtrace
{
namespace
{

TEST(OwnProcess, FieldsAreCountedFromBehindTheName)
{
    const test::FixtureTree tree;
    tree.write("/proc/self/stat", "4121 (a) R 9 9 9) S 1 4121 4121 0 -1 4194560 1 2 3 4 250 150 0 0 20 0 2 0 1000 9999 2048 "
                                  "18446744073709551615 1 1\n");
    tree.write("/proc/self/fd/0", "");
    tree.write("/proc/self/fd/7", "");
    const OwnProcess process = read_own_process(tree.at("/"));
    EXPECT_DOUBLE_EQ(process.cpu_seconds, 400.0 / static_cast<double>(::sysconf(_SC_CLK_TCK)));
    EXPECT_EQ(process.resident_bytes, 2048U * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    EXPECT_EQ(process.open_fds, 2U);
}

TEST(OwnProcess, NothingToReadIsNothing)
{
    const test::FixtureTree tree;
    const OwnProcess process = read_own_process(tree.at("/"));
    EXPECT_EQ(process.cpu_seconds, 0);
    EXPECT_EQ(process.resident_bytes, 0U);
    EXPECT_EQ(process.open_fds, 0U);
    EXPECT_EQ(own_start_time_seconds(tree.at("/")), 0);
}

TEST(OwnProcess, OfThisOne)
{
    const OwnProcess before = read_own_process();
    EXPECT_GT(before.resident_bytes, 1U << 20);
    EXPECT_LT(before.resident_bytes, 1ULL << 32);
    const UniqueFd one(::open("/dev/null", O_RDONLY));
    EXPECT_EQ(read_own_process().open_fds, before.open_fds + 1);
    const auto begin = std::clock();
    while (std::clock() - begin < CLOCKS_PER_SEC / 20) {
    }
    EXPECT_GT(read_own_process().cpu_seconds, before.cpu_seconds);
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    EXPECT_LT(own_start_time_seconds(), now + 1);
    EXPECT_GT(own_start_time_seconds(), now - 600);
}

} // namespace
} // namespace oomtrace
