// SPDX-License-Identifier: Apache-2.0
//
// The text of a value is that which nlohmann::json makes of the same value.
#include "sinks/json_value.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace oomtrace
{

namespace
{

using Library = nlohmann::ordered_json;

TEST(JsonValueTest, Scalars)
{
    EXPECT_EQ(Json(nullptr).text(), "null");
    EXPECT_EQ(Json(true).text(), "true");
    EXPECT_EQ(Json(false).text(), "false");
    EXPECT_EQ(Json(0).text(), "0");
    EXPECT_EQ(Json(std::numeric_limits<std::int64_t>::min()).text(), "-9223372036854775808");
    EXPECT_EQ(Json(std::numeric_limits<std::uint64_t>::max()).text(), "18446744073709551615");
    for (const double value : {0.0, 1.0, 0.25, 1.0 / 3, 1e-7, 123456789012345678.0})
        EXPECT_EQ(Json(value).text(), Library(value).dump());
}

// Each byte at each place of the eight that are looked at together, and after them.
TEST(JsonValueTest, EveryAsciiByteIsEscapedAsItHasToBe)
{
    for (int byte = 0; byte < 0x80; ++byte) {
        for (std::size_t at = 0; at < 19; ++at) {
            std::string text(19, 'x');
            text[at] = static_cast<char>(byte);
            EXPECT_EQ(Json(text).text(), Library(text).dump()) << "byte " << byte << " at " << at;
        }
    }
    std::string all;
    for (int byte = 0; byte < 0x80; ++byte)
        all += static_cast<char>(byte);
    EXPECT_EQ(Json(all).text(), Library(all).dump());
}

TEST(JsonValueTest, OtherCharactersStayAsTheyAre)
{
    for (const char *text : {"", "é", "\xef\xbf\xbd\x30\x31", "ééééé\x01ééé\"", "\xf0\x9f\x92\xa5 boom"})
        EXPECT_EQ(Json(text).text(), Library(text).dump());
}

TEST(JsonValueTest, ArraysAndObjects)
{
    EXPECT_EQ(Json::array().text(), "[]");
    EXPECT_EQ(Json::object().text(), "{}");
    EXPECT_EQ(Json(std::vector<std::uint32_t>{}).text(), "[]");
    EXPECT_EQ(Json(std::vector<std::uint32_t>{1, 2}).text(), "[1,2]");
    Json object{{"pid", 1}, {"comm", "a \"b\""}, {"nested", {{"empty", Json::array()}}}};
    object["more"] = nullptr;
    Json array = Json::array();
    array.push_back(object);
    array.push_back(Json::object());
    EXPECT_EQ(array.text(), R"([{"pid":1,"comm":"a \"b\"","nested":{"empty":[]},"more":null},{}])");
    Json first = Json::object();
    first["only"] = 1;
    EXPECT_EQ(first.text(), R"({"only":1})");
}

} // namespace

} // namespace oomtrace
