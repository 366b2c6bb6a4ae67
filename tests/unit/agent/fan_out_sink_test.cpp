// SPDX-License-Identifier: Apache-2.0
#include "agent/fan_out_sink.h"

#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

using ::testing::ElementsAre;
using ::testing::FieldsAre;

class CountingSink final : public Sink
{
  public:
    bool fails = false;
    int incidents = 0, losses = 0, flushes = 0;

    Result<void> on_incident(const Incident &, const Verdict &) override { return answer(incidents); }
    Result<void> on_loss(const LossTotals &) override { return answer(losses); }
    Result<void> flush() override { return answer(flushes); }

  private:
    [[nodiscard]] Result<void> answer(int &count) const
    {
        ++count;
        if (fails)
            return fail("write", "no space left on device");
        return {};
    }
};

TEST(FanOutSink, GivesEachSinkEverythingWhateverTheOthersSay)
{
    CountingSink broken, sound;
    broken.fails = true;
    FanOutSink all;
    all.add("broken", broken);
    all.add("sound", sound);
    EXPECT_TRUE(all.on_incident({}, {}));
    EXPECT_TRUE(all.on_loss({}));
    EXPECT_TRUE(all.flush());
    EXPECT_EQ(sound.incidents, 1);
    EXPECT_EQ(sound.losses, 1);
    EXPECT_EQ(sound.flushes, 1);
    EXPECT_THAT(all.failures(), ElementsAre(FieldsAre("broken", 3U), FieldsAre("sound", 0U)));
    broken.fails = false;
    EXPECT_TRUE(all.on_incident({}, {}));
    EXPECT_EQ(broken.incidents, 2);
    EXPECT_EQ(all.failures().front().count, 3U);
}

} // namespace
} // namespace oomtrace
