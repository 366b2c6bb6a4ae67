// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/identities.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "identity/incident_paths.h"

namespace oomtrace
{
namespace
{

// What the path says holds; the host's files add what it does not say.
void add_names(const std::optional<std::string> &path, const Episode &episode, const MemcgTree &memcgs,
               CgroupIdentity &identity)
{
    const auto names = std::ranges::find_if(
        episode.cgroup_names, [&](const CgroupNames &each) { return path && memcgs.path(each.memcg_id) == path; });
    if (names == episode.cgroup_names.end()) {
        return;
    }
    const auto add = [](std::optional<std::string> &field, const std::optional<std::string> &name) {
        if (!field) {
            field = name;
        }
    };
    if (identity.container_id) {
        add(identity.container_runtime, names->container_runtime);
        add(identity.container_name, names->container_name);
    }
    if (identity.pod_uid) {
        add(identity.pod_name, names->pod_name);
        add(identity.pod_namespace, names->pod_namespace);
    }
}

ProcessIdentity found_identity(const Episode &episode, const std::vector<const TaskSnapshot *> &names_of_one_process)
{
    // The pid alone could be another process's by now.
    const auto read = std::ranges::find_if(episode.identities, [&](const ProcessIdentityRead &each) {
        return std::ranges::any_of(names_of_one_process, [&](const TaskSnapshot *task) {
            return each.pid == task->pid && each.start_boottime_ns == task->start_boottime_ns;
        });
    });
    if (read == episode.identities.end()) {
        const bool kthread = !names_of_one_process.empty() && names_of_one_process.front()->facts.kthread;
        return {std::nullopt, std::nullopt,
                kthread ? "a kernel thread has neither command line nor program" : "what it executes was not seen"};
    }
    ProcessIdentity identity{std::nullopt, read->exe, read->exe ? "" : "its program was not seen"};
    const auto note = [&](const char *text) { identity.note += std::string(identity.note.empty() ? "" : ", ") + text; };
    switch (read->arguments) {
    case ArgumentsState::cut:
        note("its command line goes on behind what is shown");
        [[fallthrough]];
    case ArgumentsState::whole:
        identity.cmdline = read->cmdline;
        break;
    case ArgumentsState::none:
        note("its command line is empty");
        break;
    case ArgumentsState::not_in_memory:
        note("its command line could not be read without a page fault");
        break;
    case ArgumentsState::withheld:
        break;
    }
    return identity;
}

// The records that name the victim: by the thread with which it was chosen, by the one that was killed.
std::vector<const TaskSnapshot *> names_of_victim(const Episode &episode, const Victim &victim)
{
    std::vector<const TaskSnapshot *> tasks;
    const auto add = [&](const TaskSnapshot &task) {
        if (task.tgid == victim.process.tgid) {
            tasks.push_back(&task);
        }
    };
    if (episode.choice) {
        add(episode.choice->body.task);
    }
    for (const Timed<Kill> &kill : episode.kills) {
        add(kill.body.task);
    }
    return tasks;
}

void add_note(std::string &notes, const char *whose, const std::string &note)
{
    if (!note.empty()) {
        notes += std::string(notes.empty() ? "" : "; ") + whose + ": " + note;
    }
}

} // namespace

void set_identities(const Episode &episode, const MemcgTree &memcgs, Incident &incident)
{
    const bool any_path = identify_by_paths(incident);
    std::string notes;
    bool any_read = false;
    const auto note = [&](const char *whose, const ProcessIdentity &identity) {
        any_read = any_read || identity.cmdline || identity.exe;
        add_note(notes, whose, identity.note);
    };
    if (episode.begin) {
        incident.trigger.identity = found_identity(episode, {&episode.begin->body.trigger});
        add_names(incident.trigger.process.cgroup, episode, memcgs, incident.trigger.cgroup_identity);
        note("trigger", incident.trigger.identity);
    }
    if (incident.victim) {
        Victim &victim = *incident.victim;
        victim.identity = found_identity(episode, names_of_victim(episode, victim));
        add_names(victim.process.cgroup, episode, memcgs, victim.cgroup_identity);
        note("victim", victim.identity);
    }
    add_names(incident.memcg.path, episode, memcgs, incident.memcg.identity);
    for (const CgroupNames &names : episode.cgroup_names) {
        const std::optional<std::string> path = memcgs.path(names.memcg_id);
        add_note(notes, path ? path->c_str() : "a cgroup", names.note);
    }
    Provenance &source = incident.provenance.identity;
    if (any_read) {
        source = {Source::observed, notes};
    } else if (!episode.cgroup_names.empty()) {
        source = {Source::procfs, notes};
    } else if (any_path) {
        source = {Source::recomputed, "from the paths of the cgroups alone" + (notes.empty() ? "" : "; " + notes)};
    } else {
        source = {Source::absent, notes.empty() ? "neither trigger nor victim is known" : notes};
    }
}

} // namespace oomtrace
