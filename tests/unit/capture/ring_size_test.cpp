// SPDX-License-Identifier: Apache-2.0
#include "capture/ring_size.h"

#include <bit>

#include <gmock/gmock.h>

#include "oomtrace/wire_record.h"

namespace oomtrace
{
namespace
{

using ::testing::HasSubstr;

TEST(ring_bytes_for, is_a_power_of_two_within_its_bounds)
{
    for (const std::uint64_t tasks : {0ULL, 1ULL, 999ULL, 30'000ULL, 1'000'000ULL, 4'000'000'000ULL}) {
        const std::size_t bytes = ring_bytes_for(tasks);
        EXPECT_TRUE(std::has_single_bit(bytes)) << tasks;
        EXPECT_GE(bytes, minimum_ring_bytes) << tasks;
        EXPECT_LE(bytes, maximum_ring_bytes) << tasks;
    }
}

TEST(ring_bytes_for, holds_a_record_of_each_task)
{
    EXPECT_EQ(ring_bytes_for(100), minimum_ring_bytes);
    for (const std::uint64_t tasks : {3'000ULL, 10'000ULL, 65'536ULL, 1'000'000ULL})
        EXPECT_GT(ring_bytes_for(tasks), tasks * (sizeof(wire_candidate) + 8)) << tasks;
    EXPECT_GT(ring_bytes_for(65'536), ring_bytes_for(10'000));
}

TEST(ring_bytes_for, a_senseless_number_of_tasks_gets_the_largest_ring)
{
    EXPECT_EQ(ring_bytes_for(~0ULL), maximum_ring_bytes);
    EXPECT_EQ(ring_bytes_for(1ULL << 61), maximum_ring_bytes);
}

TEST(parse_ring_size, reads_bytes_and_units)
{
    EXPECT_EQ(parse_ring_size("65536"), 64U << 10);
    EXPECT_EQ(parse_ring_size("1048576"), 1U << 20);
    EXPECT_EQ(parse_ring_size("512K"), 512U << 10);
    EXPECT_EQ(parse_ring_size("512k"), 512U << 10);
    EXPECT_EQ(parse_ring_size("4M"), 4U << 20);
    EXPECT_EQ(parse_ring_size("4m"), 4U << 20);
    EXPECT_EQ(parse_ring_size("1024M"), maximum_ring_bytes);
}

TEST(parse_ring_size, rounds_up_to_what_a_ring_can_be)
{
    EXPECT_EQ(parse_ring_size("65537"), 128U << 10);
    EXPECT_EQ(parse_ring_size("3M"), 4U << 20);
    EXPECT_EQ(parse_ring_size("1025K"), 2U << 20);
}

std::string why_not(std::string_view text)
{
    const auto size = parse_ring_size(text);
    if (size)
        return "taken as " + std::to_string(*size);
    EXPECT_THAT(size.error().attempted, HasSubstr("\"" + std::string(text) + "\""));
    EXPECT_FALSE(size.error().hint.empty());
    return size.error().reason;
}

TEST(parse_ring_size, refuses_what_is_no_size)
{
    for (const char *const text : {"", " ", "M", "four", "-1", "+4M", " 4M", "4 M", "4MB", "4MiB", "0x10000", "1.5M"})
        EXPECT_EQ(why_not(text), "not a size") << text;
    EXPECT_EQ(why_not("4G"), "unknown unit");
    EXPECT_EQ(why_not("99999999999999999999"), "not a size");
}

TEST(parse_ring_size, refuses_what_is_out_of_range)
{
    for (const char *const text : {"0", "65535", "63K", "1025M", "1073741825", "18446744073709551615"})
        EXPECT_EQ(why_not(text), "out of range") << text;
}

// 2^44 + 1 and 2^54 + 2^10 units: what is left of them in 64 bits would be in range.
TEST(parse_ring_size, a_unit_does_not_wrap_around)
{
    EXPECT_EQ(why_not("17592186044417M"), "out of range");
    EXPECT_EQ(why_not("18014398509483008K"), "out of range");
}

} // namespace
} // namespace oomtrace
