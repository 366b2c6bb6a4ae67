// SPDX-License-Identifier: Apache-2.0
#include "sinks/time_text.h"

#include <limits>

#include <gtest/gtest.h>

namespace oomtrace
{
namespace
{

TEST(TimeText, WritesRfc3339InUtc)
{
    EXPECT_EQ(rfc3339_utc(1'772'334'765'123'456'789, TimeDigits::nanoseconds), "2026-03-01T03:12:45.123456789Z");
    EXPECT_EQ(rfc3339_utc(1'772'334'765'123'999'999, TimeDigits::milliseconds), "2026-03-01T03:12:45.123Z");
    EXPECT_EQ(rfc3339_utc(0, TimeDigits::nanoseconds), "1970-01-01T00:00:00.000000000Z");
    EXPECT_EQ(rfc3339_utc(951'782'400'000'000'000, TimeDigits::nanoseconds), "2000-02-29T00:00:00.000000000Z");
}

TEST(TimeText, WritesTimesBeforeTheEpochAndTheLastOnes)
{
    EXPECT_EQ(rfc3339_utc(-1, TimeDigits::nanoseconds), "1969-12-31T23:59:59.999999999Z");
    EXPECT_EQ(rfc3339_utc(std::numeric_limits<std::int64_t>::max(), TimeDigits::nanoseconds), "2262-04-11T23:47:16.854775807Z");
    EXPECT_EQ(rfc3339_utc(std::numeric_limits<std::int64_t>::min(), TimeDigits::nanoseconds), "1677-09-21T00:12:43.145224192Z");
}

TEST(TimeText, KnowsNoWallClockWithoutTheHostRecord)
{
    Incident incident;
    incident.realtime_ns = 5'000'000'000; // the monotonic time, with no offset to add
    incident.provenance.host.source = Source::absent;
    EXPECT_EQ(known_realtime_ns(incident), std::nullopt);
    incident.provenance.host.source = Source::observed;
    EXPECT_EQ(known_realtime_ns(incident), 5'000'000'000);
}

} // namespace
} // namespace oomtrace
