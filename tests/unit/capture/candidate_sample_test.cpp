// SPDX-License-Identifier: Apache-2.0
#include "capture/candidate_sample.h"

#include <cstring>
#include <vector>

#include <gmock/gmock.h>

#include "oomtrace/wire_record.h"

#include "tracer_state.h"

namespace oomtrace
{
namespace
{

constexpr wire_u32 count = 3;

sampled_candidate sampled(wire_u32 number)
{
    sampled_candidate candidate{};
    candidate.task.start_boottime_ns = 1000 + number;
    candidate.task.memcg_id = 7;
    candidate.task.pid = candidate.task.tgid = number;
    candidate.task.oom_score_adj = -5;
    candidate.task.facts = WIRE_TASK_HAS_MM;
    std::memcpy(candidate.task.comm, "weighed", sizeof("weighed"));
    candidate.mm = 0xffff'8880'0000'0000ULL + number;
    candidate.total_vm = 500;
    for (int counter = 0; counter < WIRE_RSS_COUNT; ++counter) {
        candidate.rss[counter] = 10 * (counter + 1);
        candidate.rss_deltas[counter] = counter - 2;
    }
    candidate.rss_exact_valid = number == 2 ? 1 : 0;
    candidate.pgtables_bytes = 4096;
    candidate.mm_users = 2;
    candidate.facts = WIRE_CANDIDATE_EVALUATED | WIRE_CANDIDATE_POINTS_OBSERVED;
    candidate.points = -3;
    candidate.chosen_points = 44;
    return candidate;
}

wire_candidate expected(wire_u32 number)
{
    const sampled_candidate from = sampled(number);
    wire_candidate whole{};
    whole.header = {.size = sizeof(whole),
                    .kind = WIRE_CANDIDATE,
                    .cpu = 1,
                    .time_ns = 99,
                    .episode = 4,
                    .sequence = 20 + number - 1,
                    .reserved = 0};
    whole.task = from.task;
    whole.mm.mm = from.mm;
    whole.mm.total_vm = 500;
    const wire_s64 exact[] = {8, 19, 30, 41};
    for (int counter = 0; counter < WIRE_RSS_COUNT; ++counter) {
        whole.mm.rss[counter] = from.rss[counter];
        whole.mm.rss_exact[counter] = number == 2 ? exact[counter] : 0;
    }
    whole.mm.rss_exact_valid = number == 2 ? 1 : 0;
    whole.mm.pgtables_bytes = 4096;
    whole.mm.mm_users = 2;
    whole.points = -3;
    whole.chosen_points = 44;
    whole.facts = WIRE_CANDIDATE_EVALUATED | WIRE_CANDIDATE_POINTS_OBSERVED;
    return whole;
}

std::vector<std::byte> sample()
{
    candidate_sample sample{};
    sample.header = {.size = sizeof(wire_header) + count * sizeof(sampled_candidate),
                     .kind = SAMPLE_OF_CANDIDATES,
                     .cpu = 1,
                     .time_ns = 99,
                     .episode = 4,
                     .sequence = 20,
                     .reserved = 0};
    for (wire_u32 number = 1; number <= count; ++number)
        sample.candidates[number - 1] = sampled(number);
    std::vector<std::byte> bytes(sample.header.size);
    std::memcpy(bytes.data(), &sample, bytes.size());
    return bytes;
}

std::vector<std::byte> expand(std::span<const std::byte> bytes)
{
    std::vector<std::byte> out(largest_expansion());
    out.resize(expand_sample(bytes, out));
    return out;
}

TEST(candidate_sample, becomes_whole_records)
{
    const std::vector<std::byte> records = expand(sample());
    ASSERT_EQ(records.size(), count * sizeof(wire_candidate));
    for (wire_u32 number = 1; number <= count; ++number) {
        const wire_candidate wanted = expected(number);
        EXPECT_EQ(std::memcmp(records.data() + (number - 1) * sizeof(wanted), &wanted, sizeof(wanted)), 0) << number;
    }
}

TEST(candidate_sample, cut_anywhere_keeps_what_is_whole)
{
    const std::vector<std::byte> whole = sample(), records = expand(whole);
    for (std::size_t length = sizeof(wire_header); length <= whole.size(); ++length) {
        const auto cut = expand(std::span(whole).first(length));
        ASSERT_EQ(cut.size(), (length - sizeof(wire_header)) / sizeof(sampled_candidate) * sizeof(wire_candidate)) << length;
        ASSERT_TRUE(std::equal(cut.begin(), cut.end(), records.begin())) << length;
    }
}

TEST(candidate_sample, anything_else_is_copied)
{
    wire_exit record{};
    record.header.size = sizeof(record);
    record.header.kind = WIRE_EXIT;
    record.pid = 3;
    std::vector<std::byte> bytes(sizeof(record));
    std::memcpy(bytes.data(), &record, sizeof(record));
    EXPECT_EQ(expand(bytes), bytes);
    EXPECT_EQ(expand(std::span(bytes).first(5)).size(), 5U);
    EXPECT_TRUE(expand({}).empty());
}

} // namespace
} // namespace oomtrace
