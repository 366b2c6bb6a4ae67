// SPDX-License-Identifier: Apache-2.0
#include "host/cgroup_mount.h"

#include <gmock/gmock.h>

#include "support/fixture_tree.h"

namespace oomtrace
{
namespace
{

using ::testing::HasSubstr;

constexpr auto v1_mounts = R"(proc /proc proc rw,relatime 0 0
tmpfs /sys/fs/cgroup tmpfs rw,mode=755 0 0
cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
)";
constexpr auto v2_mounts = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate,memory_recursiveprot 0 0\n";

TEST(cgroup_mount, v1_hierarchy_wins_on_a_hybrid_host)
{
    const test::FixtureTree tree;
    tree.write("/proc/mounts", v1_mounts);
    tree.write("/sys/fs/cgroup/unified/cgroup.controllers", "\n");
    const auto mount = find_memory_controller(tree.root());
    ASSERT_TRUE(mount);
    EXPECT_EQ(mount->version, 1U);
    EXPECT_EQ(mount->directory, tree.at("/sys/fs/cgroup/memory"));
    EXPECT_EQ(memory_controller_version(tree.root()), 1U);
}

TEST(cgroup_mount, v2)
{
    const test::FixtureTree tree;
    tree.write("/proc/mounts", v2_mounts);
    tree.write("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids\n");
    const auto mount = find_memory_controller(tree.root());
    ASSERT_TRUE(mount);
    EXPECT_EQ(mount->version, 2U);
    EXPECT_EQ(mount->directory, tree.at("/sys/fs/cgroup"));
    EXPECT_EQ(memory_controller_version(tree.root()), 2U);
}

TEST(cgroup_mount, the_mount_options_of_v2_do_not_pass_for_the_v1_controller)
{
    const test::FixtureTree tree;
    tree.write("/proc/mounts", "cgroup /sys/fs/cgroup/x cgroup rw,memory_recursiveprot,name=memory 0 0\n");
    EXPECT_FALSE(find_memory_controller(tree.root()));
}

TEST(cgroup_mount, a_mount_point_with_a_blank_is_unescaped)
{
    const test::FixtureTree tree;
    tree.write("/proc/mounts", "cgroup /mnt/two\\040words cgroup rw,memory 0 0\n");
    const auto mount = find_memory_controller(tree.root());
    ASSERT_TRUE(mount);
    EXPECT_EQ(mount->directory, tree.at("/mnt/two words"));
}

TEST(cgroup_mount, a_v2_hierarchy_without_the_controller_says_so)
{
    const test::FixtureTree tree;
    tree.write("/proc/mounts", v2_mounts);
    tree.write("/sys/fs/cgroup/cgroup.controllers", "cpu pids\n");
    const auto mount = find_memory_controller(tree.root());
    ASSERT_FALSE(mount);
    EXPECT_THAT(mount.error().reason, HasSubstr("does not offer it"));
    EXPECT_THAT(mount.error().hint, HasSubstr("cgroup_disable=memory"));
    EXPECT_EQ(memory_controller_version(tree.root()), 0U);
}

TEST(cgroup_mount, without_proc_the_error_names_the_file)
{
    const test::FixtureTree tree;
    const auto mount = find_memory_controller(tree.root());
    ASSERT_FALSE(mount);
    EXPECT_THAT(mount.error().attempted, HasSubstr("/proc/mounts"));
}

// A container that does not see the hierarchy: the kernel's table of controllers still tells the version.
TEST(cgroup_mount, the_version_comes_from_the_controller_table_where_nothing_is_mounted)
{
    constexpr auto head = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t1\t1\n";
    const test::FixtureTree tree;
    tree.write("/proc/mounts", "proc /proc proc rw 0 0\n");
    tree.write("/proc/cgroups", std::string(head) + "memory\t4\t10\t1\n");
    EXPECT_EQ(memory_controller_version(tree.root()), 1U);
    tree.write("/proc/cgroups", std::string(head) + "memory\t4\t10\t0\n");
    EXPECT_EQ(memory_controller_version(tree.root()), 0U);
    tree.write("/proc/mounts", v2_mounts);
    tree.write("/proc/cgroups", std::string(head) + "memory\t0\t10\t1\n");
    EXPECT_EQ(memory_controller_version(tree.root()), 2U);
}

} // namespace
} // namespace oomtrace
