// SPDX-License-Identifier: Apache-2.0
#include "host/coded_names.h"

#include <array>
#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace oomtrace
{
namespace
{

TEST(coded_names, names_of_every_shape_come_back)
{
    const std::array<std::string, 10> names{
        "out_of_memory", "__x64_sys_mmap",     "_", "__", "trailing_", "a__b", "", "oom_evaluate_task.cold",
        "out_of_memory", std::string(511, 'x')};
    NameCoder coder;
    std::vector<std::uint32_t> numbers;
    for (const std::string &name : names)
        numbers.push_back(coder.add(name));
    const CodedNames coded = coder.finish(numbers);
    ASSERT_EQ(coded.size(), names.size());
    for (std::size_t i = 0; i < names.size(); ++i)
        EXPECT_EQ(coded.at(i), names.at(i));
    EXPECT_EQ(coded.find("out_of_memory"), 0U) << "the first of two";
    EXPECT_EQ(coded.find("a__b"), 5U);
    EXPECT_EQ(coded.find(""), 6U);
    EXPECT_EQ(coded.find("out_of"), std::nullopt) << "known words, but no name";
    EXPECT_EQ(coded.find("out_of_memory_"), std::nullopt);
    EXPECT_EQ(coded.find("out_unheard_memory"), std::nullopt);
}

TEST(coded_names, the_order_is_the_one_asked_for_and_what_is_not_asked_for_goes)
{
    NameCoder coder;
    for (const char *name : {"zero", "one", "two", "three"})
        coder.add(name);
    const CodedNames coded = coder.finish(std::array<std::uint32_t, 2>{3, 1});
    ASSERT_EQ(coded.size(), 2U);
    EXPECT_EQ(coded.at(0), "three");
    EXPECT_EQ(coded.at(1), "one");
    EXPECT_EQ(coded.find("zero"), std::nullopt);
}

// Enough words to have the table grow twice, and numbers of one, two and three bytes.
TEST(coded_names, many_words_take_more_bytes_and_no_more_care)
{
    constexpr std::uint32_t count = 70'000;
    const auto nth = [](std::uint32_t n) { return fmt::format("common_w{:x}_tail", n); };
    NameCoder coder;
    for (std::uint32_t n = 0; n < count; ++n)
        coder.add(nth(n));
    std::vector<std::uint32_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), 0U);
    const CodedNames coded = coder.finish(numbers);
    for (std::uint32_t n = 0; n < count; ++n)
        ASSERT_EQ(coded.at(n), nth(n));
    EXPECT_EQ(coded.find(nth(count - 1)), count - 1);
}

TEST(coded_names, of_none_there_are_none)
{
    const CodedNames coded = NameCoder().finish({});
    EXPECT_EQ(coded.size(), 0U);
    EXPECT_EQ(coded.find("any"), std::nullopt);
    EXPECT_EQ(coded.find(""), std::nullopt);
}

} // namespace
} // namespace oomtrace
