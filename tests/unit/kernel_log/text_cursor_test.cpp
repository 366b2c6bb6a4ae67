// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/text_cursor.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace oomtrace::kernel_log
{

namespace
{

// Texts shorter than the bytes that are looked at together, as long, and longer; the part at every place, twice, and nowhere.
TEST(TextCursorTest, FindPartFindsWhatFindDoes)
{
    for (const std::string part : {"ab", "aXb", "illed process "}) {
        for (std::size_t size = 0; size < 70; ++size) {
            EXPECT_EQ(find_part(std::string(size, 'a'), part), std::string::npos);
            for (std::size_t at = 0; at + part.size() <= size; ++at) {
                std::string text(size, part.front());
                for (std::size_t i = 0; i + part.size() <= size; i += part.size()) // first and last byte, and not the rest
                    text[i + part.size() - 1] = i % 2 == 0 ? part.back() : 'a';
                text.replace(at, part.size(), part);
                EXPECT_EQ(find_part(text, part), text.find(part)) << text;
            }
        }
    }
}

TEST(TextCursorTest, BeginsLooksNoFurtherThanTheText)
{
    EXPECT_FALSE(begins("", "a"));
    EXPECT_FALSE(begins("ab", "abc"));
    EXPECT_TRUE(begins("abc", "abc"));
    EXPECT_FALSE(begins_with("", "a"));
    EXPECT_FALSE(begins_with("ab", "abc"));
    EXPECT_TRUE(begins_with("abcd", "abc"));
}

template <typename Number>
void expect_the_number_of_from_chars(const std::string &text)
{
    TextCursor fast{text}, by_library{text};
    EXPECT_EQ(fast.take_number<Number>(), by_library.take_any_number<Number>(10)) << text;
    EXPECT_EQ(fast.rest, by_library.rest) << text;
}

TEST(TextCursorTest, TakesTheNumberThatFromCharsDoes)
{
    for (const char *digits : {"", "0", "7", "007", "2147483647", "2147483648", "4294967295", "4294967296",
                               "9223372036854775807", "9223372036854775808", "9999999999999999999", "18446744073709551615",
                               "18446744073709551616", "00000000000000000000042", "123456789012345678901234567890"}) {
        for (const char *sign : {"", "-", "+", " "}) {
            for (const char *behind : {"", "kB", " 1", ":"}) {
                const std::string text = std::string(sign) + digits + behind;
                expect_the_number_of_from_chars<std::uint32_t>(text);
                expect_the_number_of_from_chars<std::int32_t>(text);
                expect_the_number_of_from_chars<std::uint64_t>(text);
                expect_the_number_of_from_chars<std::int64_t>(text);
            }
        }
    }
}

} // namespace

} // namespace oomtrace::kernel_log
