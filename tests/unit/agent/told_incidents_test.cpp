// SPDX-License-Identifier: Apache-2.0
#include "agent/told_incidents.h"

#include <fstream>

#include <gmock/gmock.h>
#include <unistd.h>

#include "explain/explain.h"
#include "reconstruct/incident_id.h"
#include "support/fixture_tree.h"

namespace oomtrace
{
namespace
{

using ::testing::HasSubstr;

constexpr const char *boot = "0a1b2c3d-4e5f-6789-abcd-ef0123456789";
constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t oom_ns = 1000 * second_ns; // since the boot

Incident incident(std::string id, std::optional<std::uint32_t> victim, std::string asker = "postgres")
{
    Incident incident;
    incident.id = std::move(id);
    incident.host.boot_id = boot;
    incident.monotonic_ns = oom_ns;
    incident.realtime_ns = 1'772'334'765 * static_cast<std::int64_t>(second_ns);
    incident.trigger.process.pid = 77;
    incident.trigger.process.comm = std::move(asker);
    if (victim)
        incident.victim.emplace().process.pid = *victim;
    return incident;
}

class ToldIncidentsTest : public testing::Test
{
  protected:
    void tell(const Incident &incident)
    {
        const auto noted = ToldIncidents(path_).on_incident(incident, explain(incident));
        ASSERT_TRUE(noted) << noted.error().reason;
    }
    // By another run of the agent.
    [[nodiscard]] std::string told_as(const Incident &report) const
    {
        return ToldIncidents(path_).same_oom(report).value_or("none");
    }

    test::FixtureTree tree_;
    std::filesystem::path path_ = tree_.at("agent.told");
    std::string live_id_ = live_incident_id(boot, 3, oom_ns);
};

TEST_F(ToldIncidentsTest, AreKnownFromTheLogOfTheKernel)
{
    EXPECT_EQ(told_as(incident("log-0123456789abcdef", 4121)), "none");
    tell(incident("0a1b2c3d-1-1", 4000));
    tell(incident(live_id_, 4121));
    EXPECT_EQ(told_as(incident("log-0123456789abcdef", 4121)), live_id_);
    EXPECT_EQ(told_as(incident("log-0123456789abcdef", 4122)), "none");
    EXPECT_EQ(told_as(incident("log-0123456789abcdef", std::nullopt)), "none");
    Incident later = incident("log-0123456789abcdef", 4121);
    later.monotonic_ns += 120 * second_ns;
    EXPECT_EQ(told_as(later), "none");
    tell(later);
    EXPECT_EQ(told_as(later), later.id);
}

TEST_F(ToldIncidentsTest, WithoutAVictimGoByWhoAskedWhateverItsName)
{
    const std::string name = "a b\n- 1 2";
    tell(incident(live_id_, std::nullopt, "x y"));
    tell(incident("log-1", std::nullopt, name));
    EXPECT_EQ(told_as(incident("log-0123456789abcdef", std::nullopt, "x y")), live_id_);
    EXPECT_EQ(told_as(incident("log-0123456789abcdef", std::nullopt, "x")), "none");
    EXPECT_EQ(told_as(incident("-", std::nullopt, "x")), "none"); // nobody's name begins a line
    EXPECT_EQ(told_as(incident("log-1", std::nullopt, name)), "log-1");
}

TEST_F(ToldIncidentsTest, TheOlderHalfGoesWhenThereIsNoRoom)
{
    std::size_t largest = 0;
    for (int number = 0; number < 20'000; ++number) {
        tell(incident("log-" + std::to_string(100'000 + number), 4121));
        largest = std::max<std::size_t>(largest, std::filesystem::file_size(path_));
    }
    EXPECT_LE(largest, ToldIncidents::most_bytes);
    EXPECT_GT(largest, ToldIncidents::most_bytes - 200);
    EXPECT_EQ(std::filesystem::file_size(path_) > ToldIncidents::most_bytes / 2 - 200, true);
    Incident report = incident("", 4121);
    report.host.boot_id.clear(); // by its id alone
    report.id = "log-119999";
    EXPECT_EQ(told_as(report), report.id);
    report.id = "log-100000";
    EXPECT_EQ(told_as(report), "none");
}

TEST_F(ToldIncidentsTest, AFileThatCannotBeUsedIsAnErrorAndSaysNothing)
{
    std::filesystem::create_directory(path_);
    EXPECT_FALSE(ToldIncidents(path_).on_incident(incident(live_id_, 4121), {}));
    std::filesystem::remove(path_);
    std::filesystem::create_symlink(tree_.at("elsewhere"), path_);
    EXPECT_FALSE(ToldIncidents(path_).on_incident(incident(live_id_, 4121), {}));
    EXPECT_FALSE(std::filesystem::exists(tree_.at("elsewhere")));
    std::filesystem::remove(path_);
    std::ofstream(path_) << "\n\n \n0a1b2c3d-1 x y z\n" << live_id_; // cut off
    EXPECT_EQ(told_as(incident("log-0123456789abcdef", 4121)), "none");
    if (::geteuid() != 0)
        return;
    std::filesystem::remove(path_);
    tell(incident(live_id_, 4121));
    ASSERT_EQ(::chown(path_.c_str(), 1234, 1234), 0);
    EXPECT_EQ(told_as(incident("log-0123456789abcdef", 4121)), "none");
    const auto noted = ToldIncidents(path_).on_incident(incident(live_id_, 4121), {});
    ASSERT_FALSE(noted);
    EXPECT_THAT(noted.error().reason, HasSubstr("not a file of the agent's user"));
}

} // namespace
} // namespace oomtrace
