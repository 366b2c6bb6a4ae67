// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/log_witness.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernel_log/compare_incidents.h"
#include "kernel_log/compare_text.h"
#include "kernel_log/log_reader.h"
#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

constexpr std::string_view first_line = " invoked oom-killer: ";
constexpr std::array<std::string_view, 2> last_lines_without_kill{"Out of memory and no killable processes",
                                                                  " is already exiting. Skip killing the task"};
constexpr std::size_t drop_bytes = LogWitness::most_bytes / 4; // at once
constexpr int most_around = 3;                                 // reports that a report may be interleaved with, on each side
constexpr std::size_t most_looked_at = 64;                     // lines that name the same process

constexpr std::string_view nobody_chosen = "the kernel prints no report where it does not choose anybody";

// The kernel prints nothing of these, or nothing that tells them apart.
std::string_view why_no_report(const Incident &incident)
{
    switch (incident.outcome) {
    case Outcome::aborted:
    case Outcome::notifier_freed:
        return nobody_chosen;
    case Outcome::panic:
        return "the log is not read while the kernel panics";
    default:
        return "";
    }
}

// What stands in the lines that tell whom a report is of.
std::vector<std::string> names_of(const Incident &incident)
{
    std::vector<std::string> names;
    if (incident.victim) {
        const Process &victim = incident.victim->process;
        for (const std::uint32_t pid : {victim.pid, victim.tgid}) {
            if (pid == 0 || (pid == victim.pid && !names.empty()))
                continue;
            names.push_back(fmt::format("Killed process {} (", pid));
            names.push_back(fmt::format(",pid={},uid=", pid));
        }
    } else if (incident.trigger.process.pid != 0) {
        names.push_back(fmt::format(" PID: {} ", incident.trigger.process.pid));
    }
    return names;
}

bool same_victim(const Incident &ours, const Incident &kernel)
{
    // One that is dying was the victim of another report before, most often.
    if (ours.outcome == Outcome::victim_already_dying && kernel.outcome != Outcome::victim_already_dying)
        return false;
    if (!ours.victim || !kernel.victim)
        return ours.victim.has_value() == kernel.victim.has_value();
    const Process &own = ours.victim->process, &named = kernel.victim->process;
    return named.pid == own.pid || named.pid == own.tgid;
}

// A report without the line that names the trigger's pid does not contradict.
bool same_trigger(const Incident &ours, const Incident &kernel)
{
    const Process &own = ours.trigger.process, &named = kernel.trigger.process;
    if (ours.provenance.trigger.source == Source::absent)
        return true;
    return (named.pid == 0 || own.pid == named.pid) && (named.comm.empty() || same_comm(own.comm, named.comm));
}

bool has_first_line(const Incident &kernel)
{
    return !kernel.trigger.process.comm.empty();
}

std::size_t line_start(std::string_view text, std::size_t at)
{
    const std::size_t feed = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    return feed == std::string_view::npos ? 0 : feed + 1;
}

void fill_from(const Incident &kernel, Incident &incident)
{
    Allocation &allocation = incident.allocation;
    if (!allocation.gfp_mask && !allocation.order && kernel.allocation.gfp_mask && kernel.allocation.order) {
        allocation.gfp_mask = kernel.allocation.gfp_mask;
        allocation.gfp_flags = kernel.allocation.gfp_flags;
        allocation.highest_zone = kernel.allocation.highest_zone;
        allocation.order = kernel.allocation.order;
        incident.provenance.allocation = {Source::kernel_log, "gfp_mask and order; the nodes were read by the tracer"};
        if (!allocation.nodemask_known && kernel.allocation.nodemask_known) {
            allocation.nodemask = kernel.allocation.nodemask;
            allocation.nodemask_known = true;
            incident.provenance.allocation.note = "";
        }
    }
    if (!incident.constraint && kernel.constraint && kernel.provenance.constraint.source == Source::kernel_log) {
        incident.constraint = kernel.constraint;
        incident.provenance.constraint = {Source::kernel_log, ""};
        if (incident.scope == Scope::unknown)
            incident.scope = kernel.scope;
    }
    // /proc/meminfo was read when the victim may have given its swap back.
    if (incident.provenance.swap.source != Source::observed && kernel.swap.total_bytes && kernel.swap.free_bytes) {
        incident.swap = kernel.swap;
        incident.provenance.swap = {Source::kernel_log, ""};
    }
    if (!incident.memcg.path && kernel.scope == Scope::memcg && kernel.memcg.path) {
        incident.memcg.path = kernel.memcg.path;
        incident.memcg.limit_bytes = kernel.memcg.limit_bytes;
        incident.memcg.usage_bytes = kernel.memcg.usage_bytes;
        for (MemcgLevel &level : incident.memcg.levels)
            level.fired = same_path(level.path, *kernel.memcg.path);
        incident.provenance.memcg = {Source::kernel_log, "which level fired; the levels were read by the tracer"};
        if (incident.memcg.levels.empty()) {
            incident.memcg.levels = kernel.memcg.levels;
            incident.provenance.memcg.note = "";
        }
    }
}

void append_note(std::string &note, std::string_view more)
{
    note += fmt::format("{}{}", note.empty() ? "" : "; ", more);
}

} // namespace

void LogWitness::on_line(const KernelLogLine &line)
{
    switch (line.event) {
    case LogEvent::listening:
        *this = LogWitness(); // another run begins
        listening_ = true;
        // Memory is short when lines come.
        text_.reserve(most_bytes + 4096);
        return;
    case LogEvent::unreadable:
        *this = LogWitness();
        unreadable_ = line.text;
        return;
    case LogEvent::overwritten:
        overwritten_ = true;
        return;
    case LogEvent::backlog_end:
        return;
    case LogEvent::text:
        break;
    }
    if (!line.earlier_boot)
        add(line.text, !line.more);
}

void LogWitness::add(std::string_view text, bool ends)
{
    if (text_.size() + text.size() + 1 > most_bytes) {
        const std::size_t feed = text_.find('\n', drop_bytes);
        const std::size_t drop = feed == std::string::npos ? text_.size() : feed + 1;
        text_.erase(0, drop);
        dropped_bytes_ += drop;
        used_.erase(used_.begin(), std::ranges::lower_bound(used_, dropped_bytes_));
    }
    text_ += text;
    if (ends)
        text_ += '\n';
}

// The lines between the first line of the report that the hit is of, and the first line of the next.
std::optional<Incident> LogWitness::report_around(std::size_t hit, const Incident &incident) const
{
    const std::string_view text = text_;
    std::size_t from = hit, to = hit;
    for (int around = 0; around < most_around; ++around) {
        const std::size_t before = from == 0 ? std::string_view::npos : text.rfind(first_line, from - 1);
        from = before == std::string_view::npos ? 0 : line_start(text, before);
        const std::size_t after = find_part(text.substr(to), first_line);
        to = after == std::string_view::npos ? text.size() : to + after + first_line.size();

        std::optional<Incident> found;
        const auto take = [&](const Incident &kernel) {
            if (same_victim(incident, kernel) && same_trigger(incident, kernel) &&
                (!found || (has_first_line(kernel) && !has_first_line(*found))))
                found = kernel;
        };
        LogReader reader(take, "");
        reader.set_page_size(incident.host.page_size);
        reader.feed(text.substr(from, (to == text.size() ? to : line_start(text, to)) - from));
        reader.finish();
        if (found && has_first_line(*found))
            return found;
        if (from == 0 && to == text.size())
            break;
    }
    // A report that the kernel held back, but for the kill: it stands alone, whatever came before.
    std::optional<Incident> found;
    LogReader reader(
        [&](const Incident &kernel) {
            if (incident.victim && same_victim(incident, kernel))
                found = kernel;
        },
        "");
    reader.set_page_size(incident.host.page_size);
    const std::size_t start = line_start(text, hit);
    reader.feed(text.substr(start, text.find('\n', hit) - start + 1));
    reader.finish();
    return found;
}

std::optional<Incident> LogWitness::find_report(const Incident &incident)
{
    const std::string_view text = text_;
    std::vector<std::size_t> hits;
    for (const std::string &name : names_of(incident)) {
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t next = find_part(text.substr(at), name);
            if (next == std::string_view::npos)
                break;
            hits.push_back(at + next);
            at += next + name.size();
        }
    }
    // The latest of a victim's: an earlier one is of another process with its number. The earliest that was not taken of those
    // without a victim: the same task may try again and again.
    if (incident.victim)
        std::sort(hits.begin(), hits.end(), std::greater<>());
    else
        std::sort(hits.begin(), hits.end());
    std::erase_if(hits, [this](std::size_t at) { return std::ranges::binary_search(used_, dropped_bytes_ + at); });
    if (hits.size() > most_looked_at)
        hits.resize(most_looked_at);
    for (const std::size_t hit : hits) {
        if (auto found = report_around(hit, incident)) {
            used_.insert(std::ranges::lower_bound(used_, dropped_bytes_ + hit), dropped_bytes_ + hit);
            return found;
        }
    }
    return std::nullopt;
}

std::optional<Incident> LogWitness::take_report_without_kill(std::uint64_t page_size)
{
    if (text_.empty() || text_.back() != '\n')
        return std::nullopt;
    const std::string_view text = text_;
    const std::string_view last = text.substr(line_start(text, text.size() - 1));
    if (std::ranges::none_of(last_lines_without_kill,
                             [&](std::string_view words) { return last.find(words) != std::string_view::npos; }))
        return std::nullopt;
    const std::size_t first = text.rfind(first_line);
    if (first == std::string_view::npos)
        return std::nullopt;
    const std::size_t begin = line_start(text, first);
    std::optional<Incident> found;
    LogReader reader([&](Incident &&incident) { found = std::move(incident); }, "");
    reader.set_page_size(page_size);
    reader.feed(text.substr(begin));
    reader.finish();
    // Of a memory.oom.group one may be found dying after others were killed.
    const auto killed = [](const KilledProcess &kill) { return kill.signalled; };
    if (!found || std::ranges::any_of(found->kills, killed))
        return std::nullopt;
    for (const std::string &name : names_of(*found)) {
        for (std::size_t at = text.find(name, begin); at != std::string_view::npos; at = text.find(name, at + 1))
            used_.insert(std::ranges::lower_bound(used_, dropped_bytes_ + at), dropped_bytes_ + at);
    }
    return found;
}

void LogWitness::attend(Incident &incident)
{
    KernelLogCheck &check = incident.kernel_log_check;
    if (!listening_) {
        check.note = unreadable_.empty() ? "the kernel's log was not read" : "the kernel's log was not read: " + unreadable_;
        return;
    }
    if (const std::string_view why = why_no_report(incident); !why.empty()) {
        check.note = why;
        return;
    }
    const auto kernel = find_report(incident);
    if (!kernel) {
        // There is one where the choice was made before it was seen that the chosen one is exiting.
        check.note = incident.outcome == Outcome::victim_already_dying ? nobody_chosen
                                                                       : "no report of this OOM was found in the kernel's log";
        if (overwritten_)
            append_note(check.note, "lines of it were overwritten before they were read");
        return;
    }
    check = compare(incident, *kernel);
    if (!has_first_line(*kernel))
        append_note(check.note, "the kernel held back all of its report but the kill (it limits their rate)");
    else if (incident.victim && kernel->kills.empty())
        append_note(check.note, "the line of the kill had not come yet");
    if (overwritten_)
        append_note(check.note, "lines of the kernel's log were overwritten before they were read");
    overwritten_ = false;
    fill_from(*kernel, incident);
}

} // namespace oomtrace::kernel_log
