// SPDX-License-Identifier: Apache-2.0
#include "host/scratch_cgroup.h"

#include <gmock/gmock.h>

#include "support/fixture_tree.h"

namespace oomtrace
{
namespace
{

using ::testing::HasSubstr;

constexpr std::uint64_t limit = 32 << 20;

TEST(scratch_cgroup, without_a_memory_controller_nothing_is_made)
{
    const test::FixtureTree tree;
    tree.write("/proc/mounts", "proc /proc proc rw 0 0\n");
    const auto cgroup = ScratchCgroup::create("scratch", limit, tree.root());
    ASSERT_FALSE(cgroup);
    EXPECT_THAT(cgroup.error().attempted, HasSubstr("memory controller"));
}

TEST(scratch_cgroup, a_name_that_is_a_path_is_refused)
{
    const test::FixtureTree tree;
    tree.write("/proc/mounts", "cgroup /cg cgroup rw,memory 0 0\n");
    std::filesystem::create_directories(tree.at("/cg"));
    for (const auto *name : {"", "..", "../x", "a/b"})
        EXPECT_FALSE(ScratchCgroup::create(name, limit, tree.root())) << name;
    EXPECT_TRUE(std::filesystem::is_empty(tree.at("/cg")));
}

// A plain directory has none of the control files, so that each step fails in its turn, and must be undone.
TEST(scratch_cgroup, a_failed_limit_leaves_nothing_behind)
{
    const test::FixtureTree tree;
    tree.write("/proc/mounts", "cgroup /cg cgroup rw,memory 0 0\n");
    std::filesystem::create_directories(tree.at("/cg"));
    const auto cgroup = ScratchCgroup::create("scratch", limit, tree.root());
    ASSERT_FALSE(cgroup);
    EXPECT_THAT(cgroup.error().attempted, HasSubstr("/cg/scratch/memory.limit_in_bytes"));
    EXPECT_TRUE(std::filesystem::is_empty(tree.at("/cg")));
}

TEST(scratch_cgroup, v2_switches_the_controller_on_where_it_is_off)
{
    const test::FixtureTree tree;
    tree.write("/proc/mounts", "cgroup2 /cg cgroup2 rw 0 0\n");
    tree.write("/cg/cgroup.controllers", "cpu memory\n");
    tree.write("/cg/cgroup.subtree_control", "cpu\n");
    const auto cgroup = ScratchCgroup::create("scratch", limit, tree.root());
    ASSERT_FALSE(cgroup);
    EXPECT_THAT(cgroup.error().attempted, HasSubstr("/cg/scratch/memory.max")) << "got past the controller";
    EXPECT_THAT(tree.read("/cg/cgroup.subtree_control"), HasSubstr("+memory"));
    EXPECT_FALSE(std::filesystem::exists(tree.at("/cg/scratch")));
}

TEST(scratch_cgroup, v2_leaves_a_controller_that_is_on_alone)
{
    const test::FixtureTree tree;
    tree.write("/proc/mounts", "cgroup2 /cg cgroup2 rw 0 0\n");
    tree.write("/cg/cgroup.controllers", "cpu memory\n");
    tree.write("/cg/cgroup.subtree_control", "cpu memory\n");
    EXPECT_FALSE(ScratchCgroup::create("scratch", limit, tree.root()));
    EXPECT_EQ(tree.read("/cg/cgroup.subtree_control"), "cpu memory\n");
}

TEST(scratch_cgroup, one_that_is_there_already_is_neither_used_nor_removed)
{
    const test::FixtureTree tree;
    tree.write("/proc/mounts", "cgroup /cg cgroup rw,memory 0 0\n");
    std::filesystem::create_directories(tree.at("/cg/scratch"));
    const auto cgroup = ScratchCgroup::create("scratch", limit, tree.root());
    ASSERT_FALSE(cgroup);
    EXPECT_EQ(cgroup.error().reason, "File exists");
    EXPECT_THAT(cgroup.error().hint, HasSubstr("rmdir"));
    EXPECT_TRUE(std::filesystem::exists(tree.at("/cg/scratch")));
}

} // namespace
} // namespace oomtrace
