// SPDX-License-Identifier: Apache-2.0
#include "cli/gathered_output.h"

#include <algorithm>
#include <ostream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace oomtrace
{

namespace
{

// Takes so many bytes and no more.
class FullDisk : public std::streambuf
{
  public:
    explicit FullDisk(std::streamsize room) : room_(room) {}

  protected:
    std::streamsize xsputn(const char * /*text*/, std::streamsize size) override
    {
        const std::streamsize taken = std::min(size, room_);
        room_ -= taken;
        return taken;
    }

  private:
    std::streamsize room_;
};

TEST(GatheredOutput, HandsOnAtAFlushUnlessItGathers)
{
    std::stringbuf to;
    GatheredOutput gathered(to);
    std::ostream out(&gathered);
    out << "first " << std::flush;
    EXPECT_EQ(to.str(), "first ");
    gathered.gather(true);
    out << "second " << std::flush;
    EXPECT_EQ(to.str(), "first ");
    gathered.gather(false);
    out << "third" << std::flush;
    EXPECT_EQ(to.str(), "first second third");
}

TEST(GatheredOutput, LosesNothingOfWhatIsLargerThanItself)
{
    std::stringbuf to;
    GatheredOutput gathered(to);
    gathered.gather(true);
    std::ostream out(&gathered);
    std::string expected;
    for (int i = 0; i < 100; ++i) {
        const std::string piece(static_cast<std::size_t>(i) * 997, static_cast<char>('a' + i % 26));
        out << piece;
        out.put('\n');
        expected += piece + '\n';
    }
    EXPECT_GT(to.str().size(), expected.size() / 2); // it does not wait for the end
    gathered.gather(false);
    out.flush();
    EXPECT_EQ(to.str(), expected);
}

TEST(GatheredOutput, TellsThatWhatItHandsOnWasNotTaken)
{
    FullDisk disk(100'000);
    GatheredOutput gathered(disk);
    gathered.gather(true);
    std::ostream out(&gathered);
    out << std::string(60'000, 'x');
    EXPECT_TRUE(out);
    out << std::string(90'000, 'x');
    EXPECT_FALSE(out);

    FullDisk full(0);
    GatheredOutput last(full);
    std::ostream end(&last);
    end << 'x' << std::flush;
    EXPECT_FALSE(end);
}

} // namespace

} // namespace oomtrace
