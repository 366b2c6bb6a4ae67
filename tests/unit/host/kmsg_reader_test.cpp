// SPDX-License-Identifier: Apache-2.0
#include "host/kmsg_reader.h"

#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fixture_tree.h"

namespace oomtrace
{
namespace
{

using testing::HasSubstr;

// Gives what is written into it record by record, as /dev/kmsg does.
struct Records {
    UniqueFd in, out;

    Records()
    {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
        in.reset(ends[0]);
        out.reset(ends[1]);
    }
    void write(const std::string &record) const
    {
        EXPECT_EQ(::write(in.get(), record.data(), record.size()), static_cast<ssize_t>(record.size()));
    }
};

TEST(KmsgReader, GivesTheKernelsLines)
{
    Records records;
    records.write("6,17,1000,-;first\n SUBSYSTEM=cpu\n DEVICE=+cpu:cpu0\n");
    records.write("12,18,1001,-;a program's line\n"); // facility 1
    records.write("30,19,1002,-;systemd[1]: another's\n");
    records.write("no record\n");
    records.write("3,20,1003,-,caller=T7;last\n");
    KmsgReader reader(std::move(records.out));
    auto line = reader.next();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->sequence, 17U);
    EXPECT_EQ(line->record, "6,17,1000,-;first");
    line = reader.next();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->record, "3,20,1003,-,caller=T7;last");
    EXPECT_FALSE(reader.next()); // and does not wait
    EXPECT_EQ(reader.times_overwritten(), 0U);
    records.write("6,21,1004,-;later\n");
    EXPECT_TRUE(reader.next());
}

TEST(KmsgReader, SaysWhyItCannotRead)
{
    const test::FixtureTree tree;
    const auto reader = KmsgReader::open(KmsgReader::From::now, tree.at("/dev/kmsg"));
    ASSERT_FALSE(reader);
    EXPECT_THAT(reader.error().attempted, HasSubstr("kernel's log"));
    EXPECT_EQ(reader.error().reason, "No such file or directory");
}

TEST(KmsgReader, ReadsThisKernelsLog)
{
    auto remembered = KmsgReader::open(KmsgReader::From::oldest);
    auto later = KmsgReader::open(KmsgReader::From::now);
    if (!remembered || !later)
        GTEST_SKIP() << "/dev/kmsg cannot be read here";
    std::uint64_t lines = 0, last = 0;
    for (auto line = remembered->next(); line && lines < 100'000; line = remembered->next(), ++lines) {
        EXPECT_GE(line->sequence, last);
        last = line->sequence;
    }
    EXPECT_GT(lines, 0U);
    const auto line = later->next(); // the kernel may print at this moment
    EXPECT_TRUE(!line || line->sequence > last);
}

} // namespace
} // namespace oomtrace
