// SPDX-License-Identifier: Apache-2.0
#include "explain/memory_holders.h"

#include <algorithm>
#include <set>
#include <utility>

#include "explain/ranking.h"
#include "explain/zone_shortage.h"
#include "explain/zone_watermark.h"
#include "reconstruct/saturating.h"

namespace oomtrace
{
namespace
{

using Bytes = std::optional<std::uint64_t>;

constexpr std::uint64_t worth_speaking_of = 20; // a twentieth

FreedByKill freed_by_kill(Holder holder)
{
    switch (holder) {
    case Holder::anon:
    case Holder::page_tables:
    case Holder::kernel_stacks:
        return FreedByKill::yes;
    case Holder::shared_memory:
    case Holder::sockets:
        return FreedByKill::with_last_user;
    case Holder::file_cache:
    case Holder::slab_reclaimable:
        return FreedByKill::reclaimable;
    case Holder::slab_unreclaimable:
    case Holder::hugetlb:
    case Holder::kernel:
    case Holder::other_kernel:
    case Holder::not_accounted:
        return FreedByKill::no;
    }
    return FreedByKill::no;
}

class HolderList
{
  public:
    void add(Holder holder, Bytes bytes)
    {
        all_known_ &= bytes.has_value();
        if (bytes.value_or(0) == 0)
            return;
        list_.push_back({holder, *bytes, freed_by_kill(holder)});
        sum_ = saturating_add(sum_, *bytes);
    }

    [[nodiscard]] bool all_known() const { return all_known_; }
    [[nodiscard]] std::uint64_t sum() const { return sum_; }

    std::vector<Held> biggest_first() &&
    {
        std::stable_sort(list_.begin(), list_.end(), [](const Held &a, const Held &b) { return a.bytes > b.bytes; });
        return std::move(list_);
    }

  private:
    std::vector<Held> list_;
    std::uint64_t sum_ = 0;
    bool all_known_ = true;
};

// 0 where more is taken away than there is: counters are not read at one moment.
Bytes without(Bytes whole, Bytes part)
{
    return whole ? Bytes(*whole - std::min(*whole, part.value_or(0))) : std::nullopt;
}

Bytes sum_of(std::initializer_list<Bytes> parts)
{
    std::uint64_t sum = 0;
    for (const Bytes &part : parts) {
        if (!part)
            return std::nullopt;
        sum = saturating_add(sum, *part);
    }
    return sum;
}

// Huge pages of the default size lie on nodes that are not told apart; the other sizes are not known.
Bytes hugetlb_bytes(const Hugetlb &hugetlb)
{
    if (!hugetlb.total || !hugetlb.page_size_bytes)
        return std::nullopt;
    return saturating_multiply(*hugetlb.total, *hugetlb.page_size_bytes);
}

} // namespace

std::optional<std::uint64_t> node_total(const Incident &incident, const char *name)
{
    std::uint64_t total = 0;
    bool any = false;
    for (const Node &node : incident.nodes) {
        if (!node_allowed(incident, node.node).value_or(true))
            continue;
        const auto bytes = node.stat_bytes.find(name);
        if (!bytes)
            return std::nullopt;
        total = saturating_add(total, *bytes);
        any = true;
    }
    return any ? Bytes(total) : std::nullopt;
}

Holders holders_of_nodes(const Incident &incident)
{
    const auto total = [&](const char *name) { return node_total(incident, name); };
    const Bytes shmem = total("shmem");
    // The kernel keeps shared memory on the lists of anonymous pages, and counts it and the swap cache among the file pages.
    const Bytes anon =
        total("anon_mapped") ? total("anon_mapped") : without(sum_of({total("active_anon"), total("inactive_anon")}), shmem);
    const Bytes cache = total("file_pages") ? without(without(total("file_pages"), shmem), total("swap_cached"))
                                            : sum_of({total("active_file"), total("inactive_file")});
    HolderList list;
    list.add(Holder::anon, anon);
    list.add(Holder::shared_memory, shmem);
    list.add(Holder::file_cache, cache);
    list.add(Holder::slab_unreclaimable, total("slab_unreclaimable"));
    list.add(Holder::slab_reclaimable, total("slab_reclaimable"));
    list.add(Holder::page_tables, total("page_tables"));
    list.add(Holder::kernel_stacks, total("kernel_stack"));

    std::uint64_t managed = 0, free = 0;
    bool all_nodes = true;
    for (const Node &node : incident.nodes) {
        if (!node_allowed(incident, node.node).value_or(true)) {
            all_nodes = false;
            continue;
        }
        for (const Zone &zone : node.zones) {
            managed = saturating_add(managed, zone_size(zone));
            free = saturating_add(free, saturating_add(zone.free_bytes, zone.free_pcp_bytes.value_or(0)));
        }
    }
    const Bytes hugetlb = hugetlb_bytes(incident.hugetlb);
    if (all_nodes && hugetlb)
        list.add(Holder::hugetlb, hugetlb);
    // A report leaves out zones, a live record does not: only there can what is left be told.
    const bool whole = all_nodes && hugetlb && list.all_known() && incident.provenance.nodes.source == Source::observed;
    if (whole)
        list.add(Holder::not_accounted, without(managed, saturating_add(list.sum(), free)));
    Holders holders;
    holders.held = std::move(list).biggest_first();
    if (managed != 0)
        holders.of_bytes = managed;
    return holders;
}

Holders holders_of_memcg(const MemcgLimit &memcg, const StatBytes &stat_bytes)
{
    const auto stat = [&](std::initializer_list<const char *> names) -> Bytes {
        for (const char *name : names) {
            if (const auto bytes = stat_bytes.find(name))
                return bytes;
        }
        return std::nullopt;
    };
    Holders holders;
    holders.of_bytes = memcg.usage_bytes;
    HolderList list;
    if (!stat_bytes.empty()) {
        const Bytes shmem = stat({"total_shmem", "shmem"});
        list.add(Holder::anon, stat({"anon", "total_rss", "rss"}));
        list.add(Holder::shared_memory, shmem);
        list.add(Holder::file_cache, without(without(stat({"file", "total_cache", "cache"}), shmem), stat({"swapcached"})));
        const Bytes slab_unreclaimable = stat({"slab_unreclaimable"}), slab_reclaimable = stat({"slab_reclaimable"}),
                    page_tables = stat({"pagetables"}), stacks = stat({"kernel_stack"});
        list.add(Holder::slab_unreclaimable, slab_unreclaimable);
        list.add(Holder::slab_reclaimable, slab_reclaimable);
        list.add(Holder::page_tables, page_tables);
        list.add(Holder::kernel_stacks, stacks);
        list.add(Holder::sockets, stat({"sock"}));
        list.add(Holder::hugetlb, stat({"hugetlb"}));
        const Bytes told_apart = sum_of({slab_unreclaimable, slab_reclaimable, page_tables, stacks});
        list.add(Holder::other_kernel, stat({"kernel"}) && told_apart ? without(stat({"kernel"}), told_apart)
                                                                      : sum_of({stat({"percpu"}), stat({"vmalloc"})}));
    } else {
        const MemcgLevel *const fired = memcg.fired_level();
        if (fired != nullptr && fired->kmem)
            list.add(Holder::kernel, fired->kmem->usage_bytes);
    }
    holders.held = std::move(list).biggest_first();
    return holders;
}

std::optional<std::uint64_t> not_in_processes(const Incident &incident, std::uint64_t usage_bytes)
{
    if (!knows_all_candidates(incident))
        return std::nullopt;
    std::set<std::uint64_t> seen;
    std::uint64_t mapped = 0;
    for (const CandidateTask &candidate : incident.candidates) {
        if (!candidate.memory) {
            if (candidate.skip_reason == SkipReason::kernel_thread || candidate.skip_reason == SkipReason::no_mm)
                continue;
            return std::nullopt;
        }
        if (candidate.memory->mm != 0 && !seen.insert(candidate.memory->mm).second)
            continue;
        mapped = saturating_add(mapped, saturating_add(candidate.memory->rss_bytes(), candidate.memory->pgtables_bytes));
    }
    const std::uint64_t rest = usage_bytes - std::min(usage_bytes, mapped);
    return rest != 0 && rest >= usage_bytes / worth_speaking_of ? Bytes(rest) : std::nullopt;
}

} // namespace oomtrace
