// SPDX-License-Identifier: Apache-2.0
#include "host/kallsyms.h"

#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "support/fixture_tree.h"

namespace oomtrace
{
namespace
{

using ::testing::HasSubstr;

// By name and by address.
struct Symbols : ListedSymbols, KernelSymbols {
};

Result<Symbols> load_symbols(const std::filesystem::path &root = "/", std::span<const std::string_view> data = {})
{
    auto listed = ListedSymbols::read(root, data);
    if (!listed)
        return tl::unexpected(listed.error());
    KernelSymbols by_address = listed->by_address();
    return Symbols{std::move(*listed), std::move(by_address)};
}

std::string at(const KernelSymbols &symbols, std::uint64_t address)
{
    const auto symbol = symbols.find(address);
    return symbol ? fmt::format("{}+{:#x}", symbol->name, symbol->offset) : "none";
}

TEST(kallsyms, finds_the_symbol_an_address_lies_in)
{
    const test::FixtureTree tree;
    tree.write("/proc/kallsyms", "0000000000000000 A fixed_percpu_data\n"
                                 "ffffffff81000000 T _stext\n"
                                 "ffffffff81000000 T _text\n"
                                 "ffffffff812a0ff0 t __pfx_out_of_memory\n"
                                 "ffffffff812a1000 T out_of_memory\n"
                                 "ffffffff812a1400 t dump_header\n"
                                 "ffffffff812a1500 D some_data\n"
                                 "ffffffff812a1600 W weak_function\n"
                                 "ffffffffc0100000 t ext4_iget\t[ext4]\n");
    const auto symbols = load_symbols(tree.root());
    ASSERT_TRUE(symbols);
    EXPECT_EQ(symbols->size(), 5U);
    EXPECT_EQ(at(*symbols, 0xffffffff812a101c), "out_of_memory+0x1c");
    EXPECT_EQ(at(*symbols, 0xffffffff812a1000), "out_of_memory+0x0");
    EXPECT_EQ(at(*symbols, 0xffffffff812a13ff), "out_of_memory+0x3ff");
    EXPECT_EQ(at(*symbols, 0xffffffff812a1400), "dump_header+0x0");
    EXPECT_EQ(at(*symbols, 0xffffffff812a1508), "dump_header+0x108") << "data is not there";
    EXPECT_EQ(at(*symbols, 0xffffffff812a1601), "weak_function+0x1");
    EXPECT_EQ(at(*symbols, 0xffffffffc0100010), "ext4_iget+0x10");
    EXPECT_EQ(at(*symbols, 0xffffffff81000004), "_stext+0x4") << "the first of two names";
}

TEST(kallsyms, addresses_outside_the_text_have_no_symbol)
{
    const test::FixtureTree tree;
    tree.write("/proc/kallsyms", "ffffffff81000000 T first\nffffffff81000100 T last\n");
    const auto symbols = load_symbols(tree.root());
    ASSERT_TRUE(symbols);
    EXPECT_EQ(at(*symbols, 0), "none");
    EXPECT_EQ(at(*symbols, 0xffffffff80ffffff), "none");
    EXPECT_EQ(at(*symbols, 0xffffffff81000100 + KernelSymbols::max_offset), "last+0x100000");
    EXPECT_EQ(at(*symbols, 0xffffffff81000101 + KernelSymbols::max_offset), "none");
    EXPECT_EQ(at(*symbols, ~0ULL), "none");
}

// Long enough for several reads of the file and for every place between two marks; written in reverse, as modules may come.
TEST(kallsyms, every_symbol_of_a_long_unsorted_table_is_found)
{
    constexpr int count = 5000;
    std::string table;
    for (unsigned long i = count; i-- > 0;)
        table += fmt::format("{:016x} t function_with_a_rather_long_name_{}\t[module]\n", 0xffffffff81000000 + i * 64, i);
    const test::FixtureTree tree;
    tree.write("/proc/kallsyms", table);
    const auto symbols = load_symbols(tree.root());
    ASSERT_TRUE(symbols);
    ASSERT_EQ(symbols->size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
        ASSERT_EQ(at(*symbols, 0xffffffff81000000 + static_cast<std::uint64_t>(i) * 64 + 7),
                  fmt::format("function_with_a_rather_long_name_{}+0x7", i));
}

// As on arm64 with its modules far from the kernel: offsets of four bytes do not reach from one to the other.
TEST(kallsyms, symbols_may_lie_anywhere_in_the_address_space)
{
    const test::FixtureTree tree;
    tree.write("/proc/kallsyms", "ffff800008000000 T kernel_first\n"
                                 "ffff800107ffffff T kernel_at_the_end_of_its_stretch\n"
                                 "ffff800108000000 T kernel_in_the_next\n"
                                 "0000000000001000 T low\n"
                                 "ffffffffc0000000 t module_first\t[module]\n"
                                 "fffffffffffffff0 t module_last\t[module]\n");
    const auto symbols = load_symbols(tree.root());
    ASSERT_TRUE(symbols);
    EXPECT_EQ(at(*symbols, 0xfff), "none");
    EXPECT_EQ(at(*symbols, 0x1001), "low+0x1");
    EXPECT_EQ(at(*symbols, 0xffff800007ffffff), "none") << "far behind the last symbol below";
    EXPECT_EQ(at(*symbols, 0xffff800008000010), "kernel_first+0x10");
    EXPECT_EQ(at(*symbols, 0xffff800107ffffff), "kernel_at_the_end_of_its_stretch+0x0");
    EXPECT_EQ(at(*symbols, 0xffff800108000004), "kernel_in_the_next+0x4");
    EXPECT_EQ(at(*symbols, 0xffffffffc0000007), "module_first+0x7");
    EXPECT_EQ(at(*symbols, ~0ULL), "module_last+0xf");
    const auto range = symbols->range_of("kernel_at_the_end_of_its_stretch");
    ASSERT_TRUE(range);
    EXPECT_EQ(range->begin, 0xffff800107ffffff);
    EXPECT_EQ(range->end, 0xffff800108000000);
}

// This kernel's own table, where it may be read: every name comes back, and the table is less than half of what it was read
// from.
TEST(kallsyms, the_symbols_of_this_kernel_come_back_as_they_were)
{
    const auto symbols = load_symbols();
    if (!symbols)
        GTEST_SKIP() << symbols.error().reason;
    std::map<std::uint64_t, std::string> expected;
    std::size_t text_bytes = 0;
    std::ifstream table("/proc/kallsyms");
    for (std::string line; std::getline(table, line);) {
        const std::uint64_t address = std::stoull(line, nullptr, 16);
        const std::string name = line.substr(19, line.find('\t') - 19);
        if (std::string_view("tTwW").find(line[17]) != std::string_view::npos && !name.starts_with("__pfx_") && address != 0 &&
            expected.emplace(address, name).second)
            text_bytes += sizeof(address) + name.size();
    }
    ASSERT_EQ(symbols->size(), expected.size());
    for (const auto &[address, name] : expected)
        ASSERT_EQ(at(*symbols, address), name + "+0x0");
    EXPECT_LT(symbols->memory_bytes(), text_bytes / 2);
}

TEST(kallsyms, a_function_reaches_to_the_next_symbol)
{
    const test::FixtureTree tree;
    tree.write("/proc/kallsyms", "ffffffff812a1400 t dump_header\n"
                                 "ffffffff812a1000 T out_of_memory\n"
                                 "ffffffff812a1000 T another_name_of_it\n"
                                 "ffffffff812a1300 t __pfx_dump_header\n"
                                 "ffffffff812a2000 t helper\n"
                                 "ffffffff812a3000 t helper\n"
                                 "ffffffff812a4000 T last\n");
    const auto symbols = load_symbols(tree.root());
    ASSERT_TRUE(symbols);
    const auto range = [&](std::string_view name) {
        const auto found = symbols->range_of(name);
        return found ? fmt::format("{:x}-{:x}", found->begin, found->end) : "none";
    };
    EXPECT_EQ(range("out_of_memory"), "ffffffff812a1000-ffffffff812a1400");
    EXPECT_EQ(range("dump_header"), "ffffffff812a1400-ffffffff812a2000");
    EXPECT_EQ(range("helper"), "ffffffff812a2000-ffffffff812a3000") << "the first of several";
    EXPECT_EQ(range("last"), "ffffffff812a4000-ffffffff813a4000") << "as far as a function may reach";
    EXPECT_EQ(range("another_name_of_it"), "none") << "one name per address is kept";
    EXPECT_EQ(range("out_of"), "none");
    EXPECT_EQ(range("out_of_memory_"), "none");
    EXPECT_EQ(range(""), "none");
}

TEST(kallsyms, a_function_is_found_by_name_at_every_place_in_the_table)
{
    std::string table;
    for (unsigned long i = 0; i < 100; ++i)
        table += fmt::format("{:016x} t function_{}\n", 0xffffffff81000000 + i * 16, i);
    const test::FixtureTree tree;
    tree.write("/proc/kallsyms", table);
    const auto symbols = load_symbols(tree.root());
    ASSERT_TRUE(symbols);
    for (int i = 0; i < 100; ++i) {
        const auto found = symbols->range_of(fmt::format("function_{}", i));
        ASSERT_TRUE(found) << i;
        ASSERT_EQ(found->begin, 0xffffffff81000000 + static_cast<std::uint64_t>(i) * 16);
    }
}

TEST(kallsyms, data_is_there_by_name_when_it_was_asked_for)
{
    const test::FixtureTree tree;
    tree.write("/proc/kallsyms", "ffffffff81000000 T _stext\n"
                                 "ffffffff82000000 D __per_cpu_offset\n"
                                 "ffffffff82000100 R read_only\n"
                                 "ffffffff82000200 D not_asked_for\n"
                                 "0000000000000000 A hidden\n");
    constexpr std::string_view wanted[] = {"__per_cpu_offset", "read_only", "hidden", "not_listed"};
    const auto symbols = load_symbols(tree.root(), wanted);
    ASSERT_TRUE(symbols);
    EXPECT_EQ(symbols->data_address("__per_cpu_offset"), 0xffffffff82000000);
    EXPECT_EQ(symbols->data_address("read_only"), 0xffffffff82000100);
    EXPECT_EQ(symbols->data_address("not_asked_for"), std::nullopt);
    EXPECT_EQ(symbols->data_address("hidden"), std::nullopt) << "an address of zero is none";
    EXPECT_EQ(symbols->data_address("not_listed"), std::nullopt);
    EXPECT_FALSE(symbols->range_of("__per_cpu_offset")) << "data is no function";
}

TEST(kallsyms, a_last_line_without_newline_counts)
{
    const test::FixtureTree tree;
    tree.write("/proc/kallsyms", "ffffffff81000000 T first\nffffffff81000100 T last");
    const auto symbols = load_symbols(tree.root());
    ASSERT_TRUE(symbols);
    EXPECT_EQ(at(*symbols, 0xffffffff81000101), "last+0x1");
}

TEST(kallsyms, hidden_addresses_are_an_error_that_says_what_to_do)
{
    const test::FixtureTree tree;
    tree.write("/proc/kallsyms", "0000000000000000 T _stext\n0000000000000000 t out_of_memory\n");
    const auto symbols = load_symbols(tree.root());
    ASSERT_FALSE(symbols);
    EXPECT_THAT(symbols.error().attempted, HasSubstr("/proc/kallsyms"));
    EXPECT_EQ(symbols.error().reason, "all addresses are hidden (zero)");
    EXPECT_THAT(symbols.error().hint, HasSubstr("CAP_SYSLOG"));
    EXPECT_THAT(symbols.error().hint, HasSubstr("kptr_restrict"));
}

TEST(kallsyms, a_missing_or_senseless_file_is_an_error)
{
    const test::FixtureTree tree;
    EXPECT_FALSE(load_symbols(tree.root()));
    tree.write("/proc/kallsyms", "");
    EXPECT_FALSE(load_symbols(tree.root()));
    tree.write("/proc/kallsyms", "not a symbol table\nffffffff81000000\nffffffff81000000 T\nffffffff81000000 T \n\n\n");
    EXPECT_FALSE(load_symbols(tree.root()));
}

} // namespace
} // namespace oomtrace
