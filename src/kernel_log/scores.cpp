// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/scores.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "badness/badness.h"
#include "badness/badness_history.h"
#include "badness/kernel_release.h"

namespace oomtrace::kernel_log
{

namespace
{

bool has_components(const ParsedReport &report)
{
    return report.table && report.table->has(Column::rss) && report.table->has(Column::swapents) &&
           (report.table->has(Column::nr_ptes) || report.table->has(Column::pgtables_bytes)) &&
           report.table->has(Column::oom_score_adj);
}

PagesTask components_of(const TaskRow &row, bool tables_in_bytes, std::uint64_t page_size)
{
    PagesTask task;
    task.rss_pages = row.rss_pages;
    task.swap_pages = row.swap_entries;
    task.page_table_pages = tables_in_bytes ? row.page_tables / page_size : row.page_tables;
    task.oom_score_adj = row.oom_score_adj;
    return task;
}

// Nothing: oom_score_adj is not 0, and what it is relative to is not known.
std::optional<std::int64_t> points_of(const PagesTask &task, std::optional<std::uint64_t> total, Generation generation)
{
    if (!total && (task.oom_score_adj != 0 || (task.sys_admin && generation == Generation::bonus_of_total)))
        return std::nullopt;
    const std::uint64_t pages = total.value_or(0);
    switch (generation) {
    case Generation::bonus_of_total:
        return static_cast<std::int64_t>(badness_root_bonus(task, pages, RootBonus::of_the_domain));
    case Generation::bonus_of_task:
        return static_cast<std::int64_t>(badness_root_bonus(task, pages, RootBonus::of_the_task));
    case Generation::never_below_one:
    case Generation::signed_points: {
        MmSnapshot mm;
        mm.approximate.anon = static_cast<std::int64_t>(task.rss_pages);
        mm.approximate.swap = static_cast<std::int64_t>(task.swap_pages);
        mm.pgtables_bytes = task.page_table_pages;
        return badness(mm, RssReading::approximate, task.oom_score_adj, total, 1,
                       generation == Generation::signed_points ? BadnessFormula::signed_since_5_9
                                                               : BadnessFormula::unsigned_until_5_8);
    }
    case Generation::unknown:
    case Generation::classic:
    case Generation::per_mille:
        break;
    }
    return std::nullopt;
}

bool has_root_bonus(Generation generation)
{
    return generation == Generation::bonus_of_total || generation == Generation::bonus_of_task;
}

const TaskRow *chosen_row(const ParsedReport &report, const Incident &incident)
{
    for (std::size_t i = 0; i < incident.candidates.size() && i < report.rows.size(); ++i) {
        if (incident.candidates[i].chosen)
            return &report.rows[i];
    }
    return nullptr;
}

std::int64_t per_mille(std::int64_t points, std::uint64_t total)
{
    return points <= 0 ? 0 : static_cast<std::int64_t>(static_cast<std::uint64_t>(points) * 1000 / total);
}

// Why the table can not decide; empty: it can.
std::string why_undecided(const ParsedReport &report, Generation generation, const Incident &incident)
{
    const bool allocating_task = std::any_of(report.kills.begin(), report.kills.end(), [](const KillLine &kill) {
        return kill.message.find("oom_kill_allocating_task") != std::string::npos;
    });
    if (allocating_task)
        return "nothing was weighed: vm.oom_kill_allocating_task has the kernel kill whoever asks";
    if (!report.table && !report.has_invocation && !report.summary)
        return "the log has the kill alone: the kernel prints ten reports in five seconds, or the rest was cut";
    if (!report.table)
        return "the log has no task table: vm.oom_dump_tasks is 0, or it was cut";
    switch (generation) {
    case Generation::unknown:
        return "which kernel wrote the table is not known";
    case Generation::classic:
        return "kernels until 2.6.35 score virtual size by age and privileges, which the log does not have";
    case Generation::per_mille:
        return "the table lacks swap and page tables, which kernels from 2.6.36 to 3.4 score";
    default:
        break;
    }
    if (!has_components(report))
        return "the table lacks a column that the score needs";
    if (report.rows_damaged + report.rows_unplaced + report.rows_dropped != 0)
        return fmt::format("{} of the table could not be read",
                           report.rows_damaged + report.rows_unplaced + report.rows_dropped);
    if (report.is_before_choice() && !report.score)
        return "the log does not say whom the kernel chose";
    if (chosen_row(report, incident) == nullptr)
        return "the chosen task has no row in the table";
    return {};
}

void judge_choice(const ParsedReport &report, Generation generation, Incident &incident)
{
    ScoreCheck &check = incident.scores;
    check.choice_note = why_undecided(report, generation, incident);
    if (!check.choice_note.empty())
        return;
    const CandidateTask *chosen = nullptr;
    const CandidateTask *best = nullptr;
    std::uint64_t unknown = 0;
    for (const CandidateTask &candidate : incident.candidates) {
        if (candidate.chosen)
            chosen = &candidate;
        if (!candidate.eligible)
            continue;
        if (!candidate.points)
            ++unknown;
        else if (best == nullptr || *candidate.points >= *best->points)
            best = &candidate;
    }
    if (chosen == nullptr || best == nullptr || !chosen->points) {
        check.choice_note = chosen != nullptr && !chosen->eligible
                                ? "the chosen task could not be chosen by its row"
                                : "total_pages, which oom_score_adj is relative to, is not known";
        return;
    }
    if (*best->points > *chosen->points) {
        check.choice_follows = false;
        check.choice_note = fmt::format("{}[{}] has {} points more in the table, which is printed after the choice",
                                        best->process.comm, best->process.pid, *best->points - *chosen->points);
    } else if (unknown != 0) {
        check.choice_note = fmt::format("the scores of {} tasks are not known", unknown);
    } else {
        check.choice_follows = true;
    }
}

// The kernel's own score of the chosen task, printed until 5.0, against ours.
void check_printed_score(const ParsedReport &report, Generation generation, Incident &incident)
{
    if (!report.score || !incident.total_pages || *incident.total_pages == 0)
        return;
    const auto found = std::find_if(incident.candidates.begin(), incident.candidates.end(),
                                    [](const CandidateTask &candidate) { return candidate.chosen; });
    if (found == incident.candidates.end() || !found->points || generation == Generation::classic)
        return;
    const std::int64_t ours = per_mille(*found->points, *incident.total_pages);
    ScoreCheck &check = incident.scores;
    if (ours == report.score->score) {
        ++check.matched;
    } else {
        ++check.mismatched;
        check.mismatches.push_back({found->process.pid, report.score->score, ours});
    }
}

struct HostSwap {
    bool known = false;
    std::uint64_t pages = 0;
    std::string note;
};

const MemcgCounterLine *counter_of(const ParsedReport &report, const char *name)
{
    const auto found = report.memcg.find(name);
    return found == report.memcg.end() ? nullptr : &found->second;
}

TotalPages pages_of_memcg(const ParsedReport &report, const HostSwap &swap, std::uint64_t page_size)
{
    const MemcgCounterLine *const memory = counter_of(report, "memory");
    if (memory == nullptr)
        return {std::nullopt, "the log does not have the cgroup's limit"};
    const std::uint64_t limit = memory->limit_bytes / page_size;
    const MemcgCounterLine *const v2 = counter_of(report, "swap");
    const MemcgCounterLine *const v1 = counter_of(report, "memory+swap");
    std::uint64_t own_swap = 0;
    if (v2 != nullptr)
        own_swap = v2->limit_bytes / page_size;
    else if (v1 != nullptr)
        own_swap = v1->limit_bytes / page_size - std::min(v1->limit_bytes / page_size, limit);
    if ((v1 != nullptr || v2 != nullptr) && own_swap == 0)
        return {limit, "the cgroup's limit; it may use no swap"};
    if (!swap.known)
        return {std::nullopt, "the cgroup may use the host's swap, and the report of a cgroup does not say how much there is"};
    if (v1 == nullptr && v2 == nullptr && swap.pages != 0)
        return {std::nullopt, "the log does not say how much swap the cgroup may use"};
    return {limit + std::min(own_swap, swap.pages), "the cgroup's limit and the swap that it may use" + swap.note};
}

TotalPages pages_of_host(const ParsedReport &report, const HostSwap &swap)
{
    const auto ram = report.page_counts.find("RAM");
    const auto reserved = report.page_counts.find("reserved");
    if (!ram || !reserved || *reserved > *ram)
        return {std::nullopt, "the log does not have the host's pages"};
    return {*ram - *reserved + swap.pages, "pages RAM less reserved, and swap" + swap.note};
}

// What is present on the nodes. One whose zones are not printed would be missing.
TotalPages pages_of_nodes(const ParsedReport &report, Constraint constraint, const HostSwap &swap, std::uint64_t page_size)
{
    std::vector<std::uint32_t> nodes;
    if (constraint == Constraint::memory_policy)
        nodes = (report.summary ? report.summary->nodemask : report.nodemask).value_or(nodes);
    else
        nodes = report.summary ? report.summary->mems_allowed : report.mems_allowed.value_or(nodes);
    if (nodes.empty())
        return {std::nullopt, "the log does not have the nodes that were allowed"};
    std::uint64_t present = 0;
    std::set<std::uint32_t> seen;
    for (const ZoneLines &zone : report.zones) {
        const auto bytes = zone.bytes.find("present");
        if (std::find(nodes.begin(), nodes.end(), zone.node) == nodes.end() || !bytes)
            continue;
        present += *bytes / page_size;
        seen.insert(zone.node);
    }
    if (seen.size() != nodes.size())
        return {std::nullopt, "the log does not have all nodes that were allowed"};
    return {present + swap.pages, "what is present on the nodes that were allowed, and swap" + swap.note};
}

} // namespace

Generation generation_of(const ParsedReport &report)
{
    const bool old_adj = (report.trigger_oom_adj && !report.trigger_oom_score_adj) ||
                         (report.table && report.table->has(Column::oom_adj) && !report.table->has(Column::oom_score_adj));
    if ((report.score && report.score->classic) || old_adj)
        return Generation::classic;
    const auto release = parse_kernel_release(report.kernel);
    if (release) {
        if (*release < KernelRelease{2, 6, 36})
            return Generation::classic;
        if (*release < KernelRelease{3, 5, 0})
            return Generation::per_mille;
        if (*release < KernelRelease{3, 14, 0})
            return Generation::bonus_of_total;
        if (*release < KernelRelease{4, 17, 0})
            return Generation::bonus_of_task;
        return *release < KernelRelease{5, 9, 0} ? Generation::never_below_one : Generation::signed_points;
    }
    if (report.table && report.table->has(Column::nr_ptes))
        return Generation::bonus_of_task;
    if (report.table && report.table->has(Column::oom_adj))
        return Generation::per_mille;
    if (report.table && report.table->has(Column::pgtables_bytes))
        return report.score ? Generation::never_below_one : Generation::signed_points;
    return Generation::unknown;
}

TotalPages total_pages_of(const ParsedReport &report, std::optional<Constraint> constraint, std::uint64_t page_size)
{
    if (!constraint)
        return {std::nullopt, "what limited the allocation is not known"};
    HostSwap swap;
    // Logs of several hosts may stand one after the other, without their names.
    const bool same_boot = !report.kernel.empty() && report.kernel == report.boot_kernel;
    const auto bytes = report.swap_total_bytes || !same_boot ? report.swap_total_bytes : report.boot_swap_total_bytes;
    swap.known = bytes.has_value();
    swap.pages = bytes.value_or(0) / page_size;
    if (!report.swap_total_bytes)
        swap.note = "; the host's swap is taken from lines of this boot before it";
    if (*constraint == Constraint::memcg)
        return pages_of_memcg(report, swap, page_size);
    if (!swap.known)
        return {std::nullopt, "the log does not have the host's swap"};
    return *constraint == Constraint::none ? pages_of_host(report, swap) : pages_of_nodes(report, *constraint, swap, page_size);
}

void score_candidates(const ParsedReport &report, Generation generation, Incident &incident)
{
    const bool scorable = has_components(report);
    const bool in_bytes = report.table && report.table->has(Column::pgtables_bytes);
    const std::uint64_t page_size = std::max<std::uint64_t>(incident.host.page_size, 1);
    // Root's bonus goes by a capability, which the table does not have: uid 0 has it as a rule, and the printed score can show
    // that it did not.
    bool root_has_bonus = has_root_bonus(generation);
    if (const TaskRow *const row = chosen_row(report, incident); root_has_bonus && row != nullptr && row->uid == 0 &&
                                                                 report.score && incident.total_pages.value_or(0) != 0 &&
                                                                 scorable) {
        PagesTask task = components_of(*row, in_bytes, page_size);
        const auto without = points_of(task, incident.total_pages, generation);
        task.sys_admin = true;
        const auto with = points_of(task, incident.total_pages, generation);
        root_has_bonus = !with || per_mille(*with, *incident.total_pages) == report.score->score || !without ||
                         per_mille(*without, *incident.total_pages) != report.score->score;
    }
    for (std::size_t i = 0; i < incident.candidates.size() && i < report.rows.size(); ++i) {
        CandidateTask &candidate = incident.candidates[i];
        if (!scorable || !candidate.eligible)
            continue;
        PagesTask task = components_of(report.rows[i], in_bytes, page_size);
        task.sys_admin = root_has_bonus && report.rows[i].uid == 0;
        candidate.points = points_of(task, incident.total_pages, generation);
        candidate.recomputed_points = candidate.points;
        candidate.points_source = candidate.points ? PointsSource::recomputed : PointsSource::absent;
        incident.scores.not_comparable += candidate.points ? 1 : 0;
    }
    check_printed_score(report, generation, incident);
    incident.scores.not_comparable -=
        std::min(incident.scores.not_comparable, incident.scores.matched + incident.scores.mismatched);
    judge_choice(report, generation, incident);
}

} // namespace oomtrace::kernel_log
