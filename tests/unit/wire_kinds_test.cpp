// SPDX-License-Identifier: Apache-2.0
#include "decode/wire_kinds.h"

#include <utility>

#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

// The numbers are part of the format: a kind is only ever appended, a number never used twice. Written out by hand, so that a
// change of the header shows here.
TEST(WireKinds, AreTheseNumbersAndNames)
{
    std::vector<std::pair<std::uint16_t, std::string_view>> kinds;
    for (const WireKind &kind : wire_kinds) {
        kinds.emplace_back(kind.number, kind.name);
    }
    EXPECT_THAT(kinds,
                testing::ElementsAre(
                    std::pair(1, "invocation_begin"), std::pair(2, "candidate"), std::pair(3, "choice"), std::pair(4, "kill"),
                    std::pair(5, "node"), std::pair(6, "zone"), std::pair(7, "memcg"), std::pair(8, "invocation_end"),
                    std::pair(9, "reaper"), std::pair(10, "exit"), std::pair(11, "mm_released"), std::pair(64, "host"),
                    std::pair(65, "system_state"), std::pair(66, "symbol"), std::pair(67, "clock"), std::pair(68, "loss"),
                    std::pair(69, "stream_end"), std::pair(12, "retries"), std::pair(13, "kill_counts"), std::pair(14, "swap"),
                    std::pair(15, "process_identity"), std::pair(17, "cgroup_names"), std::pair(72, "log_line")));
}

TEST(WireKinds, AreFoundByNumber)
{
    ASSERT_NE(find_wire_kind(WIRE_KILL), nullptr);
    EXPECT_EQ(find_wire_kind(WIRE_KILL)->size, sizeof(wire_kill));
    EXPECT_EQ(find_wire_kind(0), nullptr);
    EXPECT_EQ(find_wire_kind(63), nullptr);
    EXPECT_EQ(find_wire_kind(0xffff), nullptr);
}

TEST(WireKinds, TheLargestIsNoSmallerThanAny)
{
    for (const WireKind &kind : wire_kinds) {
        EXPECT_LE(kind.size, largest_wire_record());
    }
}

} // namespace
} // namespace oomtrace
