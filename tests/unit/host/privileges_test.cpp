// SPDX-License-Identifier: Apache-2.0
#include "host/privileges.h"

#include <array>
#include <cap-ng.h>
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <set>
#include <string>
#include <unistd.h>

#include "host/proc_file.h"
#include "support/fixture_tree.h"
#include "support/in_child.h"

namespace oomtrace
{
namespace
{

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string_view> names(const std::vector<CapabilityNeed> &needs)
{
    std::vector<std::string_view> names;
    for (const auto &need : needs)
        names.push_back(need.name);
    return names;
}

std::vector<std::string_view> required_names(std::span<const CapabilityNeed> needs)
{
    std::vector<std::string_view> names;
    for (const auto &need : needs)
        if (need.required())
            names.push_back(need.name);
    return names;
}

TEST(privileges, a_kernel_that_knows_cap_bpf_asks_for_it)
{
    const test::FixtureTree tree;
    tree.write("/proc/sys/kernel/cap_last_cap", "40\n");
    EXPECT_THAT(required_names(capability_needs(tree.root())), ElementsAre("CAP_BPF", "CAP_PERFMON"));
    tree.write("/proc/sys/kernel/cap_last_cap", "39\n");
    EXPECT_THAT(required_names(capability_needs(tree.root())), ElementsAre("CAP_BPF", "CAP_PERFMON"));
}

TEST(privileges, an_older_kernel_asks_for_cap_sys_admin)
{
    const test::FixtureTree tree;
    tree.write("/proc/sys/kernel/cap_last_cap", "37\n");
    EXPECT_THAT(required_names(capability_needs(tree.root())), ElementsAre("CAP_SYS_ADMIN", "CAP_SYS_RESOURCE"));
}

TEST(privileges, nothing_is_missing_when_all_is_there)
{
    const test::FixtureTree tree;
    const auto privileges = check_privileges(capability_needs(tree.root()), [](int) { return true; });
    ASSERT_TRUE(privileges);
    EXPECT_THAT(privileges->missing, IsEmpty());
}

TEST(privileges, optional_ones_are_named_with_what_is_lost)
{
    const test::FixtureTree tree;
    const std::set<int> held{CAP_BPF, CAP_PERFMON, CAP_IPC_LOCK};
    const auto privileges =
        check_privileges(capability_needs(tree.root()), [&](int capability) { return held.contains(capability); });
    ASSERT_TRUE(privileges);
    EXPECT_THAT(names(privileges->missing), ElementsAre("CAP_SYS_RESOURCE", "CAP_SYSLOG"));
    for (const auto &need : privileges->missing)
        EXPECT_FALSE(need.loses.empty());
}

TEST(privileges, a_missing_required_one_fails_and_names_only_what_is_missing)
{
    const test::FixtureTree tree;
    const auto privileges =
        check_privileges(capability_needs(tree.root()), [](int capability) { return capability == CAP_BPF; });
    ASSERT_FALSE(privileges);
    EXPECT_EQ(privileges.error().reason, "CAP_PERFMON missing, needed to: attach them to the kernel and read its memory");
    EXPECT_EQ(privileges.error().hint, "run as root, or give it CAP_BPF and CAP_PERFMON");
}

TEST(privileges, cap_sys_admin_does_for_those_that_were_split_off_from_it)
{
    const test::FixtureTree tree;
    const auto with_only = [&](int held) {
        return check_privileges(capability_needs(tree.root()), [held](int capability) { return capability == held; });
    };
    ASSERT_TRUE(with_only(CAP_SYS_ADMIN));
    EXPECT_THAT(names(with_only(CAP_SYS_ADMIN)->missing), ElementsAre("CAP_SYS_RESOURCE", "CAP_IPC_LOCK", "CAP_SYSLOG"));
    EXPECT_FALSE(with_only(CAP_NET_ADMIN));
}

TEST(privileges, of_a_process_that_has_dropped_everything)
{
    const auto answer = test::in_child([] {
        ::capng_clear(CAPNG_SELECT_BOTH);
        if (::capng_apply(CAPNG_SELECT_CAPS) != 0)
            return std::string("could not drop capabilities");
        const auto privileges = check_privileges();
        return privileges ? std::string("granted") : privileges.error().reason;
    });
    EXPECT_THAT(answer, HasSubstr("missing, needed to"));
}

// Against the other witness, the kernel's own mask in /proc/self/status.
TEST(privileges, of_this_process)
{
    std::array<char, 4096> buffer;
    const auto status = read_file("/proc/self/status", buffer);
    ASSERT_TRUE(status);
    const auto at = status->find("CapEff:\t");
    ASSERT_NE(at, std::string_view::npos);
    const auto effective = std::stoull(std::string(status->substr(at + 8, 16)), nullptr, 16);
    std::vector<std::string_view> lacking;
    bool may_trace = true;
    for (const auto &need : capability_needs()) {
        const bool admin_does = need.capability == CAP_BPF || need.capability == CAP_PERFMON;
        if ((effective & (1ULL << need.capability | (admin_does ? 1ULL << CAP_SYS_ADMIN : 0))) != 0)
            continue;
        lacking.push_back(need.name);
        may_trace = may_trace && !need.required();
    }
    const auto privileges = check_privileges();
    ASSERT_EQ(privileges.has_value(), may_trace);
    if (privileges)
        EXPECT_EQ(names(privileges->missing), lacking);
    else
        EXPECT_THAT(privileges.error().reason, HasSubstr(lacking.front()));
}

} // namespace
} // namespace oomtrace
