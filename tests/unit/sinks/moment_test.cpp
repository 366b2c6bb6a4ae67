// SPDX-License-Identifier: Apache-2.0
#include "sinks/moment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oomtrace
{

namespace
{

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t now_ns = 1'772'334'765 * second_ns; // 2026-03-01T03:12:45Z
constexpr std::int64_t midnight_ns = now_ns - (3 * 3600 + 12 * 60 + 45) * second_ns;

std::optional<std::int64_t> parse(std::string_view text)
{
    return parse_moment(text, now_ns);
}

TEST(Moment, ReadsRfc3339)
{
    EXPECT_EQ(parse("2026-03-01T03:12:45Z"), now_ns);
    EXPECT_EQ(parse("2026-03-01t03:12:45z"), now_ns);
    EXPECT_EQ(parse("2026-03-01 03:12:45"), now_ns);
    EXPECT_EQ(parse("2026-03-01T03:12:45.5Z"), now_ns + second_ns / 2);
    EXPECT_EQ(parse("2026-03-01T03:12:45.1234567899Z"), now_ns + 123'456'789);
    EXPECT_EQ(parse("2026-03-01T04:42:45+01:30"), now_ns);
    EXPECT_EQ(parse("2026-02-28T22:12:45-0500"), now_ns);
    EXPECT_EQ(parse("2026-03-01T03:12"), now_ns - 45 * second_ns);
    EXPECT_EQ(parse("2026-03-01"), midnight_ns);
    EXPECT_EQ(parse("1970-01-01"), 0);
    EXPECT_EQ(parse("1969-12-31T23:59:59Z"), -second_ns);
}

TEST(Moment, ReadsHowLongAgo)
{
    EXPECT_EQ(parse("0s"), now_ns);
    EXPECT_EQ(parse("90s"), now_ns - 90 * second_ns);
    EXPECT_EQ(parse("15m"), now_ns - 900 * second_ns);
    EXPECT_EQ(parse("2h"), now_ns - 7200 * second_ns);
    EXPECT_EQ(parse("1.5h ago"), now_ns - 5400 * second_ns);
    EXPECT_EQ(parse("3d"), now_ns - 3 * 86'400 * second_ns);
    EXPECT_EQ(parse("1w"), now_ns - 7 * 86'400 * second_ns);
}

TEST(Moment, ReadsSecondsSinceTheEpoch)
{
    EXPECT_EQ(parse("1772334765"), now_ns);
    EXPECT_EQ(parse("1772334765.25"), now_ns + second_ns / 4);
    EXPECT_EQ(parse("100000000"), 100'000'000 * second_ns);
}

TEST(Moment, RefusesTheRest)
{
    for (const char *const text : {"",
                                   " ",
                                   "h",
                                   "-2h",
                                   "2",
                                   "2y",
                                   "nan h",
                                   "infs",
                                   "1e3s",
                                   "99999999999999999999w",
                                   "99999999999999999999",
                                   "99999999",
                                   "-1772334765",
                                   "1772334765.",
                                   "1772334765.x",
                                   "24hh",
                                   "today",
                                   "2026",
                                   "2026-13-01",
                                   "2026-02-30",
                                   "2026-03-01T",
                                   "2026-03-01T24:00:00Z",
                                   "2026-03-01T03:60",
                                   "2026-03-01T03:12:45.Z",
                                   "2026-03-01T03:12:45X",
                                   "2026-03-01T03:12:45+1",
                                   "2026-03-01Z",
                                   "2026-3-1",
                                   "-026-03-01",
                                   "9999-01-01",
                                   "2026-03-01T03:12:45Z "})
        EXPECT_EQ(parse(text), std::nullopt) << text;
}

} // namespace

} // namespace oomtrace
