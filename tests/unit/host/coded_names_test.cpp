// SPDX-License-Identifier: Apache-2.0
#include "host/coded_names.h"

#include <array>
#include <numeric>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(coded_names, names_of_every_shape_come_back)
{
    const std::array<std::string, 10> names{
        "out_of_memory", "__x64_sys_mmap",     "_", "__", "trailing_", "a__b", "", "oom_evaluate_task.cold",
        "out_of_memory", std::string(511, 'x')};
    NameCoder coder;
    std::vector<std::uint32_t> numbers;
    numbers.reserve(names.size());
    for (const std::string &name : names)
        numbers.push_back(coder.add(name));
    const CodedNames coded = coder.finish(numbers);
    ASSERT_EQ(coded.size(), names.size());
    for (std::size_t i = 0; i < names.size(); ++i)
        EXPECT_EQ(coded.at(i), names.at(i));
    EXPECT_THAT(coder.numbers_of("out_of_memory"), ElementsAre(0, 8));
    EXPECT_THAT(coder.numbers_of("a__b"), ElementsAre(5));
    EXPECT_THAT(coder.numbers_of(""), ElementsAre(6));
    EXPECT_THAT(coder.numbers_of("out_of"), IsEmpty()) << "known words, but no name";
    EXPECT_THAT(coder.numbers_of("out_of_memory_"), IsEmpty());
    EXPECT_THAT(coder.numbers_of("out_unheard_memory"), IsEmpty());
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
    EXPECT_THAT(coder.numbers_of(nth(count - 1)), ElementsAre(count - 1));
}

TEST(coded_names, of_none_there_are_none)
{
    const NameCoder coder;
    EXPECT_EQ(coder.finish({}).size(), 0U);
    EXPECT_THAT(coder.numbers_of("any"), IsEmpty());
    EXPECT_THAT(coder.numbers_of(""), IsEmpty());
}

} // namespace
} // namespace oomtrace
