// SPDX-License-Identifier: Apache-2.0
#include "host/packed_strings.h"

#include <limits>

#include <gtest/gtest.h>

namespace oomtrace
{
namespace
{

TEST(packed_strings, numbers_of_any_size_come_back)
{
    const std::size_t numbers[] = {
        0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 0x1fffff, 0x200000, std::numeric_limits<std::size_t>::max()};
    std::string bytes;
    for (const std::size_t number : numbers)
        append_varint(bytes, number);
    std::string_view rest = bytes;
    for (const std::size_t number : numbers)
        EXPECT_EQ(take_varint(rest), number);
    EXPECT_TRUE(rest.empty());
}

// More than several marks' worth, of every length up to beyond what one byte can tell.
TEST(packed_strings, strings_of_any_bytes_and_lengths_come_back)
{
    PackedStrings strings;
    const auto nth = [](std::size_t n) { return std::string(n, static_cast<char>(n)) + '\0' + std::to_string(n); };
    for (std::size_t n = 0; n < 300; ++n)
        strings.add(nth(n));
    ASSERT_EQ(strings.size(), 300U);
    for (std::size_t n = 0; n < 300; ++n)
        ASSERT_EQ(strings.at(n), nth(n));
}

} // namespace
} // namespace oomtrace
