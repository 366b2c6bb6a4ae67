// SPDX-License-Identifier: Apache-2.0
//
// candidate_sample.h: the records that a sample of the ring stands for. Candidates cross in a shorter form, many to a sample
// (struct candidate_sample of bpf/tracer_state.h); all else, and every recording, holds whole wire records.
#pragma once

#include <cstddef>
#include <span>

namespace oomtrace
{

// The most bytes that expand_sample() writes for one sample.
std::size_t largest_expansion();

// Writes the records of `sample` to `out`, which has room for largest_expansion(), and returns their size in bytes. What is no
// sample of candidates is copied as it is; of one that was cut, what is whole.
std::size_t expand_sample(std::span<const std::byte> sample, std::span<std::byte> out);

} // namespace oomtrace
