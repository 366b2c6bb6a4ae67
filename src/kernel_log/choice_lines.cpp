// SPDX-License-Identifier: Apache-2.0
//
// Whom the kernel chose, what it killed, and what became of it.
#include <algorithm>
#include <array>

#include "kernel_log/line_parser.h"
#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

constexpr std::size_t most_entries = 4096; // of kills, reaper lines and the like in one report

// oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=x,pid=1,uid=0
bool parse_summary(std::string_view text, const LogLine &line, ParsedReport &report)
{
    SummaryLine summary;
    TextCursor cursor{text};
    if (report.summary || !cursor.take("oom-kill:constraint="))
        return false;
    const auto constraint = cursor.take_until(",nodemask=");
    const auto nodemask = cursor.take_until(",cpuset=");
    const auto cpuset = cursor.take_until(",mems_allowed=");
    if (!constraint || !nodemask || !cpuset)
        return false;
    if (*constraint == "CONSTRAINT_NONE")
        summary.constraint = Constraint::none;
    else if (*constraint == "CONSTRAINT_CPUSET")
        summary.constraint = Constraint::cpuset;
    else if (*constraint == "CONSTRAINT_MEMORY_POLICY")
        summary.constraint = Constraint::memory_policy;
    else if (*constraint == "CONSTRAINT_MEMCG")
        summary.constraint = Constraint::memcg;
    summary.nodemask = parse_node_list(*nodemask);
    summary.cpuset = *cpuset;
    const std::size_t memcg = cursor.rest.find(",oom_memcg=");
    const std::size_t global = cursor.rest.find(",global_oom,");
    const std::size_t end = std::min(memcg, global);
    if (end == std::string_view::npos)
        return false;
    summary.mems_allowed = parse_node_list(cursor.rest.substr(0, end)).value_or(std::vector<std::uint32_t>{});
    cursor.rest.remove_prefix(end);
    if (end == memcg) {
        cursor.take(",oom_memcg=");
        const auto path = cursor.take_until(",task_memcg=");
        if (!path)
            return false;
        summary.oom_memcg = *path;
    } else if (!cursor.take(",global_oom,task_memcg=")) {
        return false;
    }
    // The names may hold anything; the numbers at the end cannot.
    const std::size_t uid_at = cursor.rest.rfind(",uid=");
    const std::size_t pid_at = cursor.rest.rfind(",pid=", uid_at);
    const std::size_t task_at = cursor.rest.rfind(",task=", pid_at);
    if (uid_at == std::string_view::npos || pid_at == std::string_view::npos || task_at == std::string_view::npos)
        return false;
    TextCursor uid{cursor.rest.substr(uid_at + 5)};
    TextCursor pid{cursor.rest.substr(pid_at + 5)};
    const auto pid_number = pid.take_number<std::uint32_t>();
    const auto uid_number = uid.take_number<std::uint32_t>();
    if (!pid_number || !uid_number)
        return false;
    summary.pid = *pid_number;
    summary.uid = *uid_number;
    summary.task_memcg = cursor.rest.substr(0, task_at);
    summary.task = cursor.rest.substr(task_at + 6, pid_at - task_at - 6);
    summary.monotonic_ns = line.monotonic_ns;
    report.summary = std::move(summary);
    return true;
}

std::optional<std::uint64_t> size_after(std::string_view text, std::string_view name)
{
    TextCursor cursor{text};
    if (!cursor.take_until(name))
        return std::nullopt;
    const auto kb = cursor.take_number<std::uint64_t>();
    if (!kb || *kb > UINT64_MAX / 1024 || !(cursor.take("kB") || cursor.take("KB")))
        return std::nullopt;
    return *kb * 1024;
}

// The comm stands in parentheses, and may hold some: it ends before what the kernel prints after it.
std::string_view take_comm(TextCursor &cursor)
{
    constexpr std::array<std::string_view, 9> tails = {") total-vm:",      "), total-vm:",    ") vsz:",
                                                       "), UID ",          ") score ",        ") sharing same memory",
                                                       "), now anon-rss:", ") now anon-rss:", ") is already exiting"};
    // The leftmost of where each of them stands last.
    std::size_t end = std::string_view::npos;
    std::array<bool, tails.size()> seen{};
    for (std::size_t at = cursor.rest.rfind(')'); at != std::string_view::npos;
         at = at == 0 ? std::string_view::npos : cursor.rest.rfind(')', at - 1)) {
        for (std::size_t i = 0; i < tails.size(); ++i) {
            if (!seen[i] && begins_with(cursor.rest.substr(at), tails[i])) {
                seen[i] = true;
                end = at;
            }
        }
    }
    if (end == std::string_view::npos)
        end = cursor.rest.rfind(')');
    if (end == std::string_view::npos)
        end = cursor.rest.size();
    const std::string_view comm = cursor.rest.substr(0, end);
    cursor.rest.remove_prefix(std::min(end + 1, cursor.rest.size()));
    return comm;
}

std::string message_before(std::string_view text, std::size_t verb)
{
    std::string_view message = text.substr(0, verb);
    if (message.ends_with(": "))
        message.remove_suffix(2);
    return std::string(message);
}

// Out of memory: Killed process 102 (x) total-vm:120000kB, anon-rss:112696kB, file-rss:848kB, shmem-rss:4072kB, UID:1001
//     pgtables:268kB oom_score_adj:300
// Killed process 13996 (python)     Killed process 77, UID 48, (httpd) total-vm:...     Killed process 5 (x), UID 0,
// total-vm:...
std::optional<KillLine> read_kill(std::string_view text)
{
    KillLine kill;
    std::size_t verb = text.find("illed process ");
    kill.shares_mm = verb == std::string_view::npos;
    if (kill.shares_mm)
        verb = text.find("ill process ");
    if (verb == std::string_view::npos || verb == 0)
        return std::nullopt;
    kill.message = message_before(text, verb - 1);
    TextCursor cursor{text.substr(verb)};
    cursor.take_until("process ");
    const auto pid = cursor.take_number<std::uint32_t>();
    if (!pid)
        return std::nullopt;
    kill.pid = *pid;
    const auto take_uid = [&](std::string_view head) {
        if (cursor.take(head))
            kill.uid = cursor.take_number<std::uint32_t>();
    };
    take_uid(", UID ");
    cursor.take(",");
    cursor.skip_spaces();
    if (!cursor.take("("))
        return std::nullopt;
    kill.comm = take_comm(cursor);
    take_uid(", UID ");
    const std::string_view tail = cursor.rest;
    kill.total_vm_bytes = size_after(tail, "total-vm:");
    if (!kill.total_vm_bytes)
        kill.total_vm_bytes = size_after(tail, "vsz:");
    kill.rss_anon_bytes = size_after(tail, "anon-rss:");
    kill.rss_file_bytes = size_after(tail, "file-rss:");
    kill.rss_shmem_bytes = size_after(tail, "shmem-rss:");
    kill.pgtables_bytes = size_after(tail, "pgtables:");
    if (TextCursor uid{tail}; uid.take_until("UID:"))
        kill.uid = uid.take_number<std::uint32_t>();
    if (TextCursor adj{tail}; adj.take_until("oom_score_adj:"))
        kill.oom_score_adj = adj.take_number<std::int32_t>();
    return kill;
}

bool parse_kill(std::string_view text, const LogLine &line, ParsedReport &report)
{
    auto kill = read_kill(text);
    if (!kill || report.kills.size() >= most_entries)
        return false;
    kill->monotonic_ns = line.monotonic_ns;
    report.kills.push_back(std::move(*kill));
    return true;
}

// Out of memory: Kill process 123 (x) score 900 or sacrifice child
bool parse_score(std::string_view text, ParsedReport &report)
{
    const std::size_t verb = text.find("ill process ");
    if (report.score || verb == std::string_view::npos || verb == 0)
        return false;
    ScoreLine score;
    score.message = message_before(text, verb - 1);
    TextCursor cursor{text.substr(verb + 12)};
    const auto pid = cursor.take_number<std::uint32_t>();
    if (!pid || !cursor.take(" ("))
        return false;
    score.pid = *pid;
    score.comm = take_comm(cursor);
    if (!cursor.take(" score "))
        return false;
    const auto points = cursor.take_number<std::int64_t>();
    if (!points)
        return false;
    score.score = *points;
    score.classic = begins(cursor.rest, " or a child");
    report.score = std::move(score);
    return true;
}

// oom_reaper: reaped process 102 (x), now anon-rss:0kB, file-rss:0kB, shmem-rss:4072kB     unable to reap pid:1 (x)
bool parse_reaped(std::string_view text, const LogLine &line, ParsedReport &report)
{
    TextCursor cursor{text};
    ReapedLine reaped;
    reaped.monotonic_ns = line.monotonic_ns;
    cursor.take("oom_reaper: ");
    reaped.unable = cursor.take("unable to reap pid:");
    if (!reaped.unable && !cursor.take("reaped process "))
        return false;
    const auto pid = cursor.take_number<std::uint32_t>();
    if (!pid || report.reaped.size() >= most_entries)
        return false;
    reaped.pid = *pid;
    if (!reaped.unable) {
        const auto anon = size_after(cursor.rest, "anon-rss:");
        const auto file = size_after(cursor.rest, "file-rss:");
        if (!anon || !file)
            return false;
        reaped.left_bytes = *anon + *file + size_after(cursor.rest, "shmem-rss:").value_or(0);
    }
    report.reaped.push_back(reaped);
    return true;
}

bool parse_already_exiting(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text};
    if (!cursor.take_until("OOM victim "))
        return false;
    const auto pid = cursor.take_number<std::uint32_t>();
    if (!pid || !cursor.take(" (") || report.already_exiting.size() >= most_entries)
        return false;
    const std::string_view comm = take_comm(cursor);
    report.already_exiting.push_back({*pid, std::string(comm)});
    return true;
}

} // namespace

bool parse_choice_line(LineKind kind, std::string_view text, const LogLine &line, ParsedReport &report)
{
    switch (kind) {
    case LineKind::summary:
        return parse_summary(text, line, report);
    case LineKind::score:
        return parse_score(text, report);
    case LineKind::kill:
        return parse_kill(text, line, report);
    case LineKind::already_exiting:
        return parse_already_exiting(text, report);
    case LineKind::group: {
        constexpr std::string_view head = "Tasks in ";
        report.group_path = text.substr(head.size(), text.rfind(" are going to be killed") - head.size());
        return true;
    }
    case LineKind::mm_pinned:
        if (report.mm_pinned_by.size() < most_entries)
            report.mm_pinned_by.emplace_back(text);
        return true;
    case LineKind::reaped:
        return parse_reaped(text, line, report);
    case LineKind::no_killable:
        report.no_killable = true;
        return true;
    default:
        report.panic = text;
        return true;
    }
}

} // namespace oomtrace::kernel_log
