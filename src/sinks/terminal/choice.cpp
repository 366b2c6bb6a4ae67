// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/choice.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sinks/concat.h"
#include "sinks/known.h"
#include "sinks/terminal/names.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/table.h"
#include "sinks/terminal/units.h"

namespace oomtrace::terminal
{

namespace
{

constexpr std::size_t name_width = 24;
constexpr std::size_t most_columns = 10;
constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
constexpr std::string_view chosen_mark = "> ";
constexpr std::string_view no_mark = "  ";

using Ranked = std::vector<const CandidateTask *>;

// The highest score first; of equals the later, as the kernel has it. What has no score comes last, in the kernel's order.
Ranked ranked(const std::vector<CandidateTask> &candidates)
{
    Ranked result;
    result.reserve(candidates.size());
    for (const CandidateTask &candidate : candidates)
        result.push_back(&candidate);
    std::reverse(result.begin(), result.end());
    const auto scored = std::stable_partition(result.begin(), result.end(),
                                              [](const CandidateTask *candidate) { return candidate->points.has_value(); });
    std::stable_sort(result.begin(), scored,
                     [](const CandidateTask *a, const CandidateTask *b) { return *a->points > *b->points; });
    std::reverse(scored, result.end());
    return result;
}

std::string_view reason_text(SkipReason reason)
{
    switch (reason) {
    case SkipReason::none:
        return "";
    case SkipReason::kernel_thread:
        return "kernel thread";
    case SkipReason::init:
        return "init, never killed";
    case SkipReason::cpuset_or_mempolicy:
        return "on other memory nodes";
    case SkipReason::oom_score_adj_min:
        return "protected";
    case SkipReason::mmf_oom_skip:
        return "its memory is taken already";
    case SkipReason::in_vfork:
        return "between vfork and exec";
    case SkipReason::already_victim:
        return "killed earlier, still exiting";
    case SkipReason::no_mm:
        return "without memory of its own";
    case SkipReason::unknown:
        return "not eligible, reason not seen";
    }
    return "";
}

// "0", or the setting with what it adds to the score: "-998 (-2.00 GiB)".
std::string adjustment_text(const CandidateTask &candidate, const Incident &incident)
{
    const std::int32_t adj = candidate.process.oom_score_adj;
    if (!candidate.process.oom_score_adj_known)
        return candidate.process.oom_adj ? fmt::format("oom_adj {}", *candidate.process.oom_adj) : "?";
    if (adj == 0 || !incident.total_pages || incident.host.page_size == 0 || !candidate.points)
        return std::to_string(adj);
    const auto per_mille = static_cast<std::int64_t>(*incident.total_pages / 1000);
    return concat(
        {adj > 0 ? "+" : "", std::to_string(adj), " (", signed_bytes_text(adj * per_mille, incident.host.page_size), ")"});
}

// A log of a kernel before 6.8 has the sum of the three kinds of resident memory, and not the parts.
bool only_rss_sums(const Incident &incident)
{
    return std::any_of(incident.candidates.begin(), incident.candidates.end(),
                       [](const CandidateTask &candidate) { return candidate.memory && candidate.memory->unknown.rss_parts; });
}

// Which columns the table has.
struct Shape {
    bool rss_sums = false; // not its parts
    bool with_reason = false;
};

Row candidate_row(const CandidateTask &candidate, const Incident &incident, Shape shape)
{
    const bool recomputed = candidate.points_source == PointsSource::recomputed;
    std::string points = candidate.points ? (recomputed ? "~" : "") + count_text(*candidate.points) : "-";
    std::string share = "-";
    if (candidate.points && incident.total_pages && *incident.total_pages != 0)
        share = percent_text(static_cast<double>(*candidate.points) / static_cast<double>(*incident.total_pages));
    const std::string pid = concat({"[", std::to_string(candidate.process.pid), "]"});
    std::vector<Cell> cells;
    cells.reserve(most_columns);
    cells.push_back(
        {concat({candidate.chosen ? chosen_mark : no_mark, safe_text(candidate.process.comm, name_width - pid.size()), pid})});
    cells.push_back({std::move(points)});
    cells.push_back({std::move(share)});
    const auto &memory = candidate.memory;
    const ProcessMemory::Unknown unknown = memory ? memory->unknown : ProcessMemory::Unknown{};
    const auto add_size = [&](std::uint64_t ProcessMemory::*member, bool missing) {
        cells.push_back({!memory ? "-" : missing ? "?" : bytes_text((*memory).*member)});
    };
    if (shape.rss_sums) {
        cells.push_back({memory && rss_known(*memory) ? bytes_text(memory->rss_bytes()) : "?"});
    } else {
        add_size(&ProcessMemory::rss_anon_bytes, unknown.rss_parts);
        add_size(&ProcessMemory::rss_file_bytes, unknown.rss_parts);
        add_size(&ProcessMemory::rss_shmem_bytes, unknown.rss_parts || unknown.rss_shmem);
    }
    add_size(&ProcessMemory::swap_bytes, unknown.swap);
    add_size(&ProcessMemory::pgtables_bytes, unknown.pgtables);
    cells.push_back({adjustment_text(candidate, incident)});
    if (shape.with_reason) {
        const bool not_known = candidate.eligible && !candidate.points;
        cells.push_back({not_known ? "score not known" : std::string(reason_text(candidate.skip_reason))});
    }
    return {std::move(cells), candidate.chosen ? Style::alert : Style::plain};
}

std::vector<Column> columns_of(Shape shape)
{
    std::vector<Column> columns;
    columns.reserve(most_columns);
    columns.insert(columns.end(), {{"  process", Align::left}, {"points"}, {"share", Align::right, true}});
    if (shape.rss_sums)
        columns.push_back({"resident"});
    else
        columns.insert(columns.end(), {{"anon"}, {"file"}, {"shmem"}});
    columns.insert(columns.end(), {{"swap"}, {"pgtables"}, {"oom_score_adj"}});
    if (shape.with_reason)
        columns.push_back({"not killed because", Align::left});
    return columns;
}

std::string title_text(const Incident &incident)
{
    const auto eligible =
        static_cast<std::uint64_t>(std::count_if(incident.candidates.begin(), incident.candidates.end(),
                                                 [](const CandidateTask &candidate) { return candidate.eligible; }));
    std::string text = concat({incident.completeness.complete ? "" : "at least ",
                               counted(incident.candidates.size(), "task", "tasks"), " weighed, "});
    if (incident.outcome == Outcome::aborted)
        text += "then the kernel gave up";
    else
        text += (eligible == 0 ? "none" : count_text(eligible)) + " could be killed";
    if (incident.host.page_size == 0 || eligible == 0)
        return text;
    text += concat({"; a point is ", exact_bytes_text(incident.host.page_size)});
    const bool fits =
        incident.total_pages && *incident.total_pages <= std::numeric_limits<std::uint64_t>::max() / incident.host.page_size;
    if (fits)
        text += concat({", shares are of ", bytes_text(*incident.total_pages * incident.host.page_size)});
    return text;
}

std::string margin_text(const Incident &incident)
{
    const Victim &victim = *incident.victim;
    if (!victim.points)
        return incident.sysctls.oom_kill_allocating_task.value_or(0) != 0
                   ? "not weighed: vm.oom_kill_allocating_task has the kernel kill whoever asks"
                   : "";
    if (!victim.runner_up)
        return "no other task could have been killed";
    const Victim::RunnerUp &other = *victim.runner_up;
    const std::string label =
        process_label(other.comm, other.pid) + (incident.completeness.complete ? "" : ", of those that were seen");
    if (other.margin_points == 0)
        return fmt::format("none: {} has the same score, and of equals the kernel takes the later", label);
    const bool ahead = other.margin_points > 0;
    const std::int64_t points = ahead ? other.margin_points : -other.margin_points;
    std::string size;
    if (incident.host.page_size != 0)
        size = concat({" (", std::string_view(signed_bytes_text(points, incident.host.page_size)).substr(1), ")"});
    return concat(
        {counted(static_cast<std::uint64_t>(points), "point", "points"), size, ahead ? " ahead of " : " BEHIND ", label});
}

std::string spared_text(const Incident &incident, const Ranked &shown)
{
    const bool all_shown = shown.size() == incident.candidates.size();
    std::uint64_t lower = 0;
    std::array<std::uint64_t, 16> by_reason{};
    for (const CandidateTask &candidate : incident.candidates) {
        const auto is_it = [&](const KilledProcess &kill) { return kill.process.tgid == candidate.process.tgid; };
        if (!candidate.eligible)
            ++by_reason[static_cast<std::size_t>(candidate.skip_reason) % by_reason.size()];
        else if (!candidate.chosen && !all_shown && std::find(shown.begin(), shown.end(), &candidate) == shown.end() &&
                 std::none_of(incident.kills.begin(), incident.kills.end(), is_it))
            ++lower;
    }
    std::string text;
    const auto add = [&](std::string part) { text += (text.empty() ? "" : "; ") + std::move(part); };
    if (lower != 0)
        add(fmt::format("{} more with a lower score", count_text(lower)));
    const auto add_reason = [&](SkipReason reason, const char *one, const char *many) {
        const std::uint64_t count = by_reason[static_cast<std::size_t>(reason)];
        if (count != 0)
            add(counted(count, one, many));
    };
    add_reason(SkipReason::oom_score_adj_min, "protected by oom_score_adj -1000", "protected by oom_score_adj -1000");
    add_reason(SkipReason::cpuset_or_mempolicy, "on other memory nodes", "on other memory nodes");
    add_reason(SkipReason::already_victim, "killed earlier and still exiting", "killed earlier and still exiting");
    add_reason(SkipReason::mmf_oom_skip, "whose memory is taken already", "whose memory is taken already");
    add_reason(SkipReason::in_vfork, "between vfork and exec", "between vfork and exec");
    add_reason(SkipReason::no_mm, "without memory of its own", "without memory of their own");
    add_reason(SkipReason::unknown, "not eligible for a reason not seen", "not eligible for reasons not seen");
    add_reason(SkipReason::kernel_thread, "kernel thread", "kernel threads");
    if (by_reason[static_cast<std::size_t>(SkipReason::init)] != 0)
        add("init");
    return text;
}

// Nobody to choose from: those that hold the most, for their reasons are the news.
Ranked biggest(const std::vector<CandidateTask> &candidates)
{
    Ranked rows;
    for (const CandidateTask &candidate : candidates) {
        if (candidate.memory)
            rows.push_back(&candidate);
    }
    std::stable_sort(rows.begin(), rows.end(), [](const CandidateTask *a, const CandidateTask *b) {
        return a->memory->rss_bytes() + a->memory->swap_bytes > b->memory->rss_bytes() + b->memory->swap_bytes;
    });
    return rows;
}

// The best `top` of those that have a score, and the victim.
Ranked best(const Ranked &rows, std::size_t top)
{
    const auto scored = std::find_if(rows.begin(), rows.end(), [](const CandidateTask *one) { return !one->points; });
    const auto end = std::min(scored, rows.begin() + static_cast<std::ptrdiff_t>(std::min(top, rows.size())));
    Ranked shown(rows.begin(), end);
    const auto chosen = std::find_if(end, rows.end(), [](const CandidateTask *one) { return one->chosen; });
    if (chosen != rows.end())
        shown.push_back(*chosen);
    return shown;
}

std::string nobody_text(const Incident &incident)
{
    switch (incident.outcome) {
    case Outcome::victim_already_dying:
        return "nobody was weighed: a task that is exiting gives its memory back anyway";
    case Outcome::notifier_freed:
        return "nobody was weighed: there was no need to";
    case Outcome::panic:
        return "nobody was weighed: the kernel panicked first";
    default:
        break;
    }
    if (is_known(incident.provenance.candidates))
        return "nobody was weighed";
    const std::string &note = incident.provenance.candidates.note;
    return "who was weighed is not known" + (note.empty() ? "" : ": " + safe_text(note));
}

} // namespace

void write_choice(const Incident &incident, std::size_t top, bool all, std::size_t width, const TakeLines &take)
{
    if (incident.candidates.empty()) {
        take(labelled("choice", nobody_text(incident), width));
        return;
    }
    Lines lines = section("CHOICE", title_text(incident), width);

    Ranked rows = ranked(incident.candidates);
    Shape shape{only_rss_sums(incident), all};
    if (!all) {
        rows = best(rows, top);
        if (rows.empty() && incident.outcome != Outcome::aborted) {
            shape.with_reason = true;
            rows = biggest(incident.candidates);
            rows.resize(std::min(rows.size(), top));
        }
    }
    const auto row_at = [&](std::size_t i) { return candidate_row(*rows[i], incident, shape); };
    if (all) {
        take(lines);
        lines.clear();
        write_long_table(columns_of(shape), rows.size(), row_at, 2, no_limit, take); // nothing is left out
    } else if (!rows.empty()) {
        Table table(columns_of(shape));
        for (std::size_t i = 0; i < rows.size(); ++i) {
            Row row = row_at(i);
            table.add_row(std::move(row.cells), row.style);
        }
        table.add_to(lines, 2, width);
    }

    if (incident.victim) {
        if (const std::string margin = margin_text(incident); !margin.empty())
            add_labelled(lines, "margin", margin, width);
    }
    const bool all_explained = !all && shape.with_reason && rows.size() == incident.candidates.size();
    if (const std::string spared = spared_text(incident, rows); !spared.empty() && !all_explained)
        add_labelled(lines, "spared", spared, width);
    const bool any_recomputed = std::any_of(
        rows.begin(), rows.end(), [](const CandidateTask *one) { return one->points_source == PointsSource::recomputed; });
    if (any_recomputed)
        add_labelled(lines, "~", "worked out by oomtrace: the kernel's own score was not seen", width);
    take(lines);
}

void write_identities(const Incident &incident, std::size_t width, const TakeLines &take)
{
    const std::vector<Column> columns = {
        {"process", Align::left}, {"pid"}, {"tgid"}, {"parent"}, {"uid"}, {"threads"}, {"virtual"}, {"after boot"}, {"mm"},
        {"cgroup", Align::left}};
    const auto row_at = [&](std::size_t i) -> Row {
        const CandidateTask &candidate = incident.candidates[i];
        const Process &process = candidate.process;
        return {{{safe_text(process.comm)},
                 {fmt::format("{}", process.pid)},
                 {process.tgid == 0 ? "?" : fmt::format("{}", process.tgid)},
                 {number_or_unknown(process.ppid)},
                 {number_or_unknown(process.uid)},
                 {process.threads == 0 ? "-" : fmt::format("{}", process.threads)},
                 {candidate.memory && !candidate.memory->unknown.total_vm ? bytes_text(candidate.memory->total_vm_bytes) : "-"},
                 {process.start_boottime_ns == 0 ? "-"
                                                 : fmt::format("{} s", count_text(process.start_boottime_ns / 1'000'000'000))},
                 {candidate.memory && candidate.memory->mm != 0 ? fmt::format("{:#x}", candidate.memory->mm) : "-"},
                 {process.cgroup ? safe_text(*process.cgroup) : "-"}},
                candidate.chosen ? Style::alert : Style::plain};
    };
    take(section("CANDIDATES", "in the order in which they were weighed", width));
    write_long_table(columns, incident.candidates.size(), row_at, 2, width, take);
}

} // namespace oomtrace::terminal
