// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sinks/terminal/line.h"
#include "sinks/terminal/owner.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/table.h"
#include "sinks/terminal/units.h"

namespace oomtrace::terminal
{
namespace
{

TEST(Units, BytesHaveThreeDigits)
{
    EXPECT_EQ(bytes_text(0), "0 B");
    EXPECT_EQ(bytes_text(1), "1 B");
    EXPECT_EQ(bytes_text(1023), "1023 B");
    EXPECT_EQ(bytes_text(1024), "1.00 KiB");
    EXPECT_EQ(bytes_text(10'234), "9.99 KiB");
    EXPECT_EQ(bytes_text(10'239), "10.0 KiB");
    EXPECT_EQ(bytes_text(102'399), "100 KiB");
    EXPECT_EQ(bytes_text(1'048'000), "1023 KiB");
    EXPECT_EQ(bytes_text(1'048'575), "1.00 MiB") << "never 1024 KiB";
    EXPECT_EQ(bytes_text(2'254'857'830), "2.10 GiB");
    EXPECT_EQ(bytes_text(70'368'744'177'664), "64.0 TiB");
    EXPECT_EQ(bytes_text(std::numeric_limits<std::uint64_t>::max()), "16.0 EiB");
}

// All halves of the last digit are among them: of those the even one is printed.
TEST(Units, BytesAreRoundedAsADoubleIs)
{
    for (unsigned shift = 10; shift <= 50; shift += 10) {
        for (std::uint64_t sixteenths = 17; sixteenths < 1023 * 16; sixteenths += 7) {
            for (const std::uint64_t more : {0U, 1U, 511U}) {
                const std::uint64_t bytes = (sixteenths << (shift - 4)) + more;
                if (bytes >> std::numeric_limits<double>::digits != 0) // which a double does not hold
                    continue;
                const double value = std::ldexp(static_cast<double>(bytes), -static_cast<int>(shift));
                const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
                const std::string text = bytes_text(bytes);
                EXPECT_EQ(text.substr(0, text.find(' ')), fmt::format("{:.{}f}", value, decimals)) << bytes;
            }
        }
    }
}

TEST(Units, ExactBytesRoundNothing)
{
    EXPECT_EQ(exact_bytes_text(0), "0 B");
    EXPECT_EQ(exact_bytes_text(4096), "4 KiB");
    EXPECT_EQ(exact_bytes_text(2'147'483'648), "2 GiB");
    EXPECT_EQ(exact_bytes_text(1'610'612'736), "1.5 GiB");
    EXPECT_EQ(exact_bytes_text(2'147'483'648 - 4096), "2,097,148 KiB");
    EXPECT_EQ(exact_bytes_text(56'786'944), "55,456 KiB");
    EXPECT_EQ(exact_bytes_text(1'000'000'000), "976,562.5 KiB");
    EXPECT_EQ(exact_bytes_text(1'000'001), "1,000,001 B");
    EXPECT_EQ(exact_bytes_text(1'342'177'280), "1.25 GiB");
    EXPECT_EQ(exact_bytes_text(1'879'048'192), "1.75 GiB");
}

TEST(Units, SignedPages)
{
    EXPECT_EQ(signed_bytes_text(0, 4096), "0 B");
    EXPECT_EQ(signed_bytes_text(157'200, 4096), "+614 MiB");
    EXPECT_EQ(signed_bytes_text(-522'952, 4096), "-1.99 GiB");
    EXPECT_EQ(signed_bytes_text(std::numeric_limits<std::int64_t>::min(), 4096), "-more than 16 EiB");
    EXPECT_EQ(signed_bytes_text(std::numeric_limits<std::int64_t>::max(), 65536), "+more than 16 EiB");
}

TEST(Units, Counts)
{
    EXPECT_EQ(count_text(std::uint64_t{0}), "0");
    EXPECT_EQ(count_text(std::uint64_t{999}), "999");
    EXPECT_EQ(count_text(std::uint64_t{1000}), "1,000");
    EXPECT_EQ(count_text(std::int64_t{-1'234'567}), "-1,234,567");
    EXPECT_EQ(count_text(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
    EXPECT_EQ(counted(1, "task", "tasks"), "1 task");
    EXPECT_EQ(counted(0, "task", "tasks"), "0 tasks");
}

TEST(Units, PercentagesDoNotRoundToWhatIsNotTrue)
{
    EXPECT_EQ(percent_text(1), "100.0%");
    EXPECT_EQ(percent_text(0.99999), "99.9%");
    EXPECT_EQ(percent_text(0), "0.0%");
    EXPECT_EQ(percent_text(0.0001), "<0.1%");
    EXPECT_EQ(percent_text(-0.0001), ">-0.1%");
    EXPECT_EQ(percent_text(-0.998), "-99.8%");
    EXPECT_EQ(percent_text(1.3), "130.0%");
}

TEST(Units, Times)
{
    EXPECT_EQ(milliseconds_text(0), "0.000 ms");
    EXPECT_EQ(milliseconds_text(2'466'120'999), "2,466.120 ms");
    EXPECT_EQ(milliseconds_text(-1'500'000), "-1.500 ms");
    EXPECT_EQ(duration_text(999), "999 ns");
    EXPECT_EQ(duration_text(412'000), "412 µs");
    EXPECT_EQ(duration_text(999'700), "1.00 ms");
    EXPECT_EQ(duration_text(30'240'000), "30.2 ms");
    EXPECT_EQ(duration_text(2'466'120'000), "2.47 s");
}

TEST(Units, NumberLists)
{
    EXPECT_EQ(number_list_text({}), "");
    EXPECT_EQ(number_list_text({0, 1, 2, 3, 8, 10, 11}), "0-3,8,10-11");
}

TEST(SafeText, EscapesWhatATerminalObeys)
{
    EXPECT_EQ(safe_text("postgres: writer"), "postgres: writer");
    EXPECT_EQ(safe_text("\x1b[31m\n\r\t\x07\x01\x7f"), R"(\e[31m\n\r\t\a\x01\x7f)");
    EXPECT_EQ(safe_text("\xc2\x9b"
                        "31m"),
              R"(\u009b31m)")
        << "C1 control sequence introducer";
    EXPECT_EQ(safe_text("\xe9\xc3\xa9"), "\\xe9\xc3\xa9");
    EXPECT_EQ(safe_text("e\xcc\x81\xe2\x80\xae\xf3\xa0\x81\x81"), R"(e\u0301\u202e\U000e0041)");
    EXPECT_EQ(safe_text(R"(dev-disk\x2d1)"), R"(dev-disk\x2d1)");
    EXPECT_EQ(safe_text(std::string_view("a\0b", 3)), R"(a\x00b)");
}

TEST(SafeText, CutsAtAWholeCharacter)
{
    EXPECT_EQ(safe_text("postgres", 8), "postgres");
    EXPECT_EQ(safe_text("postgres", 7), "postgr…");
    EXPECT_EQ(safe_text("ab\x1b\x1b", 5), R"(ab\e…)");
    EXPECT_EQ(safe_text("ab\x1b\x1b", 4), "ab…");
    EXPECT_EQ(safe_text("\xe6\x97\xa5\xe6\x9c\xac", 3), "\xe6\x97\xa5…") << "each takes two columns";
    EXPECT_EQ(safe_text("\xe6\x97\xa5\xe6\x9c\xac", 2), "…");
}

TEST(SafeText, KeepsTheEndOfAPath)
{
    EXPECT_EQ(safe_path_tail("/kube/pod7/db", 13), "/kube/pod7/db");
    EXPECT_EQ(safe_path_tail("/kube/pod7/db", 12), "…/pod7/db");
    EXPECT_EQ(safe_path_tail("/kube/pod7/db", 8), "…/db");
    EXPECT_EQ(safe_path_tail("/kube/a-very-long-name", 10), "…/a-very-…");
    EXPECT_EQ(safe_path_tail("/", 1), "/");
}

TEST(SafeText, KnowsHowWideTextIs)
{
    EXPECT_EQ(display_width(""), 0U);
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("b\xc3\xbc"
                            "c"),
              3U);
    EXPECT_EQ(display_width("\xe6\x97\xa5\xe6\x9c\xac"), 4U);
    EXPECT_EQ(display_width("…"), 1U);
}

TEST(Table, AlignsByColumnsNotBytes)
{
    Table table({{"name", Align::left}, {"size"}});
    table.add_row({{"b\xc3\xbc"
                    "cher"},
                   {"1 B"}});
    table.add_row({{"\xe6\x97\xa5\xe6\x9c\xac"}, {"22 B"}});
    EXPECT_EQ(print(table.lines(1, 80), false), " name    size\n"
                                                " b\xc3\xbc"
                                                "cher   1 B\n"
                                                " \xe6\x97\xa5\xe6\x9c\xac    22 B\n");
}

TEST(Table, GivesUpGapsThenDroppableColumnsThenFit)
{
    Table table({{"aaaa"}, {"bbbb", Align::right, true}, {"cccc"}});
    table.add_row({{"1"}, {"2"}, {"3"}});
    EXPECT_EQ(print(table.lines(0, 16), false), "aaaa  bbbb  cccc\n   1     2     3\n");
    EXPECT_EQ(print(table.lines(0, 15), false), "aaaa bbbb cccc\n   1    2    3\n");
    EXPECT_EQ(print(table.lines(0, 13), false), "aaaa cccc\n   1    3\n");
    EXPECT_EQ(print(table.lines(0, 5), false), "aaaa cccc\n   1    3\n");
}

TEST(Table, IsTheSameWhenNoRowOfItIsKept)
{
    const std::vector<Column> columns = {{"process", Align::left}, {"pid"}, {"cgroup", Align::left, true}};
    const auto row_at = [](std::size_t i) -> Row {
        return {{{"task-" + std::to_string(i)}, {std::to_string(i * i)}, {"/"}}, i % 3 == 0 ? Style::alert : Style::plain};
    };
    for (const std::size_t rows : {0U, 1U, 254U, 255U, 256U, 1000U}) {
        Table table(columns);
        for (std::size_t i = 0; i < rows; ++i)
            table.add_row(row_at(i).cells, row_at(i).style);
        for (const std::size_t width : {10U, 100U}) {
            std::string text;
            write_long_table(columns, rows, row_at, 2, width, [&](const Lines &part) {
                const std::string printed = print(part, true);
                EXPECT_LE(std::count(printed.begin(), printed.end(), '\n'), 256);
                text += printed;
            });
            EXPECT_EQ(text, print(table.lines(2, width), true)) << rows;
        }
    }
}

TEST(Prose, BreaksAtSpacesButNotBeforeAUnit)
{
    EXPECT_EQ(print(labelled("used by", "slab 490 MiB, stacks 9 MiB", 30), false), "  used by     slab 490 MiB,\n"
                                                                                   "              stacks 9 MiB\n");
    EXPECT_EQ(print(labelled("x", "aa 490 MiB", 22), false), "  x           aa\n"
                                                             "              490 MiB\n");
    EXPECT_EQ(print(labelled("x", "/a/path/that/is/longer/than/the/line y", 20), false),
              "  x           /a/path/that/is/longer/than/the/line\n"
              "              y\n");
}

TEST(Owner, SaysWhatIsKnownAndNoMore)
{
    EXPECT_EQ(owner_text({}, {}), "");
    EXPECT_EQ(owner_text({"/bin/app", "/usr/bin/app", ""}, {}), "command /bin/app");
    EXPECT_EQ(owner_text({std::nullopt, "/usr/bin/app", ""}, {}), "program /usr/bin/app");
    CgroupIdentity pod;
    pod.pod_uid = "8a2f61c7-22b3-4d0e-9c1d-0b7a4c558d1e";
    pod.pod_qos_class = "Burstable";
    EXPECT_EQ(owner_text({}, pod), "pod 8a2f61c7-22b3-4d0e-9c1d-0b7a4c558d1e (Burstable)");
    pod.pod_name = "cart-7f9";
    pod.pod_namespace = "shop";
    pod.container_id = "3f2a9c0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b";
    EXPECT_EQ(owner_text({}, pod), "pod shop/cart-7f9 (Burstable), container 3f2a9c0d7b1e");
    pod.container_runtime = "containerd";
    pod.container_name = "app";
    pod.systemd_unit = "cri-containerd-3f2a.scope";
    EXPECT_EQ(owner_text({"a\x1b[31m", std::nullopt, ""}, pod),
              "pod shop/cart-7f9 (Burstable), container app (containerd 3f2a9c0d7b1e), command a\\e[31m");
    CgroupIdentity unit;
    unit.systemd_slice = "system.slice";
    EXPECT_EQ(owner_text({}, unit), "");
    unit.systemd_unit = "nginx.service";
    EXPECT_EQ(owner_text({}, unit), "unit nginx.service");
    unit.systemd_owner_uid = 1000;
    unit.systemd_user_unit = "a.service";
    EXPECT_EQ(owner_text({}, unit), "unit a.service of the user with uid 1000");
    unit.systemd_session = "3";
    EXPECT_EQ(owner_text({}, unit), "session 3 of the user with uid 1000");
    unit.machine = "db-1";
    EXPECT_EQ(owner_text({}, unit), "machine db-1");
}

} // namespace
} // namespace oomtrace::terminal
