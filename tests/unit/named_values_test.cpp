// SPDX-License-Identifier: Apache-2.0
#include "oomtrace/named_values.h"

#include <map>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace
{

using oomtrace::NamedValues;
using testing::ElementsAre;
using testing::Pair;

TEST(NamedValues, AreInTheOrderOfTheNames)
{
    const NamedValues values = {{"writeback", 1},     {"inactive_file", 2}, {"", 3},
                                {"inactive_anon", 4}, {"free", 5},          {"free_cma", 6}};
    EXPECT_THAT(values, ElementsAre(Pair("", 3U), Pair("free", 5U), Pair("free_cma", 6U), Pair("inactive_anon", 4U),
                                    Pair("inactive_file", 2U), Pair("writeback", 1U)));
}

TEST(NamedValues, KeepTheFirstOfAName)
{
    NamedValues values;
    values.emplace("slab_reclaimable", 7);
    values.emplace("slab_reclaimable", 8);
    EXPECT_THAT(values, ElementsAre(Pair("slab_reclaimable", 7U)));
    values["slab_reclaimable"] = 9;
    EXPECT_EQ(values.find("slab_reclaimable"), 9U);
}

TEST(NamedValues, AreFoundByTheWholeName)
{
    const NamedValues values = {{"inactive_anon", 1}, {std::string_view("free\0", 5), 2}};
    EXPECT_EQ(values.find("inactive"), std::nullopt);
    EXPECT_EQ(values.find("inactive_anonymous"), std::nullopt);
    EXPECT_EQ(values.find("free"), std::nullopt);
    EXPECT_EQ(values.find(std::string_view("free\0", 5)), 2U);
}

TEST(NamedValues, AreEqualHoweverTheyCame)
{
    const NamedValues one = {{"dirty", 1}, {"mapped", 2}};
    NamedValues other = {{"shmem", 3}, {"mapped", 2}, {"dirty", 1}};
    EXPECT_FALSE(one == other);
    other.erase("shmem");
    EXPECT_TRUE(one == other);
    other["dirty"] = 4;
    EXPECT_FALSE(one == other);
}

// Names of few letters, any byte among them, so that many are the same and many begin alike.
TEST(NamedValues, AreWhatAMapHas)
{
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
        NamedValues values;
        std::map<std::string, std::uint64_t> expected;
        for (int i = 0; i < 60; ++i) {
            std::string name(random() % 12, 'x');
            for (char &c : name)
                c = random() % 3 != 0 ? 'a' : static_cast<char>(random() % 256);
            if (random() % 5 == 0) {
                values.erase(name);
                expected.erase(name);
            } else {
                const std::uint64_t value = random();
                values.emplace(name, value);
                expected.emplace(name, value);
            }
        }
        std::map<std::string, std::uint64_t> listed;
        std::string last;
        for (const auto &[name, value] : values) {
            EXPECT_LE(last, name);
            last = name;
            listed.emplace(name, value);
        }
        EXPECT_EQ(listed, expected);
        EXPECT_EQ(values.size(), expected.size());
    }
}

} // namespace
