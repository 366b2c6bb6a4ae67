// SPDX-License-Identifier: Apache-2.0
#include "decode/leading_record.h"

#include <gmock/gmock.h>

#include "decode/wire_decoder.h"
#include "support/wire_builder.h"

namespace oomtrace::test
{
namespace
{

constexpr std::size_t candidates = 3;

// A sample as the programs send it: candidates back to back.
Bytes sample_of_candidates()
{
    Stream stream;
    for (std::uint32_t pid = 1; pid <= candidates; pid++) {
        stream.candidate(Task(pid, "weighed"), 10);
    }
    Bytes sample;
    for (const Bytes &record : stream.records()) {
        sample.insert(sample.end(), record.begin(), record.end());
    }
    return sample;
}

struct Split {
    std::size_t decoded = 0, refused = 0, bytes = 0;
};

Split split(std::span<const std::byte> bytes)
{
    Split result;
    while (!bytes.empty()) {
        const auto record = leading_record(bytes);
        decode(record) ? result.decoded++ : result.refused++;
        result.bytes += record.size();
        bytes = bytes.subspan(record.size());
    }
    return result;
}

TEST(LeadingRecord, TakesASampleApart)
{
    const Split result = split(sample_of_candidates());
    EXPECT_EQ(result.decoded, candidates);
    EXPECT_EQ(result.refused, 0U);
}

// At every byte: the whole records are decoded, the rest is refused once, and no byte is lost or looked at beyond the end.
TEST(LeadingRecord, CutAnywhereKeepsWhatIsWhole)
{
    const Bytes sample = sample_of_candidates();
    for (std::size_t length = 0; length <= sample.size(); length++) {
        const Bytes cut(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(length));
        const Split result = split(cut);
        ASSERT_EQ(result.decoded, length / sizeof(wire_candidate)) << length;
        ASSERT_EQ(result.refused, length % sizeof(wire_candidate) != 0 ? 1U : 0U) << length;
        ASSERT_EQ(result.bytes, length);
    }
}

TEST(LeadingRecord, ASizeThatCannotBeTakesTheRest)
{
    Bytes sample = sample_of_candidates();
    for (const wire_u32 size : {0U, 1U, static_cast<wire_u32>(sizeof(wire_header)) - 1, 0xffff'ffffU}) {
        std::memcpy(sample.data(), &size, sizeof(size));
        EXPECT_EQ(leading_record(sample).size(), sample.size()) << size;
    }
}

} // namespace
} // namespace oomtrace::test
