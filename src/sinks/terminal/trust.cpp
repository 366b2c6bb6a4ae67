// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/trust.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sinks/concat.h"
#include "sinks/known.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/table.h"
#include "sinks/terminal/units.h"

namespace oomtrace::terminal
{

namespace
{

struct Group {
    std::string_view name;
    const Provenance *provenance;
    bool expected = true; // false: this kind of incident has none, so that its absence is no news
};

std::vector<Group> groups_of(const Incident &incident)
{
    const ProvenanceTable &table = incident.provenance;
    const bool weighed = incident.outcome == Outcome::killed || incident.outcome == Outcome::group_kill ||
                         incident.outcome == Outcome::no_killable_task || incident.outcome == Outcome::unknown;
    const bool killed = incident.outcome == Outcome::killed || incident.outcome == Outcome::group_kill ||
                        incident.outcome == Outcome::victim_already_dying || incident.outcome == Outcome::unknown;
    return {
        {"outcome", &table.outcome},
        {"trigger", &table.trigger},
        {"allocation", &table.allocation},
        {"constraint", &table.constraint, weighed},
        {"memcg", &table.memcg, incident.scope == Scope::memcg},
        {"nodes", &table.nodes},
        {"swap", &table.swap},
        {"sysctls", &table.sysctls},
        {"candidates", &table.candidates, weighed},
        {"points", &table.points, weighed},
        {"victim", &table.victim, killed},
        {"kills", &table.kills, killed},
        {"after", &table.after, killed},
        {"host", &table.host},
        {"before", &table.before, incident.scope == Scope::global},
        {"identity", &table.identity, !incident.log_facts},
    };
}

// The groups of one source with their notes; groups of the same note stand together.
std::string notes_of(const Incident &incident, Source source)
{
    std::vector<std::pair<std::string, std::string_view>> names_by_note;
    for (const Group &group : groups_of(incident)) {
        if (group.provenance->source != source || !group.expected)
            continue;
        const std::string &note = group.provenance->note;
        bool joined = false;
        for (auto &[names, known_note] : names_by_note) {
            if (known_note == note) {
                names += ", ";
                names += group.name;
                joined = true;
            }
        }
        if (!joined)
            names_by_note.emplace_back(group.name, note);
    }
    std::string text;
    for (const auto &[names, note] : names_by_note) {
        if (!text.empty())
            text += "; ";
        text += names;
        if (!note.empty())
            text += concat({" (", safe_text(note), ")"});
    }
    return text;
}

Lines score_lines(const ScoreCheck &scores, std::size_t width)
{
    const std::uint64_t compared = scores.matched + scores.mismatched;
    if (compared == 0)
        return scores.not_comparable == 0 || scores.choice_follows
                   ? Lines{}
                   : labelled("checks", "scores: the kernel's own were not seen, so there is nothing to compare with", width);
    std::string text = fmt::format("scores worked out again from the sizes: {} of {} equal to the kernel's",
                                   count_text(scores.matched), count_text(compared));
    if (scores.exact_counters)
        text += ", with the exact counts of each CPU";
    if (scores.not_comparable != 0)
        text += fmt::format("; {} could not be compared", count_text(scores.not_comparable));
    if (scores.mismatched == 0)
        return labelled("checks", text, width, Style::good);
    Lines lines = labelled("checks", "DISAGREEMENT: " + text, width, Style::alert);
    for (const ScoreCheck::Mismatch &mismatch : scores.mismatches)
        add_labelled(lines, "",
                     fmt::format("pid {}: the kernel has {} points, the sizes make {}", mismatch.pid,
                                 count_text(mismatch.observed), count_text(mismatch.recomputed)),
                     width);
    if (scores.mismatched > scores.mismatches.size())
        add_labelled(lines, "", fmt::format("and {} more", count_text(scores.mismatched - scores.mismatches.size())), width);
    return lines;
}

Lines kill_check_lines(const KillCheck &check, std::string_view label, std::size_t width)
{
    const std::optional<bool> agree = check.agree();
    if (!agree)
        return {};
    std::string text;
    if (check.system)
        text = fmt::format("kills on this host since the incident before: {} counted by the kernel, {} seen",
                           count_text(check.system->counted), count_text(check.system->seen));
    if (check.memcg) {
        const std::string group = check.memcg->path.empty() ? "its cgroup" : safe_path_tail(check.memcg->path, 32);
        text += fmt::format("{}in this OOM: {} counted in {}, {} seen, {} listed", text.empty() ? "kills " : "; ",
                            count_text(check.memcg->counted), group, count_text(check.memcg->seen), count_text(check.listed));
    }
    return *agree ? labelled(label, text, width, Style::good) : labelled(label, "DISAGREEMENT: " + text, width, Style::alert);
}

Lines kernel_log_lines(const KernelLogCheck &check, std::string_view label, std::size_t width)
{
    constexpr std::size_t most_shown = 8;
    std::string note = check.note.empty() ? "" : "; " + safe_text(check.note);
    if (check.compared == 0)
        return check.note.empty() ? Lines{} : labelled(label, "not held against the kernel's own report" + note, width);
    if (check.moved != 0)
        note = fmt::format(" ({} of them moved while both were read){}", count_text(check.moved), note);
    if (check.mismatches.empty())
        return labelled(label,
                        fmt::format("the kernel's own report agrees in {}{}", counted(check.compared, "value", "values"), note),
                        width, Style::good);
    Lines lines = labelled(label,
                           fmt::format("the kernel's own report DISAGREES in {} of {}{}", count_text(check.mismatches.size()),
                                       counted(check.compared, "value", "values"), note),
                           width, Style::alert);
    for (std::size_t i = 0; i < std::min(check.mismatches.size(), most_shown); ++i) {
        const KernelLogCheck::Mismatch &mismatch = check.mismatches[i];
        add_labelled(lines, "",
                     fmt::format("{}: {} here, {} in the kernel's report", safe_text(mismatch.field), safe_text(mismatch.ours),
                                 safe_text(mismatch.kernel)),
                     width);
    }
    if (check.mismatches.size() > most_shown)
        add_labelled(lines, "", fmt::format("and {} more", check.mismatches.size() - most_shown), width);
    return lines;
}

// Of a log: whether the table's own scores lead to the kernel's choice.
Lines choice_check_lines(const ScoreCheck &scores, std::size_t width)
{
    if (!scores.choice_follows && scores.choice_note.empty())
        return {};
    if (!scores.choice_follows)
        return labelled("choice", "whether it follows from the table cannot be told: " + safe_text(scores.choice_note), width,
                        Style::warning);
    if (*scores.choice_follows)
        return labelled("choice", "follows from the scores of the table", width, Style::good);
    return labelled("choice", "does NOT follow from the scores of the table: " + safe_text(scores.choice_note), width,
                    Style::alert);
}

std::string walk_text(const Completeness &completeness)
{
    if (completeness.walk_stop == WalkStop::none)
        return "";
    std::string walk =
        fmt::format("{} walked in {}", counted(completeness.tasks_seen, "task", "tasks"), duration_text(completeness.walk_ns));
    switch (completeness.walk_stop) {
    case WalkStop::task_limit:
        return walk + ", then stopped: too many tasks";
    case WalkStop::time_limit:
        return walk + ", then stopped: out of time";
    case WalkStop::complete:
    case WalkStop::none:
        break;
    }
    return walk;
}

} // namespace

Lines trust_lines(const Incident &incident, std::size_t width)
{
    Lines lines = score_lines(incident.scores, width);
    lines.append(kill_check_lines(incident.kill_check, lines.empty() ? "checks" : "", width));
    if (incident.host.attach_method != AttachMethod::kernel_log)
        lines.append(kernel_log_lines(incident.kernel_log_check, lines.empty() ? "checks" : "", width));
    lines.append(choice_check_lines(incident.scores, width));
    const Completeness &completeness = incident.completeness;
    if (!completeness.complete) {
        std::string text = "INCOMPLETE, missing:";
        for (std::size_t i = 0; i < completeness.missing.size(); ++i)
            text += fmt::format("{}{}", i == 0 ? " " : "; ", safe_text(completeness.missing[i]));
        if (completeness.missing.empty())
            text += " not known what";
        add_labelled(lines, "record", text, width, Style::alert);
    }
    std::string text = completeness.complete ? "complete, id " : "id ";
    text += incident.id.empty() ? "not known" : safe_text(incident.id);
    if (incident.host.attach_method == AttachMethod::unknown)
        text += ", attached in a way that is not known";
    else if (incident.host.attach_method == AttachMethod::kernel_log)
        text += ", read from the kernel's log";
    else
        text += fmt::format(", attached by {}", name_of(incident.host.attach_method));
    if (const std::string walk = walk_text(completeness); !walk.empty())
        text += ", " + walk;
    add_labelled(lines, completeness.complete ? "record" : "", text, width);
    if (!incident.host.method_note.empty())
        add_labelled(lines, "", safe_text(incident.host.method_note), width);
    if (const std::string notes =
            incident.host.attach_method == AttachMethod::kernel_log ? "" : notes_of(incident, Source::kernel_log);
        !notes.empty())
        add_labelled(lines, "from log", notes, width);
    if (const std::string notes = notes_of(incident, Source::recomputed); !notes.empty())
        add_labelled(lines, "recomputed", notes, width);
    if (const std::string notes = notes_of(incident, Source::absent); !notes.empty())
        add_labelled(lines, "not known", notes, width);
    return lines;
}

Lines provenance_lines(const Incident &incident, std::size_t width)
{
    Table table({{"facts", Align::left}, {"source", Align::left}, {"note", Align::left}});
    for (const Group &group : groups_of(incident))
        table.add_row(
            {{std::string(group.name)}, {std::string(name_of(group.provenance->source))}, {safe_text(group.provenance->note)}});
    Lines lines = section("SOURCES", "where the facts come from", width);
    table.add_to(lines, 2, width);
    return lines;
}

} // namespace oomtrace::terminal
