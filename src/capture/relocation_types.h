// SPDX-License-Identifier: Apache-2.0
//
// relocation_types.h: the kernel's types as far as the programs' CO-RE relocations can ask for them. libbpf looks each type of
// theirs up by comparing its name with those of all types of the kernel, a hundred thousand: nearly two milliseconds for each
// of several dozens, a quarter of the tracer's start.
#pragma once

#include <cstddef>
#include <vector>

struct btf;

namespace oomtrace
{

// BTF in which every type of `kernel` whose name, flavours aside, is one of `programs` has kept its number (bpf_rdonly_cast()
// takes numbers), with what is embedded in it. Pointers lead to void: what they point to is asked for as a type of its own. The
// other types are fillers, and behind the last one that is needed there is none.
std::vector<std::byte> relocation_types(const btf &kernel, const btf &programs);

} // namespace oomtrace
