// SPDX-License-Identifier: Apache-2.0
//
// The text of a value is that which nlohmann::json makes of the same value.
#include "sinks/json_writer.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace oomtrace
{

namespace
{

using Library = nlohmann::ordered_json;

template <typename Value>
std::string text_of(const Value &value)
{
    return json_object_text([&](JsonWriter &out) { out.add("value", value); });
}

std::string library_text_of(const Library &value)
{
    return Library{{"value", value}}.dump();
}

TEST(JsonWriterTest, Scalars)
{
    EXPECT_EQ(text_of(nullptr), R"({"value":null})");
    EXPECT_EQ(text_of(true), R"({"value":true})");
    EXPECT_EQ(text_of(false), R"({"value":false})");
    EXPECT_EQ(text_of(0), R"({"value":0})");
    EXPECT_EQ(text_of(std::numeric_limits<std::int64_t>::min()), R"({"value":-9223372036854775808})");
    EXPECT_EQ(text_of(std::numeric_limits<std::uint64_t>::max()), R"({"value":18446744073709551615})");
    EXPECT_EQ(text_of(JsonAddress{0xffffffff81200f1cULL}), R"({"value":"0xffffffff81200f1c"})");
    EXPECT_EQ(text_of(JsonAddress{0}), R"({"value":"0x0"})");
    EXPECT_EQ(text_of(std::optional<int>{}), R"({"value":null})");
    EXPECT_EQ(text_of(std::optional(7)), R"({"value":7})");
    for (const double value : {0.0, 1.0, 0.25, 1.0 / 3, 1e-7, 123456789012345678.0})
        EXPECT_EQ(text_of(value), library_text_of(value));
}

// Each byte at each place of the eight that are looked at together, and after them.
TEST(JsonWriterTest, EveryAsciiByteIsEscapedAsItHasToBe)
{
    for (int byte = 0; byte < 0x80; ++byte) {
        for (std::size_t at = 0; at < 19; ++at) {
            std::string text(19, 'x');
            text[at] = static_cast<char>(byte);
            EXPECT_EQ(text_of(text), library_text_of(text)) << "byte " << byte << " at " << at;
            EXPECT_EQ(text_of(JsonBytes{text}), library_text_of(text)) << "byte " << byte << " at " << at;
        }
    }
    std::string all;
    for (int byte = 0; byte < 0x80; ++byte)
        all += static_cast<char>(byte);
    EXPECT_EQ(text_of(all), library_text_of(all));
}

TEST(JsonWriterTest, OtherCharactersStayAsTheyAre)
{
    for (const char *text : {"", "é", "\xef\xbf\xbd\x30\x31", "ééééé\x01ééé\"", "\xf0\x9f\x92\xa5 boom"})
        EXPECT_EQ(text_of(text), library_text_of(text));
}

// Each place of the eight that are looked at together, and after them.
TEST(JsonWriterTest, BytesThatAreNotUtf8AreEscaped)
{
    for (std::size_t at = 0; at < 11; ++at) {
        std::string bytes(11, 'x');
        bytes[at] = '\xe9';
        std::string text(11, 'x');
        text.replace(at, 1,
                     "\xef\xbf\xbd"
                     "e9");
        EXPECT_EQ(text_of(JsonBytes{bytes}), library_text_of(text)) << at;
    }
    EXPECT_EQ(text_of(JsonBytes{"\"\xff"}), library_text_of("\"\xef\xbf\xbd"
                                                            "ff"));
}

TEST(JsonWriterTest, ArraysAndObjects)
{
    EXPECT_EQ(json_object_text([](JsonWriter &) {}), "{}");
    EXPECT_EQ(text_of(std::vector<std::uint32_t>{}), R"({"value":[]})");
    EXPECT_EQ(text_of(std::vector<std::uint32_t>{1, 2}), R"({"value":[1,2]})");
    const std::string text = json_object_text([](JsonWriter &out) {
        out.add_objects("tasks", std::vector{1, 2}, [&](int pid) {
            out.add("pid", pid);
            out.add_object("nested", [&] { out.add("empty", std::vector<int>{}); });
            out.add("comm", "a \"b\"");
        });
        out.add_objects("none", std::vector<int>{}, [](int) {});
        out.add_object("nothing", [] {});
        out.add_object_or_null("one", std::optional(3), [](JsonWriter &object, int value) { object.add("is", value); });
        out.add_object_or_null("absent", std::optional<int>{}, [](JsonWriter &object, int value) { object.add("is", value); });
    });
    EXPECT_EQ(text, R"({"tasks":[{"pid":1,"nested":{"empty":[]},"comm":"a \"b\""},{"pid":2,"nested":{"empty":[]},)"
                    R"("comm":"a \"b\""}],"none":[],"nothing":{},"one":{"is":3},"absent":null})");
}

TEST(JsonWriterTest, HandsALongTextOnInPieces)
{
    std::vector<std::string> pieces;
    const JsonWriter::Take take = [&](std::string_view piece) {
        pieces.emplace_back(piece);
        return true;
    };
    std::string room;
    JsonWriter out(take, room);
    Library expected;
    out.add_objects("items", std::vector<int>(2000), [&](int) {
        out.add("text", std::string(100, 'x'));
        expected["items"].push_back({{"text", std::string(100, 'x')}});
    });
    out.add("last", 1);
    out.finish("\n");
    expected["last"] = 1;
    std::string whole;
    for (const std::string &piece : pieces) {
        EXPECT_LT(piece.size(), 40'000U);
        whole += piece;
    }
    EXPECT_GT(pieces.size(), 5U);
    EXPECT_EQ(whole, expected.dump() + "\n");
}

TEST(JsonWriterTest, WritesNoMoreOnceNoMoreIsWanted)
{
    int pieces = 0;
    const JsonWriter::Take take = [&](std::string_view) {
        ++pieces;
        return false;
    };
    std::string room;
    JsonWriter out(take, room);
    out.add_objects("items", std::vector<int>(2000), [&](int) { out.add("text", std::string(100, 'x')); });
    out.finish();
    EXPECT_EQ(pieces, 1);
}

} // namespace

} // namespace oomtrace
