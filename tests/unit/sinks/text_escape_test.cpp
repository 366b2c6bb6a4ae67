// SPDX-License-Identifier: Apache-2.0
#include "sinks/text_escape.h"

#include <random>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sinks/utf8.h"

namespace oomtrace
{
namespace
{

bool is_utf8(std::string_view text)
{
    for (std::size_t i = 0; i < text.size();) {
        const auto character = utf8_character_at(text, i);
        if (!character)
            return false;
        i += character->size;
    }
    return true;
}

TEST(TextEscape, LeavesCleanTextAlone)
{
    for (const std::string_view clean : {"", "postgres", "caf\xc3\xa9", R"(/system.slice/dev-disk\x2dby.swap)",
                                         "a\tb\n\x01\x7f", "\xe2\x82\xac\xf0\x9f\x90\x98", "\"quoted\"", "\xf4\x8f\xbf\xbf"})
        EXPECT_EQ(escape_text(clean), clean);
}

TEST(TextEscape, WritesEachInvalidByteAsHex)
{
    EXPECT_EQ(escape_text("caf\xe9"), "caf\xef\xbf\xbd"
                                      "e9");
    EXPECT_EQ(escape_text("\xff\xfe"), "\xef\xbf\xbd"
                                       "ff\xef\xbf\xbd"
                                       "fe");
}

struct Invalid {
    const char *name;
    std::string bytes;
    std::size_t escapes;
};

TEST(TextEscape, TakesOnlyStrictUtf8ForClean)
{
    const Invalid cases[] = {
        {"overlong slash", "\xc0\xaf", 2},
        {"overlong in three", "\xe0\x80\xaf", 3},
        {"overlong in four", "\xf0\x80\x80\xaf", 4},
        {"surrogate", "\xed\xa0\x80", 3},
        {"above U+10FFFF", "\xf4\x90\x80\x80", 4},
        {"five-byte lead", "\xf8\x88\x80\x80\x80", 5},
        {"lone continuation", "\x80", 1},
        {"cut short", "\xe2\x82", 2},
        {"cut short by ASCII", "\xe2\x82x", 2},
        {"comm cut in the middle of a character", "abcdefghijklmn\xc3", 1},
    };
    for (const Invalid &one : cases) {
        const std::string text = escape_text(one.bytes);
        std::size_t escapes = 0;
        for (std::size_t i = 0; (i = text.find("\xef\xbf\xbd", i)) != std::string::npos; i += 3)
            ++escapes;
        EXPECT_EQ(escapes, one.escapes) << one.name;
        EXPECT_EQ(unescape_text(text), one.bytes) << one.name;
    }
}

TEST(TextEscape, TellsAGenuineReplacementCharacterFromAnEscape)
{
    const std::string genuine = "\xef\xbf\xbd"
                                "e9";
    const std::string text = escape_text(genuine);
    EXPECT_EQ(text, "\xef\xbf\xbd"
                    "ef\xef\xbf\xbd"
                    "bf\xef\xbf\xbd"
                    "bd"
                    "e9");
    EXPECT_EQ(unescape_text(text), genuine);
}

TEST(TextEscape, RefusesWhatItCannotHaveMade)
{
    for (const std::string_view text : {"\xef\xbf\xbd",
                                        "\xef\xbf\xbd"
                                        "e",
                                        "\xef\xbf\xbd"
                                        "E9",
                                        "\xef\xbf\xbd"
                                        "xx",
                                        "\xef\xbf\xbd"
                                        "41", // 'A' needs no escape
                                        "\xff"})
        EXPECT_EQ(unescape_text(text), std::nullopt);
}

// Random bytes, with those that begin or continue a character more often than chance would have them.
TEST(TextEscape, RoundTripsAnyBytes)
{
    std::mt19937 random(20260301);
    const std::string pieces[] = {"\xef\xbf\xbd", "\xc3",     "\xa9", "\xe2\x82\xac", "\\x2d", "e9",
                                  "\xf0\x9f",     "\xed\xa0", "a",    "\xff"};
    std::uniform_int_distribution<int> length(0, 40);
    std::uniform_int_distribution<int> byte(0, 255);
    std::uniform_int_distribution<std::size_t> piece(0, std::size(pieces) - 1);
    std::bernoulli_distribution raw(0.5);
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes;
        for (int n = length(random); n > 0; --n) {
            if (raw(random))
                bytes += static_cast<char>(byte(random));
            else
                bytes += pieces[piece(random)];
        }
        const std::string text = escape_text(bytes);
        ASSERT_TRUE(is_utf8(text));
        ASSERT_EQ(unescape_text(text), bytes);
        if (is_utf8(bytes) && bytes.find("\xef\xbf\xbd") == std::string::npos) {
            ASSERT_EQ(text, bytes);
        }
        ASSERT_NO_THROW(static_cast<void>(nlohmann::ordered_json(text).dump())); // its own UTF-8 check, in strict mode
    }
}

} // namespace
} // namespace oomtrace
