// SPDX-License-Identifier: Apache-2.0
#include "host/host_facts.h"

#include <ctime>
#include <gmock/gmock.h>
#include <string>
#include <sys/utsname.h>
#include <unistd.h>

#include "support/fixture_tree.h"

namespace oomtrace
{
namespace
{

template <std::size_t N>
std::string text(const wire_u8 (&field)[N])
{
    return {reinterpret_cast<const char *>(field)};
}

std::int64_t now_ns(clockid_t clock)
{
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

TEST(host_facts, come_from_the_root_that_is_given)
{
    const test::FixtureTree tree;
    tree.write("/proc/sys/kernel/hostname", "db-7\n");
    tree.write("/proc/sys/kernel/osrelease", "6.12.117+deb12-amd64\n");
    tree.write("/proc/sys/kernel/random/boot_id", "0b2f9d3c-3c3e-4a52-8f2b-6f7b1e2d3c4d\n");
    tree.write("/proc/mounts", "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n");
    const auto host = read_host_facts("0.1.0", tree.root());
    EXPECT_EQ(host.header.kind, WIRE_HOST);
    EXPECT_EQ(host.header.size, sizeof(wire_host));
    EXPECT_EQ(text(host.hostname), "db-7");
    EXPECT_EQ(text(host.kernel), "6.12.117+deb12-amd64");
    EXPECT_EQ(text(host.boot_id), "0b2f9d3c-3c3e-4a52-8f2b-6f7b1e2d3c4d");
    EXPECT_EQ(text(host.tracer_version), "0.1.0");
    EXPECT_EQ(host.cgroup_version, 1U);
}

TEST(host_facts, another_name_for_the_host)
{
    const test::FixtureTree tree;
    tree.write("/proc/sys/kernel/hostname", "oomtrace-x7k2p\n");
    auto host = read_host_facts("0.1.0", tree.root());
    set_hostname(host, "n7");
    EXPECT_EQ(text(host.hostname), "n7");
    set_hostname(host, std::string(300, 'n'));
    EXPECT_EQ(text(host.hostname), std::string(255, 'n'));
}

TEST(host_facts, the_machine_itself)
{
    const test::FixtureTree tree;
    utsname names{};
    ASSERT_EQ(::uname(&names), 0);
    const auto host = read_host_facts("0.1.0", tree.root());
    EXPECT_EQ(text(host.arch), names.machine);
    EXPECT_EQ(host.page_size, static_cast<wire_u64>(::getpagesize()));
}

TEST(host_facts, unknown_stays_empty)
{
    const test::FixtureTree tree;
    const auto host = read_host_facts("0.1.0", tree.root());
    EXPECT_EQ(text(host.hostname), "");
    EXPECT_EQ(text(host.boot_id), "");
    EXPECT_EQ(host.cgroup_version, 0U);
}

TEST(host_facts, texts_that_do_not_fit_are_cut_and_still_end)
{
    const test::FixtureTree tree;
    tree.write("/proc/sys/kernel/osrelease", std::string(400, 'x'));
    EXPECT_EQ(text(read_host_facts("0.1.0", tree.root()).kernel), std::string(127, 'x'));
}

TEST(host_facts, clock_offsets_turn_monotonic_into_the_other_clocks)
{
    const test::FixtureTree tree;
    const auto host = read_host_facts("0.1.0", tree.root());
    constexpr double second = 1e9;
    EXPECT_NEAR(static_cast<double>(host.realtime_offset_ns + now_ns(CLOCK_MONOTONIC)),
                static_cast<double>(now_ns(CLOCK_REALTIME)), second);
    EXPECT_NEAR(static_cast<double>(host.boottime_offset_ns + now_ns(CLOCK_MONOTONIC)),
                static_cast<double>(now_ns(CLOCK_BOOTTIME)), second);
}

} // namespace
} // namespace oomtrace
