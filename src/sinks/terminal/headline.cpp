// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/headline.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "sinks/concat.h"
#include "sinks/known.h"
#include "sinks/terminal/names.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/units.h"
#include "sinks/time_text.h"

namespace oomtrace::terminal
{

namespace
{

std::string global_cause(const Incident &incident)
{
    const Allocation &allocation = incident.allocation;
    if (!incident.constraint)
        return "memory ran out on the host, or on the nodes that were allowed";
    if (*incident.constraint == Constraint::cpuset) {
        const std::string nodes =
            allocation.mems_allowed ? fmt::format(" ({})", number_list_text(*allocation.mems_allowed)) : "";
        const std::string cpuset =
            incident.trigger.cpuset ? fmt::format("cpuset {}", safe_text(*incident.trigger.cpuset)) : "a cpuset";
        return fmt::format("the memory nodes{} of {} ran out", nodes, cpuset);
    }
    if (*incident.constraint == Constraint::memory_policy) {
        const std::string nodes = allocation.nodemask ? fmt::format(" ({})", number_list_text(*allocation.nodemask)) : "";
        return fmt::format("the memory nodes{} of a NUMA policy ran out", nodes);
    }
    const std::int32_t order = allocation.order.value_or(0);
    if (order > 0 && order < 64 && incident.host.page_size != 0)
        return fmt::format("the host could not give {} in one piece", exact_bytes_text(incident.host.page_size << order));
    return "the host ran out of memory";
}

std::string cause(const Incident &incident, std::size_t path_width)
{
    switch (incident.scope) {
    case Scope::memcg: {
        const MemcgLimit &memcg = incident.memcg;
        const FiredLimit limit = fired_limit(memcg);
        const std::string group = memcg.path ? fmt::format("cgroup {}", safe_path_tail(*memcg.path, path_width)) : "a cgroup";
        if (limit.max_bytes)
            return fmt::format("{} hit its {} {}limit", group, exact_bytes_text(*limit.max_bytes), limit.kind);
        return fmt::format("{} hit its limit", group);
    }
    case Scope::global:
        return global_cause(incident);
    case Scope::sysrq:
        return "asked for by hand (SysRq f)";
    case Scope::unknown:
        break;
    }
    return "whose memory ran out is not known";
}

std::string asked_by(const Incident &incident)
{
    if (incident.scope == Scope::sysrq)
        return "";
    if (!is_known(incident.trigger, incident.provenance.trigger))
        return "; who asked is not known";
    const Process &asker = incident.trigger.process;
    if (incident.victim && asker.tgid != 0 && incident.victim->process.tgid == asker.tgid)
        return "; asked by itself";
    return "; asked by " + process_label_with_thread(incident.trigger.process);
}

std::string victim_text(const Incident &incident, const char *unknown)
{
    if (!incident.victim)
        return unknown;
    const Victim &victim = *incident.victim;
    if (!is_known(victim.memory))
        return process_label_with_thread(victim.process);
    return concat({process_label_with_thread(victim.process), " (", held_text(victim.memory), ")"});
}

std::string group_text(const Incident &incident, std::size_t path_width)
{
    std::uint64_t held = 0;
    for (const KilledProcess &kill : incident.kills)
        held += kill.memory ? kill.memory->rss_bytes() : 0;
    const MemcgLevel *level = group_level(incident.memcg);
    const std::string group =
        level != nullptr && !level->path.empty() ? fmt::format(" of cgroup {}", safe_path_tail(level->path, path_width)) : "";
    return fmt::format("{} ({}){} killed as one group, {} chosen", counted(incident.kills.size(), "process", "processes"),
                       bytes_text(held), group, victim_text(incident, "which one is not known to be"));
}

std::string earlier_victim(const Incident &incident)
{
    const auto found = std::find_if(incident.candidates.begin(), incident.candidates.end(), [](const CandidateTask &candidate) {
        return candidate.skip_reason == SkipReason::already_victim;
    });
    if (found == incident.candidates.end())
        return "an earlier victim";
    return fmt::format("{}, killed earlier,", process_label_with_thread(found->process));
}

std::string when_and_where(const Incident &incident)
{
    const auto realtime_ns = known_realtime_ns(incident);
    const std::string when = realtime_ns ? rfc3339_utc(*realtime_ns, TimeDigits::milliseconds) : "time-not-known";
    const std::string where = incident.host.hostname.empty() ? "host-not-known" : safe_text(incident.host.hostname);
    return fmt::format("{} {}", when, where);
}

Headline headline_by_outcome(const Incident &incident, std::size_t path_width)
{
    const std::string why = cause(incident, path_width) + asked_by(incident);
    switch (incident.outcome) {
    case Outcome::killed:
        return {"OOM KILL", concat({victim_text(incident, "a process that is not known was"), " killed: ", why}), Style::alert};
    case Outcome::group_kill:
        return {"OOM GROUP KILL", fmt::format("{}: {}", group_text(incident, path_width), why), Style::alert};
    case Outcome::victim_already_dying:
        return {"OOM NO NEW KILL",
                fmt::format("{} was exiting already and was left to it: {}", victim_text(incident, "a process"), why),
                Style::warning};
    case Outcome::aborted:
        return {"OOM NO NEW KILL", fmt::format("{} is still exiting: {}", earlier_victim(incident), why), Style::warning};
    case Outcome::no_killable_task:
        return {"OOM NO VICTIM", fmt::format("nothing could be killed: {}", why), Style::alert};
    case Outcome::notifier_freed:
        return {"OOM AVERTED", fmt::format("a kernel driver gave memory back, nothing was killed: {}", why), Style::warning};
    case Outcome::panic: {
        const auto setting = incident.sysctls.panic_on_oom.value_or(0);
        const std::string because = setting > 0 ? fmt::format(" (vm.panic_on_oom = {})", setting) : "";
        return {"OOM PANIC", fmt::format("the kernel panicked instead of killing{}: {}", because, why), Style::alert};
    }
    case Outcome::unknown:
        break;
    }
    if (!incident.victim)
        return {"OOM END NOT SEEN", fmt::format("what the kernel did is not known: {}", why), Style::alert};
    const bool signalled =
        std::any_of(incident.kills.begin(), incident.kills.end(), [](const KilledProcess &kill) { return kill.signalled; });
    return {"OOM END NOT SEEN",
            fmt::format("{} {}, what became of it is not known: {}", victim_text(incident, ""),
                        signalled ? "was sent SIGKILL" : "was chosen", why),
            Style::alert};
}

} // namespace

Headline headline(const Incident &incident, std::size_t path_width)
{
    Headline head = headline_by_outcome(incident, path_width);
    if (incident.before_start)
        head.sentence += "; before oomtrace started";
    return head;
}

std::string brief_facts(const Incident &incident)
{
    const Headline head = headline(incident, std::numeric_limits<std::size_t>::max());
    std::string line = fmt::format("{} {}", head.tag, head.sentence);
    if (incident.victim && incident.victim->points && std::isfinite(incident.victim->share_of_total.value_or(NAN))) {
        const Victim &victim = *incident.victim;
        line += fmt::format("; score {}{} = {} of the total", victim.points_source == PointsSource::recomputed ? "~" : "",
                            count_text(*victim.points), percent_text(*victim.share_of_total));
        if (victim.runner_up)
            line += fmt::format(", next {} with {}", process_label(victim.runner_up->comm, victim.runner_up->pid),
                                count_text(victim.runner_up->points));
    }
    if (incident.after.returned_bytes) {
        line += fmt::format("; {} came back", bytes_text(*incident.after.returned_bytes));
        if (incident.after.to_release_ns)
            line += fmt::format(" in {}", duration_text(*incident.after.to_release_ns));
    }
    if (!incident.kernel_log_check.mismatches.empty())
        line += "; KERNEL'S REPORT DISAGREES";
    if (!incident.completeness.complete)
        line += "; RECORD INCOMPLETE";
    return line;
}

std::string brief_line(const Incident &incident)
{
    return fmt::format("{} {}; id {}", when_and_where(incident), brief_facts(incident),
                       incident.id.empty() ? "not-known" : safe_text(incident.id));
}

} // namespace oomtrace::terminal
