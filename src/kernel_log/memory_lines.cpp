// SPDX-License-Identifier: Apache-2.0
//
// Mem-Info of every generation: counters are read by their names, wherever they stand.
#include <algorithm>
#include <array>

#include "kernel_log/line_parser.h"
#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

constexpr std::size_t most_zones = 4096;
constexpr std::size_t most_slabs = 4096;
constexpr std::size_t most_counters = 512;
constexpr std::size_t most_orders = 32;
constexpr std::size_t usual_orders = 11;
constexpr std::size_t usual_reserves = 5;
constexpr std::size_t usual_counters = 32; // of a line

std::optional<std::uint64_t> kilobytes(std::uint64_t kb)
{
    return kb <= UINT64_MAX / 1024 ? std::optional(kb * 1024) : std::nullopt;
}

// "kB", "KB", and what a page that was pasted somewhere made of it: " kb".
bool take_unit(TextCursor &cursor)
{
    TextCursor ahead = cursor;
    ahead.skip_spaces();
    if (ahead.rest.size() < 2 || lower(ahead.rest[0]) != 'k' || lower(ahead.rest[1]) != 'b')
        return false;
    ahead.rest.remove_prefix(2);
    cursor = ahead;
    return true;
}

struct Counter {
    std::string_view name;
    std::uint64_t value = 0;
    bool in_kilobytes = false;
};

// The next "name:value" or "name: valuekB"; what is none is passed over.
std::optional<Counter> take_counter(TextCursor &cursor)
{
    while (true) {
        cursor.skip_spaces();
        if (cursor.at_end())
            return std::nullopt;
        std::size_t colon = 0;
        while (colon < cursor.rest.size() && cursor.rest[colon] != ':' && cursor.rest[colon] != ' ' &&
               cursor.rest[colon] != '?')
            ++colon;
        if (colon == cursor.rest.size())
            return std::nullopt;
        if (cursor.rest[colon] != ':' || colon == 0) {
            cursor.rest.remove_prefix(colon + 1);
            continue;
        }
        Counter counter{cursor.rest.substr(0, colon), 0, false};
        cursor.rest.remove_prefix(colon + 1);
        cursor.skip_spaces();
        const auto value = cursor.take_number<std::uint64_t>();
        if (!value)
            continue;
        counter.value = *value;
        counter.in_kilobytes = take_unit(cursor);
        return counter;
    }
}

std::optional<bool> all_unreclaimable(std::string_view text)
{
    const std::size_t at = find_part(text, "all_unreclaimable?");
    if (at == std::string_view::npos)
        return std::nullopt;
    const std::string_view answer = without_leading_spaces(text.substr(at + 18));
    if (answer.size() >= 3 && equal_but_case(answer.substr(0, 3), "yes"))
        return true;
    if (answer.size() >= 2 && equal_but_case(answer.substr(0, 2), "no"))
        return false;
    return std::nullopt;
}

void read_counters(std::string_view text, NamedValues &bytes, std::optional<std::uint64_t> *pages_scanned)
{
    bytes.reserve(usual_counters);
    TextCursor cursor{text};
    while (const auto counter = take_counter(cursor)) {
        if (counter->in_kilobytes) {
            if (const auto value = kilobytes(counter->value); value && bytes.size() < most_counters)
                bytes.emplace(counter->name, *value);
        } else if (pages_scanned != nullptr && counter->name == "pages_scanned") {
            *pages_scanned = counter->value;
        }
    }
}

bool parse_totals(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text};
    bool any = false;
    while (const auto counter = take_counter(cursor)) {
        if (!counter->in_kilobytes && report.totals_pages.size() < most_counters) {
            report.totals_pages.emplace(counter->name, counter->value);
            any = true;
        }
    }
    return any;
}

// "Node 3 DMA32", "DMA": what stands before a zone's counters. The node is 0 on a kernel without NUMA.
struct ZoneName {
    std::uint32_t node = 0;
    std::string name;
};

ZoneName take_zone_name(TextCursor &cursor)
{
    ZoneName zone;
    if (cursor.take("Node ")) {
        zone.node = cursor.take_number<std::uint32_t>().value_or(0);
        cursor.skip_spaces();
    }
    const std::string_view word = cursor.rest.substr(0, cursor.rest.find_first_of(": "));
    cursor.rest.remove_prefix(word.size());
    zone.name = word;
    constexpr std::array<std::string_view, 6> names = {"DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"};
    for (const std::string_view known : names) {
        if (equal_but_case(word, known))
            zone.name = known;
    }
    return zone;
}

std::size_t zone_index(ParsedReport &report, const ZoneName &wanted)
{
    const auto found = std::find_if(report.zones.begin(), report.zones.end(), [&](const ZoneLines &zone) {
        return zone.node == wanted.node && zone.name == wanted.name;
    });
    if (found != report.zones.end())
        return static_cast<std::size_t>(found - report.zones.begin());
    if (report.zones.size() >= most_zones)
        return SIZE_MAX;
    report.zones.emplace_back();
    report.zones.back().node = wanted.node;
    report.zones.back().name = wanted.name;
    return report.zones.size() - 1;
}

bool parse_zone(std::string_view text, ParsedReport &report, ParserState &state)
{
    TextCursor cursor{text};
    const ZoneName name = take_zone_name(cursor);
    const std::size_t index = zone_index(report, name);
    if (index == SIZE_MAX || report.zones[index].watermarks) { // of another report, mixed into this one
        state.zone = SIZE_MAX;
        report.foreign_lines = true;
        return false;
    }
    ZoneLines &zone = report.zones[index];
    read_counters(cursor.rest, zone.bytes, &zone.pages_scanned);
    zone.all_unreclaimable = all_unreclaimable(cursor.rest);
    zone.watermarks = zone.bytes.contains("free");
    state.zone = index;
    return zone.watermarks;
}

bool parse_lowmem_reserve(std::string_view text, ParsedReport &report, ParserState &state)
{
    if (state.zone >= report.zones.size())
        return false;
    ZoneLines &zone = report.zones[state.zone];
    state.zone = SIZE_MAX;
    TextCursor cursor{text};
    if (!zone.lowmem_reserve_pages.empty() || !cursor.take_until(":"))
        return false;
    cursor.skip_spaces();
    zone.lowmem_reserve_pages.reserve(usual_reserves);
    while (zone.lowmem_reserve_pages.size() < most_orders) {
        const auto pages = cursor.take_number<std::uint64_t>();
        if (!pages)
            break;
        zone.lowmem_reserve_pages.push_back(*pages);
        cursor.skip_spaces();
    }
    return true;
}

// Node 0 DMA: 0*4kB 1*8kB (U) 0*16kB ... = 1800kB     Normal: 1 * 4kb 1 * 8kb ... = 1340kb     DMA32: empty
bool parse_free_blocks(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text};
    const ZoneName name = take_zone_name(cursor);
    cursor.take(":");
    cursor.skip_spaces();
    if (begins(cursor.rest, "empty"))
        return true;
    const std::size_t index = zone_index(report, name);
    if (index == SIZE_MAX || !report.zones[index].free_blocks.empty())
        return false;
    std::vector<FreeBlockCount> blocks;
    blocks.reserve(usual_orders);
    while (blocks.size() < most_orders) {
        TextCursor ahead = cursor;
        const auto count = ahead.take_number<std::uint64_t>();
        ahead.skip_spaces();
        if (!count || !ahead.take("*"))
            break;
        ahead.skip_spaces();
        const auto size = ahead.take_number<std::uint64_t>();
        if (!size || !kilobytes(*size) || !take_unit(ahead))
            break;
        FreeBlockCount block{static_cast<std::uint32_t>(blocks.size()), *kilobytes(*size), *count, {}};
        ahead.skip_spaces();
        if (ahead.take("(")) {
            const auto types = ahead.take_until(")");
            if (!types)
                break;
            for (const char letter : *types) {
                if (std::string_view("UMEHCI").find(letter) != std::string_view::npos)
                    block.types += letter;
            }
            ahead.skip_spaces();
        }
        blocks.push_back(std::move(block));
        cursor = ahead;
    }
    if (blocks.empty())
        return false;
    report.zones[index].free_blocks = std::move(blocks);
    return true;
}

bool parse_node(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text.substr(5)};
    const auto number = cursor.take_number<std::uint32_t>();
    if (!number || (report.nodes.size() >= most_zones && !report.nodes.contains(*number)))
        return false;
    NodeLine &node = report.nodes[*number];
    if (!node.bytes.empty()) {
        report.foreign_lines = true;
        return false;
    }
    read_counters(cursor.rest, node.bytes, nullptr);
    node.all_unreclaimable = all_unreclaimable(cursor.rest);
    return true;
}

// Node 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 hugepages_size=2048kB
bool parse_hugepages(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text.substr(5)};
    LogFacts::Hugepages pool;
    pool.node = cursor.take_number<std::uint32_t>().value_or(0);
    while (const auto key = cursor.take_until("=")) {
        const auto value = cursor.take_number<std::uint64_t>();
        if (!value)
            return false;
        const std::string_view name = without_leading_spaces(*key);
        if (name == "hugepages_total")
            pool.total = *value;
        else if (name == "hugepages_free")
            pool.free = *value;
        else if (name == "hugepages_surp")
            pool.surplus = *value;
        else if (name == "hugepages_size")
            pool.page_size_bytes = kilobytes(*value).value_or(0);
        take_unit(cursor);
    }
    if (pool.page_size_bytes == 0 || report.hugepages.size() >= most_zones)
        return false;
    report.hugepages.push_back(pool);
    return true;
}

// "130942 pages RAM", "3838 total pagecache pages", "0 pages HighMem/MovableOnly", "524032 pages of RAM", "13830 reserved
// pages"
bool parse_page_count(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text};
    const auto pages = cursor.take_number<std::uint64_t>();
    std::string_view name = without_trailing_spaces(without_leading_spaces(cursor.rest));
    if (!pages || report.page_counts.size() >= most_counters)
        return false;
    for (const std::string_view head : {"pages of ", "pages "}) {
        if (name.starts_with(head)) {
            name.remove_prefix(head.size());
            break;
        }
    }
    if (name.ends_with(" pages"))
        name.remove_suffix(6);
    constexpr std::array<std::string_view, 14> known = {
        "RAM",    "HighMem",    "HighMem/MovableOnly", "HIGHMEM",       "reserved",     "cma reserved", "hwpoisoned",
        "shared", "non-shared", "total pagecache",     "in swap cache", "in swapcache", "swap cached",  "pagecache"};
    if (std::find(known.begin(), known.end(), name) == known.end())
        return false;
    if (name == "in swapcache")
        name = "in swap cache";
    if (name == "HIGHMEM")
        name = "HighMem";
    report.page_counts.emplace(name, *pages);
    return true;
}

// "Free swap  = 0kB", "Total swap = 0kB", "Free swap:  0kB", "Swap cache stats: add 1, delete 2, find 3/4"
bool parse_swap(std::string_view text, ParsedReport &report)
{
    if (begins(text, "Swap cache")) {
        TextCursor cursor{text};
        const auto number_after = [&](std::string_view word, const char *name) {
            TextCursor ahead{text};
            if (!ahead.take_until(word))
                return;
            if (const auto value = ahead.take_number<std::uint64_t>())
                report.swap_cache.emplace(name, *value);
        };
        number_after("add ", "add");
        number_after("delete ", "delete");
        number_after("find ", "find_success");
        if (cursor.take_until("find ") && cursor.take_number<std::uint64_t>() && cursor.take("/")) {
            if (const auto total = cursor.take_number<std::uint64_t>())
                report.swap_cache.emplace("find_total", *total);
        }
        return true;
    }
    const std::size_t at = text.find_first_of("=:");
    if (at == std::string_view::npos)
        return false;
    TextCursor cursor{text.substr(at + 1)};
    cursor.skip_spaces();
    const auto value = cursor.take_number<std::uint64_t>();
    if (!value || !take_unit(cursor) || !kilobytes(*value))
        return false;
    auto &field = begins(text, "Free") ? report.swap_free_bytes : report.swap_total_bytes;
    if (field)
        return false;
    field = kilobytes(*value);
    return true;
}

// "dentry               1234KB       2345KB"
bool parse_slab(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text};
    LogFacts::Slab slab;
    cursor.skip_spaces();
    slab.name = cursor.take_word();
    cursor.skip_spaces();
    if (slab.name == "Name")
        return true;
    const auto used = cursor.take_number<std::uint64_t>();
    if (!used || !take_unit(cursor))
        return false;
    cursor.skip_spaces();
    const auto total = cursor.take_number<std::uint64_t>();
    if (!total || !take_unit(cursor) || !kilobytes(*used) || !kilobytes(*total) || report.slabs.size() >= most_slabs)
        return false;
    slab.used_bytes = *kilobytes(*used);
    slab.total_bytes = *kilobytes(*total);
    report.slabs.push_back(std::move(slab));
    return true;
}

} // namespace

bool parse_memory_line(LineKind kind, std::string_view text, ParsedReport &report, ParserState &state)
{
    switch (kind) {
    case LineKind::totals:
        return parse_totals(text, report);
    case LineKind::node:
        return parse_node(text, report);
    case LineKind::zone:
        return parse_zone(text, report, state);
    case LineKind::lowmem_reserve:
        return parse_lowmem_reserve(text, report, state);
    case LineKind::free_blocks:
        return parse_free_blocks(text, report);
    case LineKind::hugepages:
        return parse_hugepages(text, report);
    case LineKind::page_count:
        return parse_page_count(text, report);
    case LineKind::swap:
        return parse_swap(text, report);
    default:
        return parse_slab(text, report);
    }
}

} // namespace oomtrace::kernel_log
