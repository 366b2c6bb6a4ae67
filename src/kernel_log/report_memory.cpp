// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/report_memory.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace oomtrace::kernel_log
{

namespace
{

constexpr std::uint64_t unlimited_bytes = 1ULL << 62; // what a counter without a limit prints is above this, on every kernel
constexpr std::uint64_t default_huge_page = 2ULL << 20;

using Rename = std::pair<std::string_view, std::string_view>; // the kernel's name in its report, the incident's

constexpr std::array<Rename, 9> node_names = {{
    {"isolated(anon)", "isolated_anon"},
    {"isolated(file)", "isolated_file"},
    {"pagetables", "page_tables"},
    {"sec_pagetables", "sec_page_tables"},
    {"shmem_thp", "shmem_thp"},
    {"anon_thp", "anon_thp"},
    {"file_thp", "file_thp"},
    {"swapcached", "swap_cached"},
    {"writepending", "write_pending"},
}};

std::string_view stat_name(std::string_view printed)
{
    for (const auto &[name, renamed] : node_names) {
        if (printed == name)
            return renamed;
    }
    return printed;
}

// Those of the zone's own fields; the rest are counters.
constexpr std::array<std::string_view, 12> field_names = {
    "free",     "min",      "low",      "high", "boost", "managed", "present", "reserved_highatomic", "free_highatomic",
    "free_cma", "free_pcp", "local_pcp"};

std::optional<std::uint64_t> counter(const ZoneLines &lines, const char *name)
{
    return lines.bytes.find(name);
}

// The order of the zone types. Which of them a kernel has is told by those it prints.
constexpr std::array<std::string_view, 6> zone_types = {"DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"};

std::uint32_t zone_index(const std::string &name, const ParsedReport &report)
{
    const auto printed = [&](std::string_view type) {
        return std::any_of(report.zones.begin(), report.zones.end(), [&](const ZoneLines &zone) { return zone.name == type; });
    };
    std::size_t reserves = 0;
    for (const ZoneLines &zone : report.zones)
        reserves = std::max(reserves, zone.lowmem_reserve_pages.size());
    const bool highmem = printed("HighMem");
    // 64-bit: DMA, DMA32, Normal, Movable, and Device since 4.3. 32-bit: DMA, Normal, HighMem, Movable.
    const bool dma32 = printed("DMA32") || (!highmem && reserves >= 4);
    std::uint32_t index = 0;
    for (const std::string_view type : zone_types) {
        if (type == name)
            return index;
        if ((type == "DMA32" && !dma32) || (type == "HighMem" && !highmem))
            continue;
        ++index;
    }
    return index;
}

Zone take_zone(ZoneLines &lines, const ParsedReport &report, std::uint64_t page_size)
{
    Zone zone;
    zone.index = zone_index(lines.name, report);
    zone.name = lines.name;
    zone.free_bytes = counter(lines, "free").value_or(0);
    zone.min_bytes = counter(lines, "min").value_or(0);
    zone.low_bytes = counter(lines, "low").value_or(0);
    zone.high_bytes = counter(lines, "high").value_or(0);
    zone.boost_bytes = counter(lines, "boost");
    zone.managed_bytes = counter(lines, "managed");
    zone.present_bytes = counter(lines, "present");
    zone.reserved_highatomic_bytes = counter(lines, "reserved_highatomic");
    zone.free_highatomic_bytes = counter(lines, "free_highatomic");
    zone.free_cma_bytes = counter(lines, "free_cma");
    zone.free_pcp_bytes = counter(lines, "free_pcp");
    zone.local_pcp_bytes = counter(lines, "local_pcp");
    zone.all_unreclaimable = lines.all_unreclaimable;
    zone.pages_scanned = lines.pages_scanned;
    zone.lowmem_reserve_bytes.reserve(lines.lowmem_reserve_pages.size());
    for (const std::uint64_t pages : lines.lowmem_reserve_pages)
        zone.lowmem_reserve_bytes.push_back(pages <= UINT64_MAX / page_size ? pages * page_size : UINT64_MAX);
    for (const auto &[name, bytes] : lines.bytes) {
        if (std::find(field_names.begin(), field_names.end(), name) == field_names.end())
            zone.stat_bytes.emplace(stat_name(name), bytes);
    }
    zone.free_blocks = std::move(lines.free_blocks);
    return zone;
}

std::optional<std::uint64_t> in_bytes(const NamedValues &pages, const char *name, std::uint64_t page_size)
{
    const auto count = pages.find(name);
    if (!count || *count > UINT64_MAX / page_size)
        return std::nullopt;
    return *count * page_size;
}

LimitCounter limit_of(const MemcgCounterLine &line)
{
    LimitCounter counter;
    counter.usage_bytes = line.usage_bytes;
    if (line.limit_bytes < unlimited_bytes)
        counter.max_bytes = line.limit_bytes;
    counter.high_known = false;
    counter.failcnt = line.failcnt;
    return counter;
}

std::optional<LimitCounter> limit_of(const ParsedReport &report, const char *name)
{
    const auto found = report.memcg.find(name);
    return found == report.memcg.end() ? std::nullopt : std::optional(limit_of(found->second));
}

MemcgLevel level_at(const std::string &path)
{
    MemcgLevel level;
    level.path = path;
    level.root = path == "/";
    level.counters_known = false;
    level.settings_known = false;
    return level;
}

// Since 3.16 a report leaves out the nodes that the allocation was not allowed to use. Pages are counted for all of them; older
// kernels count those of holes too.
bool has_all_nodes(const ParsedReport &report, std::uint64_t page_size)
{
    const auto ram = in_bytes(report.page_counts, "RAM", page_size);
    std::uint64_t present = 0;
    for (const ZoneLines &zone : report.zones)
        present += std::min(counter(zone, "present").value_or(0), UINT64_MAX - present);
    return !ram || present == 0 || *ram <= present || (*ram - present) < present / 16;
}

} // namespace

std::vector<Node> take_nodes(ParsedReport &report, std::uint64_t page_size)
{
    constexpr std::size_t added_stats = 4; // below
    std::map<std::uint32_t, Node> nodes;
    for (const auto &[number, line] : report.nodes) {
        Node &node = nodes[number];
        node.all_unreclaimable = line.all_unreclaimable;
        node.stat_bytes.reserve(line.bytes.size() + added_stats);
        for (const auto &[name, bytes] : line.bytes)
            node.stat_bytes.emplace(stat_name(name), bytes);
    }
    for (ZoneLines &lines : report.zones) {
        const bool populated = counter(lines, "present").value_or(1) != 0; // kernels of 2.6 print the others too
        if (lines.watermarks && populated)
            nodes[lines.node].zones.push_back(take_zone(lines, report, page_size));
    }
    std::vector<Node> result;
    for (auto &[number, node] : nodes) {
        node.node = number;
        std::stable_sort(node.zones.begin(), node.zones.end(), [](const Zone &a, const Zone &b) { return a.index < b.index; });
        result.push_back(std::move(node));
    }
    // What is printed for the whole host only is a single node's own.
    if (result.size() == 1 && has_all_nodes(report, page_size)) {
        for (const char *name : {"slab_reclaimable", "slab_unreclaimable", "kernel_misc_reclaimable"}) {
            if (const auto bytes = in_bytes(report.totals_pages, name, page_size))
                result.front().stat_bytes.emplace(name, *bytes);
        }
        for (const char *name : {"total pagecache", "pagecache"}) {
            if (const auto bytes = in_bytes(report.page_counts, name, page_size))
                result.front().stat_bytes.emplace("file_pages", *bytes);
        }
    }
    return result;
}

MemcgLimit memcg_of(const ParsedReport &report)
{
    MemcgLimit memcg;
    std::optional<std::string> fired = report.summary ? report.summary->oom_memcg : report.oom_memcg_v1;
    if (!fired && !report.summary && report.has_memcg_stats && !report.memcg_stats_path.empty())
        fired = report.memcg_stats_path;
    std::optional<std::string> home;
    if (report.summary)
        home = report.summary->task_memcg;
    else if (report.task_memcg_v1)
        home = report.task_memcg_v1;
    if (home && home != fired)
        memcg.levels.push_back(level_at(*home));
    if (fired || !report.memcg.empty()) {
        MemcgLevel level = level_at(fired.value_or(""));
        level.fired = true;
        level.swap = limit_of(report, "swap");
        level.memory_and_swap = limit_of(report, "memory+swap");
        level.kmem = limit_of(report, "kmem");
        level.v2 = level.swap.has_value();
        if (const auto memory = limit_of(report, "memory")) {
            level.counters_known = true;
            level.memory = *memory;
            memcg.usage_bytes = memory->usage_bytes;
            memcg.limit_bytes = memory->max_bytes;
        }
        memcg.levels.push_back(std::move(level));
        memcg.path = fired;
    }
    for (MemcgLevel &level : memcg.levels) {
        level.victim_lives_here = home && level.path == *home;
        level.oom_group = !report.group_path.empty() && level.path == report.group_path;
    }
    const bool group_known =
        std::any_of(memcg.levels.begin(), memcg.levels.end(), [](const MemcgLevel &level) { return level.oom_group; });
    if (!report.group_path.empty() && !group_known) {
        MemcgLevel level = level_at(report.group_path);
        level.oom_group = true;
        memcg.levels.insert(memcg.levels.begin() + (memcg.levels.empty() ? 0 : 1), std::move(level));
    }
    return memcg;
}

Hugetlb hugetlb_of(const ParsedReport &report)
{
    Hugetlb hugetlb;
    for (const LogFacts::Hugepages &pool : report.hugepages) {
        const bool better = !hugetlb.page_size_bytes || pool.page_size_bytes == default_huge_page ||
                            (*hugetlb.page_size_bytes != default_huge_page && pool.page_size_bytes < *hugetlb.page_size_bytes);
        if (!better)
            continue;
        if (hugetlb.page_size_bytes != pool.page_size_bytes)
            hugetlb = {pool.page_size_bytes, 0, 0};
        hugetlb.total = *hugetlb.total + pool.total;
        hugetlb.free = *hugetlb.free + pool.free;
    }
    return hugetlb;
}

LogFacts take_log_facts(ParsedReport &report)
{
    LogFacts facts;
    if (!report.realtime_ns)
        facts.logged_at = std::move(report.logged_at);
    facts.mem_info_pages = std::move(report.totals_pages);
    facts.page_counts = std::move(report.page_counts);
    facts.swap_cache = std::move(report.swap_cache);
    facts.hugepages = std::move(report.hugepages);
    facts.unreclaimable_slabs = std::move(report.slabs);
    facts.memcg_stats_path = std::move(report.memcg_stats_path);
    facts.memcg_stats = std::move(report.memcg_stats);
    facts.memcg_min_protection_bytes = report.memcg_min_protection_bytes;
    facts.memcg_low_protection_bytes = report.memcg_low_protection_bytes;
    facts.group_path = std::move(report.group_path);
    facts.mm_pinned_by = std::move(report.mm_pinned_by);
    if (report.score)
        facts.kernel_score = report.score->score;
    facts.panic_reason = std::move(report.panic);
    return facts;
}

} // namespace oomtrace::kernel_log
