// SPDX-License-Identifier: Apache-2.0
#include "host/kallsyms.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <numeric>

#include "host/proc_file.h"

namespace oomtrace
{

namespace
{

struct Row {
    std::uint64_t address = 0;
    std::string_view name;
    bool is_text = false;
};

// "ffffffff81000000 T _stext", for modules with a tab and "[ext4]" behind it.
std::optional<Row> parse_row(std::string_view line)
{
    Row row;
    const auto *end = line.data() + line.size();
    const auto [rest, error] = std::from_chars(line.data(), end, row.address, 16);
    if (error != std::errc{} || end - rest < 4 || rest[0] != ' ' || rest[2] != ' ')
        return std::nullopt;
    row.is_text = std::strchr("tTwW", rest[1]) != nullptr;
    row.name = std::string_view(rest + 3, static_cast<std::size_t>(end - rest - 3));
    row.name = row.name.substr(0, row.name.find('\t'));
    return row;
}

// Calls `take` for each line; a line longer than half the buffer (none exists) is cut in two.
template <typename Take>
int for_each_line(int fd, Take take)
{
    char buffer[65536];
    std::size_t held = 0;
    for (;;) {
        const auto got = ::read(fd, buffer + held, sizeof(buffer) - held);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        held += static_cast<std::size_t>(got);
        std::string_view text(buffer, held);
        for (auto newline = text.find('\n'); newline != std::string_view::npos; newline = text.find('\n')) {
            take(text.substr(0, newline));
            text.remove_prefix(newline + 1);
        }
        if (got == 0 || text.size() == sizeof(buffer)) {
            take(text);
            text = {};
        }
        if (got == 0)
            return 0;
        held = text.size();
        std::memmove(buffer, text.data(), held);
    }
}

} // namespace

Result<ListedSymbols> ListedSymbols::read(const std::filesystem::path &root, std::span<const std::string_view> data)
{
    const auto path = under_root(root, "/proc/kallsyms");
    const auto attempted = "read kernel symbols from " + path.string();
    const auto fd = open_for_reading(path);
    if (!fd)
        return fail_errno(attempted, errno, "kernel stacks show addresses instead of names");

    ListedSymbols symbols;
    bool hidden = false;
    const int error = for_each_line(fd.get(), [&](std::string_view line) {
        const auto row = parse_row(line);
        if (!row)
            return;
        if (row->address == 0) {
            hidden = hidden || row->is_text;
            return;
        }
        if (row->is_text && !row->name.starts_with("__pfx_")) {
            symbols.addresses_.push_back(row->address);
            symbols.names_.add(row->name);
        }
        // By name alone: the type letters of data are not reliable on newer x86 kernels.
        if (std::find(data.begin(), data.end(), row->name) != data.end())
            symbols.data_.emplace_back(row->name, row->address);
    });
    if (error != 0)
        return fail_errno(attempted, error, "kernel stacks show addresses instead of names");
    if (symbols.empty() && hidden)
        return fail(attempted, "all addresses are hidden (zero)",
                    "give it CAP_SYSLOG, and set sysctl kernel.kptr_restrict below 2; until then kernel stacks show addresses "
                    "instead of names");
    if (symbols.empty())
        return fail(attempted, "it lists no text symbols", "kernel stacks show addresses instead of names");
    return symbols;
}

std::optional<SymbolRange> ListedSymbols::range_of(std::string_view name) const
{
    std::optional<std::uint64_t> begin;
    for (const std::uint32_t number : names_.numbers_of(name)) {
        const auto own = addresses_.begin() + number;
        // Of several names for one address the kernel's own choice is the first.
        if (std::find(addresses_.begin(), own, *own) == own && (!begin || *own < *begin))
            begin = *own;
    }
    if (!begin)
        return std::nullopt;
    SymbolRange range{*begin, *begin + KernelSymbols::max_offset};
    bool last = true;
    for (const std::uint64_t address : addresses_) {
        if (address > *begin && (last || address < range.end)) {
            range.end = address;
            last = false;
        }
    }
    return range;
}

std::optional<std::uint64_t> ListedSymbols::data_address(std::string_view name) const
{
    const auto found = std::find_if(data_.begin(), data_.end(), [name](const auto &symbol) { return symbol.first == name; });
    return found == data_.end() ? std::nullopt : std::optional(found->second);
}

KernelSymbols ListedSymbols::by_address() const
{
    std::vector<std::uint32_t> order(addresses_.size());
    std::iota(order.begin(), order.end(), 0U);
    // Stable: of several names for one address the first is kept.
    std::stable_sort(order.begin(), order.end(),
                     [this](std::uint32_t a, std::uint32_t b) { return addresses_[a] < addresses_[b]; });
    order.erase(std::unique(order.begin(), order.end(),
                            [this](std::uint32_t a, std::uint32_t b) { return addresses_[a] == addresses_[b]; }),
                order.end());
    KernelSymbols symbols;
    symbols.offsets_.reserve(order.size());
    for (const std::uint32_t number : order)
        symbols.add_address(addresses_[number]);
    symbols.names_ = names_.finish(order);
    return symbols;
}

void KernelSymbols::add_address(std::uint64_t address)
{
    if (stretches_.empty() || address - stretches_.back().base > std::numeric_limits<std::uint32_t>::max())
        stretches_.push_back({address, offsets_.size()});
    offsets_.push_back(static_cast<std::uint32_t>(address - stretches_.back().base));
}

std::optional<KernelSymbol> KernelSymbols::find(std::uint64_t address) const
{
    const auto behind = std::upper_bound(stretches_.begin(), stretches_.end(), address,
                                         [](std::uint64_t at, const Stretch &stretch) { return at < stretch.base; });
    if (behind == stretches_.begin())
        return std::nullopt;
    const Stretch &stretch = *std::prev(behind);
    const auto begin = offsets_.begin() + static_cast<std::ptrdiff_t>(stretch.first);
    const auto end =
        behind == stretches_.end() ? offsets_.end() : offsets_.begin() + static_cast<std::ptrdiff_t>(behind->first);
    // The first of a stretch has the offset 0.
    const auto nearest = std::prev(std::upper_bound(begin, end, address - stretch.base));
    const std::uint64_t offset = address - stretch.base - *nearest;
    if (offset > max_offset)
        return std::nullopt;
    return KernelSymbol{names_.at(static_cast<std::size_t>(nearest - offsets_.begin())), offset};
}

std::size_t KernelSymbols::memory_bytes() const
{
    return stretches_.capacity() * sizeof(stretches_[0]) + offsets_.capacity() * sizeof(offsets_[0]) + names_.memory_bytes();
}

} // namespace oomtrace
