// SPDX-License-Identifier: Apache-2.0
#include "capture/candidate_sample.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "oomtrace/wire_record.h"

#include "tracer_state.h"

namespace oomtrace
{

namespace
{

constexpr std::size_t largest = [] {
    std::size_t bytes = CANDIDATES_PER_SAMPLE * sizeof(wire_candidate);
#define OOMTRACE_LARGER(kind, type) bytes = std::max(bytes, sizeof(type));
    WIRE_KINDS(OOMTRACE_LARGER)
#undef OOMTRACE_LARGER
    return bytes;
}();

wire_candidate whole_candidate(const wire_header &shared, wire_u32 index, const sampled_candidate &sampled)
{
    wire_candidate whole{};
    whole.header = shared;
    whole.header.size = sizeof(whole);
    whole.header.kind = WIRE_CANDIDATE;
    whole.header.sequence = shared.sequence + index;
    whole.task = sampled.task;
    whole.mm.mm = sampled.mm;
    whole.mm.total_vm = sampled.total_vm;
    std::copy(std::begin(sampled.rss), std::end(sampled.rss), whole.mm.rss);
    if (sampled.rss_exact_valid != 0) {
        std::transform(std::begin(sampled.rss), std::end(sampled.rss), sampled.rss_deltas, whole.mm.rss_exact,
                       [](wire_s64 central, wire_s32 delta) { return central + delta; });
        whole.mm.rss_exact_valid = 1;
    }
    whole.mm.pgtables_bytes = sampled.pgtables_bytes;
    whole.mm.mm_users = sampled.mm_users;
    whole.points = sampled.points;
    whole.chosen_points = sampled.chosen_points;
    whole.facts = sampled.facts;
    return whole;
}

} // namespace

std::size_t largest_expansion()
{
    return largest;
}

std::size_t expand_sample(std::span<const std::byte> sample, std::span<std::byte> out)
{
    wire_header header{};
    if (sample.size() >= sizeof(header))
        std::memcpy(&header, sample.data(), sizeof(header));
    if (header.kind != SAMPLE_OF_CANDIDATES) {
        const std::size_t size = std::min(sample.size(), out.size());
        std::copy_n(sample.begin(), size, out.begin());
        return size;
    }
    std::size_t written = 0;
    auto rest = sample.subspan(sizeof(header));
    for (wire_u32 index = 0; index < CANDIDATES_PER_SAMPLE && rest.size() >= sizeof(sampled_candidate); ++index) {
        sampled_candidate sampled{};
        std::memcpy(&sampled, rest.data(), sizeof(sampled));
        const wire_candidate whole = whole_candidate(header, index, sampled);
        std::memcpy(out.data() + written, &whole, sizeof(whole));
        written += sizeof(whole);
        rest = rest.subspan(sizeof(sampled));
    }
    return written;
}

} // namespace oomtrace
