// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/compare_incidents.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel_log/compare_text.h"

namespace oomtrace::kernel_log
{

namespace
{

std::string shown(const std::string &value)
{
    return value;
}

std::string shown(Constraint value)
{
    return std::string(name_of(value));
}

std::string shown(Scope value)
{
    return std::string(name_of(value));
}

template <typename Number>
requires std::is_arithmetic_v<Number> std::string shown(Number value)
{
    return fmt::format("{}", value);
}

template <typename Value>
std::string shown(const std::vector<Value> &values)
{
    return values.empty() ? "none" : fmt::format("{}", fmt::join(values, ","));
}

template <typename Value>
std::optional<Value> nonzero(Value value)
{
    return value != 0 ? std::optional(value) : std::nullopt;
}

std::optional<std::string> nonempty(const std::string &value)
{
    return value.empty() ? std::nullopt : std::optional(value);
}

std::optional<std::int32_t> adj_of(const Process &process)
{
    return process.oom_score_adj_known ? std::optional(process.oom_score_adj) : std::nullopt;
}

class Comparison
{
  public:
    Comparison(const Incident &ours, const Incident &kernel) : ours_(ours), kernel_(kernel) {}

    KernelLogCheck run()
    {
        compare_trigger();
        compare_allocation();
        compare_choice();
        compare_victim();
        compare_kills();
        compare_memcg();
        compare_zones();
        compare_candidates();
        if (beyond_ != 0)
            check_.note = fmt::format("{} more mismatches", beyond_);
        return std::move(check_);
    }

  private:
    void mismatch(std::string field, std::string ours, std::string kernel)
    {
        if (check_.mismatches.size() < most_mismatches)
            check_.mismatches.push_back({std::move(field), std::move(ours), std::move(kernel)});
        else
            ++beyond_;
    }

    template <typename Value>
    void exact(const std::string &field, const std::optional<Value> &ours, const std::optional<Value> &kernel)
    {
        if (!ours || !kernel)
            return;
        ++check_.compared;
        if (*ours != *kernel)
            mismatch(field, shown(*ours), shown(*kernel));
    }

    void moving(std::string field, std::optional<std::uint64_t> ours, std::optional<std::uint64_t> kernel)
    {
        if (!ours || !kernel)
            return;
        ++check_.compared;
        const std::uint64_t apart = *ours > *kernel ? *ours - *kernel : *kernel - *ours;
        if (apart > may_move_bytes(*ours, *kernel))
            mismatch(std::move(field), shown(*ours), shown(*kernel));
        else
            check_.moved += apart != 0 ? 1 : 0;
    }

    void comm(std::string field, const std::string &ours, const std::string &kernel)
    {
        if (kernel.empty() || ours.empty())
            return;
        ++check_.compared;
        if (!same_comm(ours, kernel))
            mismatch(std::move(field), ours, kernel);
    }

    void path(std::string field, const std::optional<std::string> &ours, const std::optional<std::string> &kernel)
    {
        if (!ours || !kernel)
            return;
        ++check_.compared;
        if (!same_path(*ours, *kernel))
            mismatch(std::move(field), *ours, *kernel);
    }

    void compare_trigger()
    {
        if (ours_.provenance.trigger.source == Source::absent)
            return;
        const Process &ours = ours_.trigger.process, &kernel = kernel_.trigger.process;
        exact("trigger.pid", nonzero(ours.pid), nonzero(kernel.pid));
        comm("trigger.comm", ours.comm, kernel.comm);
        exact("trigger.uid", ours.uid, kernel.uid);
        exact("trigger.oom_score_adj", adj_of(ours), adj_of(kernel));
        path("trigger.cpuset", ours_.trigger.cpuset, kernel_.trigger.cpuset);
    }

    void compare_allocation()
    {
        const Allocation &ours = ours_.allocation, &kernel = kernel_.allocation;
        exact("allocation.gfp_mask", ours.gfp_mask, kernel.gfp_mask);
        if (ours.gfp_mask && !kernel.gfp_flags.empty()) {
            std::vector<std::string> own = ours.gfp_flags, printed = kernel.gfp_flags;
            std::sort(own.begin(), own.end());
            std::sort(printed.begin(), printed.end()); // the kernel has changed the order in which it names them
            exact("allocation.gfp_flags", std::optional(own), std::optional(printed));
        }
        exact("allocation.order", ours.order, kernel.order);
        if (ours.nodemask_known && kernel.nodemask_known) {
            const std::vector<std::uint32_t> no_mask;
            exact("allocation.nodemask", std::optional(ours.nodemask.value_or(no_mask)),
                  std::optional(kernel.nodemask.value_or(no_mask)));
        }
        exact("allocation.mems_allowed", ours.mems_allowed, kernel.mems_allowed);
    }

    void compare_choice()
    {
        const auto known = [](Scope scope) { return scope == Scope::unknown ? std::nullopt : std::optional(scope); };
        exact("scope", known(ours_.scope), known(kernel_.scope));
        exact("constraint", ours_.constraint, kernel_.constraint);
        exact("kernel_message", nonempty(ours_.kernel_message), nonempty(kernel_.kernel_message));
        exact("swap.total_bytes", ours_.swap.total_bytes, kernel_.swap.total_bytes);
    }

    void compare_process(const std::string &field, const Process &ours, const Process &kernel)
    {
        comm(field + ".comm", ours.comm, kernel.comm);
        exact(field + ".uid", ours.uid, kernel.uid);
        exact(field + ".oom_score_adj", adj_of(ours), adj_of(kernel));
    }

    void compare_memory(const std::string &field, const ProcessMemory &ours, const ProcessMemory &kernel, bool total_vm_moves)
    {
        const auto known = [](bool unknown, std::uint64_t value) { return unknown ? std::nullopt : std::optional(value); };
        const auto total_vm = known(kernel.unknown.total_vm, kernel.total_vm_bytes);
        if (total_vm_moves)
            moving(field + ".total_vm_bytes", ours.total_vm_bytes, total_vm);
        else
            exact(field + ".total_vm_bytes", std::optional(ours.total_vm_bytes), total_vm);
        if (kernel.unknown.rss_parts) {
            moving(field + ".rss_bytes", ours.rss_bytes(), kernel.rss_sum_bytes);
        } else {
            moving(field + ".rss_anon_bytes", ours.rss_anon_bytes, kernel.rss_anon_bytes);
            moving(field + ".rss_file_bytes", ours.rss_file_bytes, kernel.rss_file_bytes);
            moving(field + ".rss_shmem_bytes", ours.rss_shmem_bytes, known(kernel.unknown.rss_shmem, kernel.rss_shmem_bytes));
        }
        moving(field + ".swap_bytes", ours.swap_bytes, known(kernel.unknown.swap, kernel.swap_bytes));
        moving(field + ".pgtables_bytes", ours.pgtables_bytes, known(kernel.unknown.pgtables, kernel.pgtables_bytes));
    }

    void compare_victim()
    {
        if (!ours_.victim || !kernel_.victim)
            return;
        const Process &ours = ours_.victim->process, &kernel = kernel_.victim->process;
        if (kernel_.kills.empty()) { // the line before the kill names the leader, the one of the kill a thread with memory
            const bool leader = kernel.pid == ours.tgid || kernel.pid == ours.pid;
            exact("victim.tgid", std::optional(leader ? kernel.pid : ours.tgid), nonzero(kernel.pid));
        } else {
            exact("victim.pid", nonzero(ours.pid), nonzero(kernel.pid));
        }
        compare_process("victim", ours, kernel);
        path("victim.cgroup", ours.cgroup, kernel.cgroup);
        if (!kernel_.kills.empty() && kernel_.kills.front().memory) {
            ProcessMemory printed = kernel_.victim->memory;
            printed.unknown.swap = true; // of the table, as the candidates' is
            compare_memory("victim", ours_.victim->memory, printed, false);
        }
        const auto total = ours_.total_pages.value_or(0);
        const auto points = ours_.victim->points;
        std::int64_t per_mille = 0;
        if (kernel_.log_facts && points && total != 0 && !__builtin_mul_overflow(*points, std::int64_t{1000}, &per_mille))
            exact("victim.points", std::optional(per_mille / static_cast<std::int64_t>(total)),
                  kernel_.log_facts->kernel_score);
    }

    // The others of a group, and those that shared the victim's memory.
    void compare_kills()
    {
        for (const KilledProcess &kernel : kernel_.kills) {
            if (&kernel == &kernel_.kills.front())
                continue;
            const auto ours = std::find_if(ours_.kills.begin(), ours_.kills.end(), [&](const KilledProcess &kill) {
                return kill.process.pid == kernel.process.pid || kill.process.tgid == kernel.process.pid;
            });
            const std::string field = fmt::format("kills[{}]", kernel.process.pid);
            ++check_.compared;
            if (ours == ours_.kills.end()) {
                mismatch(field + ".pid", "no such kill", shown(kernel.process.pid));
                continue;
            }
            compare_process(field, ours->process, kernel.process);
            if (ours->memory && kernel.memory) {
                ProcessMemory printed = *kernel.memory;
                printed.unknown.swap = true;
                compare_memory(field, *ours->memory, printed, true);
            }
        }
    }

    void compare_memcg()
    {
        if (kernel_.scope != Scope::memcg)
            return;
        path("memcg.path", ours_.memcg.path, kernel_.memcg.path);
        const auto fired = [](const MemcgLimit &memcg) -> const MemcgLevel * {
            const MemcgLevel *const level = memcg.fired_level();
            return level == nullptr || !level->counters_known ? nullptr : level;
        };
        const MemcgLevel *const ours = fired(ours_.memcg), *const kernel = fired(kernel_.memcg);
        if (ours == nullptr || kernel == nullptr)
            return;
        limit("memcg.memory.max_bytes", ours->memory, kernel->memory);
        if (ours->swap && kernel->swap)
            limit("memcg.swap.max_bytes", *ours->swap, *kernel->swap);
        if (ours->memory_and_swap && kernel->memory_and_swap)
            limit("memcg.memory_and_swap.max_bytes", *ours->memory_and_swap, *kernel->memory_and_swap);
        if (ours->kmem && kernel->kmem)
            limit("memcg.kmem.max_bytes", *ours->kmem, *kernel->kmem);
    }

    void limit(std::string field, const LimitCounter &ours, const LimitCounter &kernel)
    {
        ++check_.compared;
        if (ours.max_bytes != kernel.max_bytes)
            mismatch(std::move(field), ours.max_bytes ? shown(*ours.max_bytes) : "no limit",
                     kernel.max_bytes ? shown(*kernel.max_bytes) : "no limit");
    }

    void compare_zones()
    {
        if (ours_.nodes.empty())
            return;
        for (const Node &kernel_node : kernel_.nodes) {
            const auto node = std::find_if(ours_.nodes.begin(), ours_.nodes.end(),
                                           [&](const Node &each) { return each.node == kernel_node.node; });
            for (const Zone &kernel : kernel_node.zones) {
                const std::string field = fmt::format("nodes[{}].zones[{}]", kernel_node.node, kernel.name);
                const Zone *ours = nullptr;
                if (node != ours_.nodes.end()) {
                    const auto zone = std::find_if(node->zones.begin(), node->zones.end(),
                                                   [&](const Zone &each) { return each.name == kernel.name; });
                    ours = zone == node->zones.end() ? nullptr : &*zone;
                }
                if (ours != nullptr) {
                    compare_zone(field, *ours, kernel);
                } else {
                    ++check_.compared;
                    mismatch(field, "no such zone", "printed");
                }
            }
        }
    }

    void compare_zone(const std::string &field, const Zone &ours, const Zone &kernel)
    {
        // The boost comes with fragmentation and goes with kswapd: in the watermarks it is left out where both have it.
        const bool both = ours.boost_bytes && kernel.boost_bytes;
        const auto without_boost = [&](const Zone &zone, std::uint64_t watermark) {
            return std::optional(watermark - (both ? std::min(watermark, *zone.boost_bytes) : 0));
        };
        exact(field + ".min_bytes", without_boost(ours, ours.min_bytes), without_boost(kernel, kernel.min_bytes));
        exact(field + ".low_bytes", without_boost(ours, ours.low_bytes), without_boost(kernel, kernel.low_bytes));
        exact(field + ".high_bytes", without_boost(ours, ours.high_bytes), without_boost(kernel, kernel.high_bytes));
        if (both) {
            ++check_.compared;
            check_.moved += *ours.boost_bytes != *kernel.boost_bytes ? 1 : 0;
        }
        exact(field + ".managed_bytes", ours.managed_bytes, kernel.managed_bytes);
        exact(field + ".present_bytes", ours.present_bytes, kernel.present_bytes);
        if (!kernel.lowmem_reserve_bytes.empty())
            exact(field + ".lowmem_reserve_bytes", std::optional(ours.lowmem_reserve_bytes),
                  std::optional(kernel.lowmem_reserve_bytes));
    }

    // What the kernel lists whatever happens: no kernel thread, not init, no task of other nodes.
    static bool is_listed(const CandidateTask &task)
    {
        return task.skip_reason == SkipReason::none || task.skip_reason == SkipReason::oom_score_adj_min ||
               task.skip_reason == SkipReason::in_vfork;
    }

    void compare_candidates()
    {
        if (kernel_.candidates.empty() || ours_.candidates.empty())
            return;
        std::unordered_map<std::uint32_t, const CandidateTask *> own;
        for (const CandidateTask &task : ours_.candidates)
            own.try_emplace(task.process.pid, &task);
        std::unordered_set<std::uint32_t> printed;
        std::vector<const CandidateTask *> only_kernel, only_ours;
        for (const CandidateTask &kernel : kernel_.candidates) {
            printed.insert(kernel.process.pid);
            const auto ours = own.find(kernel.process.pid);
            if (ours != own.end())
                compare_candidate(*ours->second, kernel);
            else if (ours_.completeness.every_candidate)
                only_kernel.push_back(&kernel);
        }
        for (const CandidateTask &ours : ours_.candidates) {
            if (kernel_.completeness.complete && is_listed(ours) && !printed.contains(ours.process.pid) && !ours.chosen)
                only_ours.push_back(&ours);
        }
        const std::size_t one_sided = only_kernel.size() + only_ours.size();
        check_.compared += one_sided;
        if (one_sided <= may_come_and_go(kernel_.candidates.size())) {
            check_.moved += one_sided;
            return;
        }
        for (const CandidateTask *task : only_kernel)
            mismatch(fmt::format("candidates[{}].pid", task->process.pid), "no such candidate",
                     fmt::format("{} in the table", task->process.comm));
        for (const CandidateTask *task : only_ours)
            mismatch(fmt::format("candidates[{}].pid", task->process.pid), fmt::format("{} was weighed", task->process.comm),
                     "not in the table");
    }

    void compare_candidate(const CandidateTask &ours, const CandidateTask &kernel)
    {
        const std::string field = fmt::format("candidates[{}]", kernel.process.pid);
        ++check_.compared; // its pid
        exact(field + ".tgid", nonzero(ours.process.tgid), nonzero(kernel.process.tgid));
        compare_process(field, ours.process, kernel.process);
        if (ours.memory && kernel.memory)
            compare_memory(field, *ours.memory, *kernel.memory, true);
    }

    const Incident &ours_;
    const Incident &kernel_;
    KernelLogCheck check_;
    std::uint64_t beyond_ = 0;
};

} // namespace

std::uint64_t may_move_bytes(std::uint64_t ours, std::uint64_t kernel)
{
    return std::max(always_may_move_bytes, std::max(ours, kernel) / 100 * may_move_percent);
}

std::size_t may_come_and_go(std::size_t rows)
{
    return rows * may_move_percent / 100;
}

KernelLogCheck compare(const Incident &ours, const Incident &kernel)
{
    return Comparison(ours, kernel).run();
}

} // namespace oomtrace::kernel_log
