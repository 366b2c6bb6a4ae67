// SPDX-License-Identifier: Apache-2.0
//
// Who asked for memory, and how: the first lines of a report.
#include <algorithm>

#include "kernel_log/line_parser.h"
#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

constexpr std::size_t most_frames = 128;
constexpr std::size_t usual_frames = 24;

// python invoked oom-killer: gfp_mask=0x1200d2, order=0, oomkilladj=4
// eater invoked oom-killer: gfp_mask=0x100dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), order=0, oom_score_adj=0
// cc1 invoked oom-killer: gfp_mask=0x14200ca(GFP_HIGHUSER_MOVABLE), nodemask=(null),  order=0, oom_score_adj=0
// oom-killer: gfp_mask=0xd0
bool parse_invocation(std::string_view text, ParsedReport &report)
{
    constexpr std::string_view marker = "oom-killer: ";
    constexpr std::string_view verb = " invoked ";
    const std::size_t at = text.rfind(marker, text.find("gfp_mask="));
    if (at == std::string_view::npos)
        return false;
    std::string_view comm = text.substr(0, at);
    if (comm.ends_with(verb))
        comm.remove_suffix(verb.size());
    else if (!without_trailing_spaces(comm).empty())
        return false;
    report.has_invocation = true;
    report.trigger_comm = comm;
    TextCursor cursor{text.substr(at + marker.size())};
    while (!cursor.at_end()) {
        cursor.skip_spaces();
        const auto key = cursor.take_until("=");
        if (!key)
            break;
        if (*key == "gfp_mask") {
            const bool hex = cursor.take("0x");
            report.gfp_mask = cursor.take_any_number<std::uint32_t>(hex ? 16 : 10);
            if (cursor.take("(")) {
                if (const auto names = cursor.take_until(")"))
                    report.gfp_names = *names;
            }
        } else if (*key == "order") {
            report.order = cursor.take_number<std::int32_t>();
        } else if (*key == "oom_score_adj") {
            report.trigger_oom_score_adj = cursor.take_number<std::int32_t>();
        } else if (*key == "oom_adj" || *key == "oomkilladj") {
            report.trigger_oom_adj = cursor.take_number<std::int32_t>();
        } else if (*key == "nodemask") {
            // A list has commas of its own: it ends where the next key begins.
            const std::size_t end = cursor.rest.find(", ");
            const std::string_view value = cursor.rest.substr(0, end);
            report.nodemask = parse_node_list(without_trailing_spaces(value));
            report.has_nodemask = report.nodemask || begins(value, "(null)");
            cursor.rest.remove_prefix(value.size());
        }
        if (!cursor.take_until(","))
            break;
    }
    return true;
}

// The release stands after "Not tainted" or after "Tainted:" and its letters: the first word that begins like "6.1".
std::string_view release_of(std::string_view text)
{
    TextCursor cursor{text};
    while (!cursor.at_end()) {
        cursor.skip_spaces();
        const std::string_view word = cursor.take_word();
        TextCursor inside{word};
        if (inside.take_number<std::uint32_t>() && inside.take(".") && is_digit(inside.peek()))
            return word;
    }
    return {};
}

// CPU: 1 UID: 0 PID: 103 Comm: eater Not tainted 6.12.1 #1 ...     Pid: 13996, comm: python Not tainted 2.6.27 #9
bool parse_cpu(std::string_view text, ParsedReport &report)
{
    if (report.trigger_pid)
        return false;
    const bool old = begins(text, "Pid: ");
    const std::size_t comm_at = text.find(old ? ", comm: " : " Comm: ");
    if (comm_at == std::string_view::npos)
        return false;
    const std::string_view head = text.substr(0, comm_at);
    const std::size_t pid_at = old ? 5 : head.find(" PID: ");
    if (pid_at == std::string_view::npos)
        return false;
    TextCursor pid{head.substr(old ? 5 : pid_at + 6)};
    report.trigger_pid = pid.take_number<std::uint32_t>();
    if (const std::size_t uid_at = head.find(" UID: "); uid_at != std::string_view::npos) {
        TextCursor uid{head.substr(uid_at + 6)};
        report.trigger_uid = uid.take_number<std::uint32_t>();
    }
    std::string_view tail = text.substr(comm_at + (old ? 8 : 7));
    const std::size_t clean = tail.find(" Not tainted ");
    const std::size_t tainted = tail.find(" Tainted: ");
    const std::size_t end = std::min(clean, tainted);
    if (end != std::string_view::npos) {
        report.kernel = release_of(tail.substr(end + (end == clean ? 13 : 10)));
        if (report.trigger_comm.empty()) {
            std::string_view comm = tail.substr(0, end);
            comm = comm.substr(0, comm.find(" Kdump: "));
            report.trigger_comm = without_trailing_spaces(comm);
        }
    }
    return report.trigger_pid.has_value();
}

// "eater cpuset=/ mems_allowed=0-1"
bool parse_cpuset(std::string_view text, ParsedReport &report)
{
    const std::size_t at = text.find(" cpuset=");
    const std::size_t mems = text.find(" mems_allowed=", at);
    if (mems == std::string_view::npos)
        return false;
    report.cpuset = text.substr(at + 8, mems - at - 8);
    report.mems_allowed = parse_node_list(without_trailing_spaces(text.substr(mems + 14)));
    return true;
}

// " dump_stack+0x6b/0x83"     " [<ffffffff8025ab6b>] oom_kill_process+0x57/0x1dc"     " ? error_exit+0x0/0x51": not reliable
bool parse_stack(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text};
    cursor.skip_spaces();
    if (begins(cursor.rest, "RIP: ") || begins(cursor.rest, "RSP: ") || begins(cursor.rest, "EIP: "))
        report.x86_registers = true;
    StackFrame frame;
    if (cursor.take("[<")) {
        frame.address = cursor.take_any_number<std::uint64_t>(16).value_or(0);
        if (!cursor.take_until("]"))
            return true;
        cursor.skip_spaces();
    }
    const std::size_t plus = cursor.rest.find("+0x");
    if (plus == std::string_view::npos || plus == 0 || cursor.peek() == '?' || report.stack.size() >= most_frames)
        return true;
    const std::size_t slash = cursor.rest.find('/', plus);
    const std::string_view symbol = cursor.rest.substr(0, slash);
    if (slash == std::string_view::npos || symbol.find(' ') != std::string_view::npos)
        return true;
    frame.symbol = symbol;
    if (report.stack.empty())
        report.stack.reserve(usual_frames);
    report.stack.push_back(std::move(frame));
    return true;
}

} // namespace

bool parse_head_line(LineKind kind, std::string_view text, ParsedReport &report)
{
    switch (kind) {
    case LineKind::invocation:
        return parse_invocation(text, report);
    case LineKind::cpu:
        return parse_cpu(text, report);
    case LineKind::cpuset:
        return parse_cpuset(text, report);
    default:
        return parse_stack(text, report);
    }
}

} // namespace oomtrace::kernel_log
