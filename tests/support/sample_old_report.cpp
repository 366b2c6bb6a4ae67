// SPDX-License-Identifier: Apache-2.0
#include "support/sample_old_report.h"

#include <utility>

#include "support/sample_incident.h"

namespace oomtrace::sample
{

namespace
{

constexpr std::uint64_t page = 4 * kib;

Zone zone(std::uint32_t index, std::string name, std::uint64_t present_kib, std::uint64_t free_kib, std::uint64_t min_kib,
          std::vector<std::uint64_t> reserve_pages, std::vector<std::uint64_t> block_counts)
{
    Zone result;
    result.index = index;
    result.name = std::move(name);
    result.present_bytes = present_kib * kib;
    result.free_bytes = free_kib * kib;
    result.min_bytes = min_kib * kib;
    for (const std::uint64_t pages : reserve_pages)
        result.lowmem_reserve_bytes.push_back(pages * page);
    for (std::uint32_t order = 0; order < block_counts.size(); ++order)
        result.free_blocks.push_back({order, page << order, block_counts[order], ""});
    return result;
}

Incident report()
{
    Incident incident;
    incident.outcome = Outcome::killed;
    incident.scope = Scope::global;
    incident.host.page_size = page;
    incident.provenance.nodes.source = Source::kernel_log;
    return incident;
}

} // namespace

Incident small_host_of_2_6_27()
{
    Incident incident = report();
    incident.host.kernel = "2.6.27-gentoo-r8cluster-e1000";
    incident.trigger.process.pid = 13996;
    incident.trigger.process.comm = "python";
    incident.allocation.gfp_mask = 0x1200d2;
    incident.allocation.gfp_flags = {"GFP_HIGHUSER_MOVABLE"};
    incident.allocation.order = 0;
    incident.allocation.highest_zone = "Movable";
    incident.swap = {156'290'896 * kib, 151'691'424 * kib};
    Node node;
    node.zones = {zone(0, "DMA", 8'364, 8'024, 20, {0, 2003, 2003, 2003}, {8, 3, 4, 3, 4, 3, 2, 3, 3, 1, 0}),
                  zone(1, "DMA32", 2'051'308, 5'608, 5'716, {0, 0, 0, 0}, {42, 6, 1, 0, 2, 1, 0, 0, 1, 0, 1})};
    node.stat_bytes = {{"active", 480'346 * page}, {"inactive", 483 * page}, {"page_tables", 2'687 * page}};
    incident.nodes = {std::move(node)};
    incident.victim.emplace();
    incident.victim->process.pid = 13996;
    incident.victim->process.comm = "python";
    return incident;
}

Incident highmem_host_of_2_6_16()
{
    Incident incident = report();
    Node node;
    node.zones = {
        zone(0, "DMA", 16'384, 3'548, 68, {0, 0, 880, 4080}, {1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0}),
        zone(1, "DMA32", 0, 0, 0, {0, 0, 880, 4080}, {}),
        zone(2, "Normal", 901'120, 1'340, 3'756, {0, 0, 25'600}, {1, 1, 1, 1, 0, 0, 1, 0, 1, 0, 0}),
        zone(3, "HighMem", 3'276'800, 1'615'600, 512, {0, 0, 0, 0}, {8192, 7506, 5166, 2932, 1528, 688, 253, 86, 67, 12, 234})};
    incident.nodes = {std::move(node)};
    return incident;
}

} // namespace oomtrace::sample
