// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/report_incident.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "badness/badness.h"
#include "identity/incident_paths.h"
#include "kernel_log/report_gfp.h"
#include "kernel_log/report_memory.h"
#include "kernel_log/scores.h"
#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

constexpr std::uint64_t assumed_page_size = 4096;
constexpr std::int32_t oom_disable = -17;
constexpr std::size_t long_table = 1024;

bool starts_with_memcg(std::string_view message)
{
    return begins(message, "Memory cgroup") || begins(message, "Memory Cgroup");
}

const std::string &kill_message(const ParsedReport &report)
{
    static const std::string none;
    if (!report.kills.empty() && !report.kills.front().message.empty())
        return report.kills.front().message;
    return report.score ? report.score->message : none;
}

// The block of order 0 is a page. A victim whose size stands in pages and in kB tells it too.
std::optional<std::uint64_t> known_page_size(const ParsedReport &report)
{
    for (const ZoneLines &zone : report.zones) {
        if (!zone.free_blocks.empty() && std::has_single_bit(zone.free_blocks.front().block_bytes))
            return zone.free_blocks.front().block_bytes;
    }
    if (!report.kills.empty() && report.kills.front().total_vm_bytes.value_or(0) != 0) {
        const KillLine &kill = report.kills.front();
        for (const TaskRow &row : report.rows) {
            if (row.pid != kill.pid || row.total_vm_pages == 0)
                continue;
            for (const std::uint64_t size : {4096ULL, 8192ULL, 16384ULL, 65536ULL}) {
                if (*kill.total_vm_bytes / row.total_vm_pages == size)
                    return size;
            }
        }
    }
    const bool x86 = report.x86_registers || report.kernel.find("amd64") != std::string::npos ||
                     report.kernel.find("x86_64") != std::string::npos || report.kernel.find("i686") != std::string::npos;
    if (x86)
        return assumed_page_size;
    return report.host_page_size != 0 ? std::optional(report.host_page_size) : std::nullopt;
}

std::optional<Constraint> constraint_of(const ParsedReport &report)
{
    if (report.summary)
        return report.summary->constraint;
    if (!report.memcg.empty() || report.task_memcg_v1 || starts_with_memcg(kill_message(report)))
        return Constraint::memcg;
    // check_panic_on_oom(): with panic_on_oom 1 only where no nodes were excluded.
    if (report.panic.find("system-wide panic_on_oom") != std::string::npos)
        return Constraint::none;
    // Kernels until 4.20 do not print it. A memory policy's nodes stand in the first line since 4.7.
    if (report.has_nodemask && report.nodemask)
        return Constraint::memory_policy;
    if (report.has_invocation && report.mem_info && (!report.kills.empty() || report.score || report.no_killable))
        return Constraint::none;
    return std::nullopt;
}

Scope scope_of(const ParsedReport &report)
{
    if (report.order == -1 || (report.sysrq && !report.order))
        return Scope::sysrq;
    if (report.summary)
        return report.summary->oom_memcg ? Scope::memcg : Scope::global;
    if (!report.memcg.empty() || report.task_memcg_v1 || starts_with_memcg(kill_message(report)))
        return Scope::memcg;
    if (report.mem_info || !report.zones.empty() || kill_message(report).starts_with("Out of "))
        return Scope::global;
    return Scope::unknown;
}

void set_outcome(const ParsedReport &report, Incident &incident)
{
    Provenance &source = incident.provenance.outcome;
    source = {Source::kernel_log, ""};
    if (!report.panic.empty()) {
        incident.outcome = Outcome::panic;
    } else if (report.no_killable) {
        incident.outcome = Outcome::no_killable_task;
    } else if (!report.kills.empty()) {
        incident.outcome = report.group_path.empty() ? Outcome::killed : Outcome::group_kill;
    } else if (!report.already_exiting.empty()) {
        incident.outcome = Outcome::victim_already_dying;
    } else if (report.summary && report.unread_lines != 0) {
        incident.outcome = Outcome::victim_already_dying;
        source = {Source::recomputed, "a task was chosen and no line tells of its kill, though the log goes on"};
    } else {
        source = {Source::absent, "the log does not have the end of the report"};
    }
}

// Rows by pid; a leader that has exited has none, and stands for by the last row of its group.
class RowIndex
{
  public:
    explicit RowIndex(const std::deque<TaskRow> &rows) : rows_(rows)
    {
        by_pid_.reserve(rows.size());
        by_tgid_.reserve(rows.size());
        for (std::uint32_t i = 0; i < rows.size(); ++i) {
            by_pid_.emplace_back(rows[i].pid, i);
            by_tgid_.emplace_back(rows[i].tgid, i);
        }
        std::sort(by_pid_.begin(), by_pid_.end());
        std::sort(by_tgid_.begin(), by_tgid_.end());
    }

    [[nodiscard]] const TaskRow *exact(std::uint32_t pid) const
    {
        const auto first = std::lower_bound(by_pid_.begin(), by_pid_.end(), Entry(pid, 0));
        return first == by_pid_.end() || first->first != pid ? nullptr : &rows_[first->second];
    }

    [[nodiscard]] const TaskRow *of(std::uint32_t pid) const
    {
        if (const TaskRow *const row = exact(pid))
            return row;
        const auto after = std::upper_bound(by_tgid_.begin(), by_tgid_.end(), Entry(pid, UINT32_MAX));
        return after == by_tgid_.begin() || std::prev(after)->first != pid ? nullptr : &rows_[std::prev(after)->second];
    }

  private:
    using Entry = std::pair<std::uint32_t, std::uint32_t>; // number, and where its row is

    const std::deque<TaskRow> &rows_;
    std::vector<Entry> by_pid_, by_tgid_;
};

std::optional<std::uint32_t> chosen_pid(const ParsedReport &report)
{
    if (report.summary)
        return report.summary->pid;
    if (report.score)
        return report.score->pid;
    if (!report.kills.empty())
        return report.kills.front().pid;
    if (!report.already_exiting.empty())
        return report.already_exiting.front().pid;
    return std::nullopt;
}

class Builder
{
  public:
    Builder(ParsedReport &report, Incident &incident) : report_(report), incident_(incident), rows_(report.rows)
    {
        const auto printed = known_page_size(report);
        page_size_assumed_ = !printed;
        page_size_ = printed.value_or(assumed_page_size);
    }

    void build_identities()
    {
        constexpr const char *why = "the kernel's report does not have it";
        incident_.trigger.identity.note = why;
        if (incident_.victim)
            incident_.victim->identity.note = why;
        incident_.provenance.identity =
            identify_by_paths(incident_)
                ? Provenance{Source::kernel_log, "from the paths of the cgroups; the kernel's report has no command line"}
                : Provenance{Source::absent, "the kernel's report has no command line, and no path that says more"};
    }

    void build(const std::string &tracer_version)
    {
        build_host(tracer_version);
        incident_.scope = scope_of(report_);
        incident_.constraint = constraint_of(report_);
        incident_.kernel_message = kill_message(report_);
        set_outcome(report_, incident_);
        build_trigger();
        build_allocation();
        build_candidates();
        build_kills();
        build_victim();
        incident_.memcg = memcg_of(report_);
        incident_.nodes = take_nodes(report_, page_size_);
        incident_.swap = {report_.swap_total_bytes, report_.swap_free_bytes};
        incident_.hugetlb = hugetlb_of(report_);
        build_timeline();
        build_provenance();
        build_identities();
        build_completeness();
        // What the incident has as the report has it is moved, when nothing is made from it any more.
        incident_.trigger.stack = std::move(report_.stack);
        incident_.log_facts = take_log_facts(report_);
    }

  private:
    void build_host(const std::string &tracer_version)
    {
        Host &host = incident_.host;
        host.hostname = report_.host;
        host.kernel = report_.kernel;
        host.tracer_version = tracer_version;
        host.page_size = page_size_;
        host.attach_method = AttachMethod::kernel_log;
        if (report_.memcg.contains("swap"))
            host.cgroup_version = 2;
        else if (report_.memcg.contains("memory+swap"))
            host.cgroup_version = 1;
    }

    [[nodiscard]] Process process_of(const TaskRow &row) const
    {
        Process process;
        process.pid = row.pid;
        process.tgid = row.tgid;
        if (report_.table->has(Column::uid))
            process.uid = row.uid;
        process.comm = row.comm;
        process.oom_score_adj_known = report_.table->has(Column::oom_score_adj);
        process.oom_score_adj = row.oom_score_adj;
        if (report_.table->has(Column::oom_adj))
            process.oom_adj = row.oom_adj;
        return process;
    }

    [[nodiscard]] ProcessMemory memory_of(const TaskRow &row) const
    {
        const TableShape &table = *report_.table;
        ProcessMemory memory;
        memory.total_vm_bytes = row.total_vm_pages * page_size_;
        memory.unknown.total_vm = !table.has(Column::total_vm);
        if (table.has(Column::rss_anon) && table.has(Column::rss_file) && table.has(Column::rss_shmem)) {
            memory.rss_anon_bytes = row.rss_anon_pages * page_size_;
            memory.rss_file_bytes = row.rss_file_pages * page_size_;
            memory.rss_shmem_bytes = row.rss_shmem_pages * page_size_;
        } else {
            memory.unknown.rss_parts = true;
            if (table.has(Column::rss))
                memory.rss_sum_bytes = row.rss_pages * page_size_;
        }
        memory.swap_bytes = row.swap_entries * page_size_;
        memory.unknown.swap = !table.has(Column::swapents);
        const bool in_bytes = table.has(Column::pgtables_bytes);
        memory.pgtables_bytes = in_bytes ? row.page_tables : row.page_tables * page_size_;
        memory.unknown.pgtables = !in_bytes && !table.has(Column::nr_ptes);
        return memory;
    }

    void build_trigger()
    {
        Trigger &trigger = incident_.trigger;
        trigger.process.comm = report_.trigger_comm;
        trigger.process.pid = report_.trigger_pid.value_or(0);
        trigger.process.uid = report_.trigger_uid;
        trigger.process.oom_score_adj_known = report_.trigger_oom_score_adj.has_value();
        trigger.process.oom_score_adj = report_.trigger_oom_score_adj.value_or(0);
        trigger.process.oom_adj = report_.trigger_oom_adj;
        if (report_.trigger_pid) {
            if (const TaskRow *const row = rows_.exact(*report_.trigger_pid)) {
                trigger.process.tgid = row->tgid;
                if (!trigger.process.uid && report_.table->has(Column::uid))
                    trigger.process.uid = row->uid;
            }
        }
        if (report_.summary)
            trigger.cpuset = report_.summary->cpuset;
        else if (!report_.cpuset.empty())
            trigger.cpuset = report_.cpuset;
    }

    void build_allocation()
    {
        Allocation &allocation = incident_.allocation;
        allocation.gfp_mask = report_.gfp_mask;
        allocation.gfp_flags = gfp_names_of(report_);
        allocation.highest_zone = highest_zone_of(report_);
        allocation.order = report_.order;
        if (report_.summary) {
            allocation.nodemask = report_.summary->nodemask;
            allocation.nodemask_known = true;
            if (!report_.summary->mems_allowed.empty())
                allocation.mems_allowed = report_.summary->mems_allowed;
        } else {
            allocation.nodemask = report_.nodemask;
            allocation.nodemask_known = report_.has_nodemask;
            allocation.mems_allowed = report_.mems_allowed;
        }
    }

    void build_candidates()
    {
        const auto chosen = chosen_pid(report_);
        const TaskRow *const chosen_row = chosen ? rows_.of(*chosen) : nullptr;
        incident_.candidates.reserve(report_.rows.size());
        for (const TaskRow &row : report_.rows) {
            CandidateTask candidate;
            candidate.process = process_of(row);
            candidate.memory = memory_of(row);
            candidate.chosen = &row == chosen_row;
            if ((candidate.process.oom_score_adj_known && row.oom_score_adj == oom_score_adj_min) ||
                (candidate.process.oom_adj && *candidate.process.oom_adj == oom_disable))
                candidate.skip_reason = SkipReason::oom_score_adj_min;
            else if (const auto found = std::find_if(report_.earlier_victims.begin(), report_.earlier_victims.end(),
                                                     [&](const EarlierVictim &victim) { return victim.pid == row.pid; });
                     found != report_.earlier_victims.end() && !candidate.chosen && found->reaped)
                candidate.skip_reason = SkipReason::mmf_oom_skip;
            candidate.eligible = candidate.skip_reason == SkipReason::none;
            incident_.candidates.push_back(std::move(candidate));
        }
        TotalPages total = total_pages_of(report_, incident_.constraint, page_size_);
        incident_.total_pages = total.pages;
        total_note_ = std::move(total.note);
        score_candidates(report_, generation_of(report_), incident_);
    }

    [[nodiscard]] ProcessMemory memory_of(const KillLine &kill) const
    {
        ProcessMemory memory;
        memory.total_vm_bytes = kill.total_vm_bytes.value_or(0);
        memory.unknown.total_vm = !kill.total_vm_bytes;
        memory.rss_anon_bytes = kill.rss_anon_bytes.value_or(0);
        memory.rss_file_bytes = kill.rss_file_bytes.value_or(0);
        memory.unknown.rss_parts = !kill.rss_anon_bytes || !kill.rss_file_bytes;
        memory.rss_shmem_bytes = kill.rss_shmem_bytes.value_or(0);
        memory.unknown.rss_shmem = !kill.rss_shmem_bytes;
        memory.pgtables_bytes = kill.pgtables_bytes.value_or(0);
        memory.unknown.pgtables = !kill.pgtables_bytes;
        memory.unknown.swap = true;
        if (const TaskRow *const row = rows_.of(kill.pid)) {
            const ProcessMemory listed = memory_of(*row);
            memory.swap_bytes = listed.swap_bytes;
            memory.unknown.swap = listed.unknown.swap;
            if (memory.unknown.pgtables) {
                memory.pgtables_bytes = listed.pgtables_bytes;
                memory.unknown.pgtables = listed.unknown.pgtables;
            }
            if (memory.unknown.total_vm) {
                memory.total_vm_bytes = listed.total_vm_bytes;
                memory.unknown.total_vm = listed.unknown.total_vm;
            }
            if (memory.unknown.rss_parts) {
                memory.rss_anon_bytes = listed.rss_anon_bytes;
                memory.rss_file_bytes = listed.rss_file_bytes;
                memory.rss_shmem_bytes = listed.rss_shmem_bytes;
                memory.rss_sum_bytes = listed.rss_sum_bytes;
                memory.unknown.rss_parts = listed.unknown.rss_parts;
                memory.unknown.rss_shmem = listed.unknown.rss_shmem;
            }
        }
        return memory;
    }

    [[nodiscard]] Process process_of(std::uint32_t pid, const std::string &comm) const
    {
        Process process;
        process.oom_score_adj_known = false;
        if (const TaskRow *const row = rows_.of(pid))
            process = process_of(*row);
        process.pid = pid;
        process.comm = comm;
        // A leader that has exited stands in the summary, a thread of its group in the line of the kill.
        if (report_.summary && (report_.summary->pid == pid || report_.summary->pid == process.tgid)) {
            process.uid = report_.summary->uid;
            process.cgroup = report_.summary->task_memcg;
            if (process.tgid == 0)
                process.tgid = pid; // the summary names the leader of the group that was chosen
        } else if (report_.task_memcg_v1 && pid == chosen_pid(report_)) {
            process.cgroup = *report_.task_memcg_v1;
        }
        return process;
    }

    void build_kills()
    {
        for (const KillLine &line : report_.kills) {
            const bool known = std::any_of(incident_.kills.begin(), incident_.kills.end(),
                                           [&](const KilledProcess &kill) { return kill.process.pid == line.pid; });
            if (known) // the first victim of a group is printed twice
                continue;
            KilledProcess kill;
            kill.process = process_of(line.pid, line.comm);
            if (line.uid)
                kill.process.uid = line.uid;
            if (line.oom_score_adj) {
                kill.process.oom_score_adj = *line.oom_score_adj;
                kill.process.oom_score_adj_known = true;
            }
            if (!line.shares_mm)
                kill.memory = memory_of(line);
            kill.signalled = true;
            kill.marked = !line.shares_mm; // the line is printed right after mark_oom_victim()
            if (line.shares_mm)
                kill.why = KillWhy::shares_mm;
            else if (!incident_.kills.empty())
                kill.why = KillWhy::oom_group;
            kill.signalled_ns = line.monotonic_ns;
            for (const ReapedLine &reaped : report_.reaped) {
                if (reaped.pid != line.pid || reaped.unable || !kill.memory || kill.memory->unknown.rss_parts)
                    continue;
                const std::uint64_t held = kill.memory->rss_bytes();
                kill.reaped_bytes = held - std::min(held, reaped.left_bytes);
            }
            incident_.kills.push_back(std::move(kill));
        }
    }

    // Of a victim that was not killed.
    [[nodiscard]] const std::string &chosen_comm() const
    {
        if (report_.summary)
            return report_.summary->task;
        return report_.score ? report_.score->comm : report_.already_exiting.front().comm;
    }

    void build_victim()
    {
        const auto chosen = std::find_if(incident_.candidates.begin(), incident_.candidates.end(),
                                         [](const CandidateTask &candidate) { return candidate.chosen; });
        Victim victim;
        if (!incident_.kills.empty()) {
            const KilledProcess &killed = incident_.kills.front();
            victim.process = killed.process;
            victim.memory =
                killed.memory.value_or(chosen != incident_.candidates.end() && chosen->process.pid == killed.process.pid
                                           ? chosen->memory.value_or(ProcessMemory{})
                                           : ProcessMemory{});
        } else if (const auto pid = chosen_pid(report_); pid && report_.panic.empty()) {
            victim.process = process_of(*pid, chosen_comm());
            if (chosen != incident_.candidates.end())
                victim.memory = chosen->memory.value_or(ProcessMemory{});
        } else {
            return;
        }
        const auto own =
            std::find_if(incident_.candidates.begin(), incident_.candidates.end(), [&](const CandidateTask &candidate) {
                return candidate.process.pid == victim.process.pid ||
                       (victim.process.tgid != 0 && candidate.process.tgid == victim.process.tgid);
            });
        if (own != incident_.candidates.end() && own->points) {
            victim.points = own->points;
            victim.points_source = own->points_source;
        }
        if (victim.points && incident_.total_pages.value_or(0) != 0)
            victim.share_of_total = static_cast<double>(*victim.points) / static_cast<double>(*incident_.total_pages);
        const CandidateTask *second = nullptr;
        for (const CandidateTask &candidate : incident_.candidates) {
            const bool is_victim = own != incident_.candidates.end() && &candidate == &*own;
            if (is_victim || !candidate.eligible || !candidate.points)
                continue;
            if (second == nullptr || *candidate.points >= *second->points)
                second = &candidate;
        }
        if (victim.points && second != nullptr) {
            Victim::RunnerUp other{second->process.pid, second->process.tgid, second->process.comm, *second->points, 0};
            if (!__builtin_sub_overflow(*victim.points, *second->points, &other.margin_points))
                victim.runner_up = std::move(other);
        }
        incident_.victim = std::move(victim);
    }

    void add_moment(TimelineEvent event, std::optional<std::uint64_t> when, const Process *who)
    {
        if (!when || !report_.monotonic_ns)
            return;
        TimelineEntry entry;
        entry.event = event;
        entry.monotonic_ns = *when;
        entry.since_invocation_ns = static_cast<std::int64_t>(*when - *report_.monotonic_ns);
        if (who != nullptr) {
            if (who->tgid != 0)
                entry.tgid = who->tgid;
            entry.comm = who->comm;
        }
        incident_.timeline.push_back(std::move(entry));
    }

    void build_timeline()
    {
        incident_.monotonic_ns = report_.monotonic_ns.value_or(0);
        incident_.realtime_ns = report_.realtime_ns.value_or(0);
        if (report_.has_invocation)
            add_moment(TimelineEvent::invoked, report_.monotonic_ns, nullptr);
        if (report_.summary && incident_.victim)
            add_moment(TimelineEvent::chosen, report_.summary->monotonic_ns, &incident_.victim->process);
        for (const KilledProcess &kill : incident_.kills)
            add_moment(TimelineEvent::signalled, kill.signalled_ns, &kill.process);
        for (const ReapedLine &reaped : report_.reaped) {
            const auto kill = std::find_if(incident_.kills.begin(), incident_.kills.end(),
                                           [&](const KilledProcess &one) { return one.process.pid == reaped.pid; });
            add_moment(reaped.unable ? TimelineEvent::reaper_skipped : TimelineEvent::reaper_finished, reaped.monotonic_ns,
                       kill != incident_.kills.end() ? &kill->process : nullptr);
        }
        std::stable_sort(incident_.timeline.begin(), incident_.timeline.end(),
                         [](const TimelineEntry &a, const TimelineEntry &b) { return a.monotonic_ns < b.monotonic_ns; });
        if (!report_.has_invocation || !report_.monotonic_ns)
            return;
        const auto since = [&](std::optional<std::uint64_t> when) -> std::optional<std::uint64_t> {
            return when && *when >= *report_.monotonic_ns ? std::optional(*when - *report_.monotonic_ns) : std::nullopt;
        };
        if (report_.summary)
            incident_.after.to_choice_ns = since(report_.summary->monotonic_ns);
        if (!report_.kills.empty())
            incident_.after.to_kill_ns = since(report_.kills.front().monotonic_ns);
        if (!report_.reaped.empty())
            incident_.after.to_reap_ns = since(report_.reaped.back().monotonic_ns);
    }

    [[nodiscard]] Provenance printed(bool there, const char *why_not) const
    {
        return there ? Provenance{Source::kernel_log, ""} : Provenance{Source::absent, why_not};
    }

    void build_provenance()
    {
        ProvenanceTable &table = incident_.provenance;
        table.trigger =
            printed(report_.has_invocation || report_.trigger_pid, "the log does not have the first lines of the report");
        table.allocation = printed(report_.gfp_mask.has_value(), "the log does not have the first line of the report");
        if (report_.summary && report_.summary->constraint)
            table.constraint = {Source::kernel_log, ""};
        else if (incident_.constraint)
            table.constraint = {Source::recomputed, "this kernel does not print it: told by the other lines"};
        else
            table.constraint = {Source::absent, "the log does not tell"};
        table.memcg = incident_.scope == Scope::memcg ? printed(incident_.memcg.path || incident_.memcg.usage_bytes,
                                                                "the log does not have the cgroup's lines")
                                                      : printed(!incident_.memcg.levels.empty(), "no limit of a cgroup fired");
        if (table.memcg.source == Source::kernel_log)
            table.memcg.note = "of the levels above, the kernel's report says nothing";
        table.nodes = printed(!incident_.nodes.empty(), incident_.scope == Scope::memcg
                                                            ? "the report of a cgroup does not have them"
                                                            : "the log does not have this part of the report");
        table.swap = printed(report_.swap_total_bytes || report_.swap_free_bytes,
                             incident_.scope == Scope::memcg ? "the report of a cgroup does not have it"
                                                             : "the log does not have this part of the report");
        table.sysctls = {Source::absent, "the kernel's report does not have them"};
        table.candidates = printed(!incident_.candidates.empty(),
                                   report_.table ? "the log has the head of the table only" : "the log has no task table");
        if (table.candidates.source == Source::kernel_log)
            table.candidates.note = "the table is printed after the choice, and lists no task that could not be chosen but for "
                                    "oom_score_adj";
        const bool any_points = std::any_of(incident_.candidates.begin(), incident_.candidates.end(),
                                            [](const CandidateTask &candidate) { return candidate.points.has_value(); });
        if (any_points)
            table.points = {Source::recomputed, "from the sizes of the table; total_pages: " + total_note_};
        else
            table.points = {Source::absent, incident_.scores.choice_note.empty() ? "total_pages: " + total_note_
                                                                                 : incident_.scores.choice_note};
        table.victim = printed(incident_.victim.has_value(), "the log does not say whom the kernel chose");
        if (report_.score && !report_.kills.empty() && report_.score->pid != report_.kills.front().pid)
            table.victim.note = fmt::format("the kernel chose {}[{}], and killed a child of it in its place",
                                            report_.score->comm, report_.score->pid);
        table.kills = printed(report_.is_over(), "the log does not tell of a kill");
        table.after = printed(!report_.reaped.empty(), "the kernel's report does not have exit and release");
        table.host = printed(!report_.kernel.empty() || !report_.host.empty() || report_.realtime_ns,
                             "the log does not name kernel or host");
        if (table.host.source == Source::kernel_log && !page_size_assumed_)
            table.host.note = "";
    }

    template <typename... Arguments>
    void miss(fmt::format_string<Arguments...> format, Arguments &&...arguments)
    {
        incident_.completeness.missing.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
    }

    void build_completeness()
    {
        const ParsedReport &report = report_;
        if (!report.has_invocation)
            miss("the first line of the report");
        else if (!report.trigger_pid)
            miss("the line that names the asking task's pid");
        if (report.cut_by_next)
            miss("the end of the report: another one begins before it");
        else if (!report.is_over() && incident_.outcome == Outcome::unknown)
            miss("the end of the report");
        if (incident_.scope == Scope::global && report.has_invocation && incident_.nodes.empty())
            miss("the state of nodes and zones");
        if (report.foreign_lines)
            miss("certainty: lines of another report stand in between, and were left out");
        if (report.rows_damaged != 0)
            miss("{} of the task table that are damaged", report.rows_damaged);
        if (report.rows_unplaced != 0)
            miss("the header of the task table, and with it {} rows", report.rows_unplaced);
        if (report.rows_dropped != 0)
            miss("{} rows of the task table beyond the most that are kept", report.rows_dropped);
        if (const auto pid = chosen_pid(report); pid && report.table && rows_.of(*pid) == nullptr)
            miss("the row of the chosen task in the table");
        if (page_size_assumed_ && !report.rows.empty())
            miss("the page size, taken to be {} bytes", assumed_page_size);
        incident_.completeness.complete = incident_.completeness.missing.empty();
        incident_.completeness.tasks_seen = report.rows.size() + report.rows_dropped;
    }

    ParsedReport &report_;
    Incident &incident_;
    RowIndex rows_;
    std::uint64_t page_size_ = assumed_page_size;
    bool page_size_assumed_ = false;
    std::string total_note_;
};

} // namespace

Incident incident_of(FoundReport &found, const std::string &tracer_version)
{
    ParsedReport &report = *found.report;
    Incident incident;
    incident.id = fmt::format("log-{:016x}", report.text_hash);
    incident.episode = found.number;
    Builder(report, incident).build(tracer_version);
    incident.kernel_log_check.note = "read from the kernel's own report: there is no other record of it";
    if (report.rows.size() > long_table)
        report.rows = {};
    return incident;
}

void add_host_facts(Incident &incident, const HostFacts &host, bool same_boot)
{
    if (incident.host.hostname.empty())
        incident.host.hostname = host.hostname;
    incident.host.arch = host.arch;
    if (!same_boot)
        return;
    incident.host.boot_id = host.boot_id;
    if (incident.host.kernel.empty())
        incident.host.kernel = host.kernel;
    if (incident.realtime_ns == 0 && incident.monotonic_ns != 0)
        incident.realtime_ns = static_cast<std::int64_t>(incident.monotonic_ns) + host.realtime_offset_ns;
}

bool is_oom_report(const ParsedReport &report)
{
    if (report.has_invocation || report.summary || report.score || !report.kills.empty() || report.no_killable ||
        !report.panic.empty() || report.table || report.task_memcg_v1 || !report.already_exiting.empty())
        return true;
    return std::any_of(report.zones.begin(), report.zones.end(), [](const ZoneLines &zone) {
        const auto free = zone.bytes.find("free");
        const auto min = zone.bytes.find("min");
        return free && min && *free < *min;
    });
}

} // namespace oomtrace::kernel_log
