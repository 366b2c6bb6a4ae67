// SPDX-License-Identifier: Apache-2.0
#include "host/proc_file.h"

#include <array>
#include <gmock/gmock.h>

#include "support/fixture_tree.h"

namespace oomtrace
{
namespace
{

TEST(proc_file, paths_lie_under_the_root)
{
    EXPECT_EQ(under_root("/", "/proc/stat"), "/proc/stat");
    EXPECT_EQ(under_root("/fixture", "/proc/stat"), "/fixture/proc/stat");
}

TEST(proc_file, integers)
{
    EXPECT_EQ(parse_integer("12\n"), 12);
    EXPECT_EQ(parse_integer(" \t-1000 kB"), -1000);
    EXPECT_EQ(parse_integer(""), std::nullopt);
    EXPECT_EQ(parse_integer("max"), std::nullopt);
    EXPECT_EQ(parse_integer("9223372036854775808"), std::nullopt);
    EXPECT_EQ(parse_unsigned("18446744073709551615"), 18446744073709551615ULL);
    EXPECT_EQ(parse_unsigned("-1"), std::nullopt);
}

TEST(proc_file, a_key_matches_only_as_a_whole_word_at_the_start_of_its_line)
{
    constexpr std::string_view text = "oom_kill_x 1\nmax_oom_kill 2\noom 3\noom_kill 4\nlast 5";
    EXPECT_EQ(value_of(text, "oom_kill"), 4);
    EXPECT_EQ(value_of(text, "oom"), 3);
    EXPECT_EQ(value_of(text, "last"), 5);
    EXPECT_EQ(value_of(text, "kill"), std::nullopt);
    EXPECT_EQ(value_of("", "oom"), std::nullopt);
    EXPECT_EQ(value_of("oom", "oom"), std::nullopt);
}

TEST(proc_file, reads_from_the_start_each_time_and_no_more_than_fits)
{
    const test::FixtureTree tree;
    tree.write("/f", "abcdef");
    const auto fd = open_for_reading(tree.at("/f"));
    ASSERT_TRUE(fd);
    std::array<char, 4> buffer;
    EXPECT_EQ(read_from_start(fd.get(), buffer), "abcd");
    tree.write("/f", "xy");
    EXPECT_EQ(read_from_start(fd.get(), buffer), "xy");
    EXPECT_EQ(read_from_start(-1, buffer), "");
}

TEST(proc_file, writing_never_creates_a_file_and_says_what_failed)
{
    const test::FixtureTree tree;
    const auto written = write_file(tree.at("/absent"), "1", "do this");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().attempted, "write \"1\" to " + tree.at("/absent").string());
    EXPECT_EQ(written.error().reason, "No such file or directory");
    EXPECT_EQ(written.error().hint, "do this");
    EXPECT_FALSE(std::filesystem::exists(tree.at("/absent")));
}

} // namespace
} // namespace oomtrace
