// SPDX-License-Identifier: Apache-2.0
//
// kernel_description.h: what a start has to know of the running kernel, and nobody after it: megabytes that must go back to the
// kernel before the tracer locks its memory.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "host/kallsyms.h"
#include "oomtrace/result.h"

struct btf;

namespace oomtrace
{

// The kernel's data symbols that the programs can use, for ListedSymbols::read().
inline constexpr std::array<std::string_view, 3> useful_data_symbols{"__per_cpu_offset", "nr_swap_pages", "total_swap_pages"};

struct BtfDeleter {
    void operator()(btf *types) const;
};
using KernelTypes = std::unique_ptr<btf, BtfDeleter>;

Result<KernelTypes> read_kernel_types();

struct KernelDescription {
    Result<KernelTypes> types; // an error is that of whatever needs them
    ListedSymbols symbols;     // empty where they are hidden: stacks then show addresses
};

} // namespace oomtrace
