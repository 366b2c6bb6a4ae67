// SPDX-License-Identifier: Apache-2.0
#include "agent/untold_sink.h"

#include <vector>

#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

using ::testing::ElementsAre;

class IdSink final : public Sink
{
  public:
    std::vector<std::string> ids;
    int losses = 0, flushes = 0;

    Result<void> on_incident(const Incident &incident, const Verdict &) override
    {
        ids.push_back(incident.id);
        return {};
    }
    Result<void> on_loss(const LossTotals &) override
    {
        ++losses;
        return {};
    }
    Result<void> flush() override
    {
        ++flushes;
        return {};
    }
};

Incident incident(const char *id, bool before_start)
{
    Incident incident;
    incident.id = id;
    incident.before_start = before_start;
    return incident;
}

Result<std::optional<std::string>> all_but_new(const Incident &report)
{
    return report.id == "log-new" ? std::nullopt : std::optional<std::string>("0a1b2c3d-1-1f");
}

TEST(UntoldSink, KeepsBackWhatTheLogHasOfEarlierRuns)
{
    IdSink next;
    UntoldSink sink(next);
    sink.ask(all_but_new);
    EXPECT_TRUE(sink.on_incident(incident("log-kept", true), {}));
    EXPECT_TRUE(sink.on_incident(incident("log-new", true), {}));
    EXPECT_TRUE(sink.on_incident(incident("0a1b2c3d-2-2f", false), {})); // seen live: nobody is asked
    EXPECT_TRUE(sink.on_loss({}));
    EXPECT_TRUE(sink.flush());
    EXPECT_THAT(next.ids, ElementsAre("log-new", "0a1b2c3d-2-2f"));
    EXPECT_EQ(next.losses, 1);
    EXPECT_EQ(next.flushes, 1);
}

TEST(UntoldSink, GivesWhatItKeepsBackToTheOneThatForgets)
{
    IdSink next, forgetful;
    UntoldSink sink(next);
    sink.ask(all_but_new, &forgetful);
    EXPECT_TRUE(sink.on_incident(incident("log-kept", true), {}));
    EXPECT_TRUE(sink.on_incident(incident("log-new", true), {}));
    EXPECT_THAT(next.ids, ElementsAre("log-new")); // which has the forgetful one among its branches
    EXPECT_THAT(forgetful.ids, ElementsAre("log-kept"));
}

TEST(UntoldSink, PassesOnWhatCannotBeLookedUp)
{
    IdSink next;
    UntoldSink sink(next);
    EXPECT_TRUE(sink.on_incident(incident("log-1", true), {}));
    sink.ask([](const Incident &) -> Result<std::optional<std::string>> { return fail("open the store", "no such file"); });
    EXPECT_TRUE(sink.on_incident(incident("log-2", true), {}));
    EXPECT_THAT(next.ids, ElementsAre("log-1", "log-2"));
}

} // namespace
} // namespace oomtrace
