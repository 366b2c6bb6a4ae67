// SPDX-License-Identifier: Apache-2.0
#include "host/nodes.h"

#include <gtest/gtest.h>

#include "support/fixture_tree.h"

namespace oomtrace
{
namespace
{

std::uint32_t nodes_of(std::string_view possible)
{
    const test::FixtureTree tree;
    tree.write("/sys/devices/system/node/possible", possible);
    return possible_nodes(tree.root());
}

TEST(nodes, one_above_the_highest_that_may_come)
{
    EXPECT_EQ(nodes_of("0\n"), 1U);
    EXPECT_EQ(nodes_of("0-3\n"), 4U);
    EXPECT_EQ(nodes_of("0-63"), 64U);
    EXPECT_EQ(nodes_of("0,2\n"), 3U);
    EXPECT_EQ(nodes_of("0,2-5\n"), 6U);
    EXPECT_EQ(nodes_of("0-1,8\n"), 9U);
}

TEST(nodes, one_on_a_kernel_without_numa)
{
    const test::FixtureTree tree;
    EXPECT_EQ(possible_nodes(tree.root()), 1U);
    EXPECT_EQ(nodes_of(""), 1U);
    EXPECT_EQ(nodes_of("\n"), 1U);
    EXPECT_EQ(nodes_of("none\n"), 1U);
}

} // namespace
} // namespace oomtrace
