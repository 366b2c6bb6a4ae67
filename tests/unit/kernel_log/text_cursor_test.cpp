// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/text_cursor.h"

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

} // namespace

} // namespace oomtrace::kernel_log
