// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/coded_names.h"
#include "oomtrace/result.h"

namespace oomtrace
{

struct KernelSymbol {
    std::string name;
    std::uint64_t offset; // of the address into it
};

struct SymbolRange {
    std::uint64_t begin;
    std::uint64_t end; // where the next symbol begins
};

// The kernel's text symbols, sorted by address, in a few blocks of memory. A look-up allocates the name alone.
//
// Left out: data; the `__pfx_` padding in front of functions, half of all text symbols since 6.2, where no code runs; all but
// the first of several names for one address. Module symbols are there by name only.
class KernelSymbols
{
  public:
    // The symbol that `address` lies in. Empty below the first symbol, and more than max_offset behind the nearest one.
    [[nodiscard]] std::optional<KernelSymbol> find(std::uint64_t address) const;

    [[nodiscard]] std::size_t size() const { return offsets_.size(); }
    [[nodiscard]] std::size_t memory_bytes() const;

    // No function is larger than this; beyond it lies memory that has no symbols.
    static constexpr std::uint64_t max_offset = 1 << 20;

  private:
    friend class ListedSymbols;

    // Symbols that lie within 4 GiB: all of a kernel that lays its modules beside its own code.
    struct Stretch {
        std::uint64_t base; // address of the first
        std::size_t first;  // its index
    };

    void add_address(std::uint64_t address);

    std::vector<Stretch> stretches_;     // ascending
    std::vector<std::uint32_t> offsets_; // from the base of the stretch; ascending within it, no two equal
    CodedNames names_;                   // in the same order
};

// What the kernel lists, in its order: for the few look-ups by name of a start, and to make KernelSymbols of.
class ListedSymbols
{
  public:
    // Reads <root>/proc/kallsyms. Needs CAP_SYSLOG: without it all addresses are zero and this fails. `data` names the few data
    // symbols to keep as well; many kernels list none.
    static Result<ListedSymbols> read(const std::filesystem::path &root = "/", std::span<const std::string_view> data = {});

    // Where the function of exactly this name lies; the first of several.
    [[nodiscard]] std::optional<SymbolRange> range_of(std::string_view name) const;

    // Of a data symbol asked for in read(); empty: this kernel does not list it.
    [[nodiscard]] std::optional<std::uint64_t> data_address(std::string_view name) const;

    [[nodiscard]] bool empty() const { return addresses_.empty(); }

    [[nodiscard]] KernelSymbols by_address() const;

  private:
    std::vector<std::uint64_t> addresses_; // of each name
    NameCoder names_;
    std::vector<std::pair<std::string, std::uint64_t>> data_;
};

} // namespace oomtrace
