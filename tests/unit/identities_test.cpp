// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/identities.h"

#include <gmock/gmock.h>

namespace oomtrace::test
{
namespace
{

TEST(Identities, FromRecords)
{
    const std::string id = "3f2a9c0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b";
    Episode episode;
    const auto memcg = [](std::uint64_t number, std::uint64_t parent, const std::string &name) {
        MemcgState state;
        state.id = number;
        state.parent_id = parent;
        state.name = name;
        state.root = parent == 0;
        return state;
    };
    episode.memcgs = {memcg(1, 0, ""), memcg(2, 1, "docker"), memcg(3, 2, id), memcg(4, 1, "system.slice"),
                      memcg(5, 4, "a.service")};
    const MemcgTree tree(episode.memcgs);

    const auto task = [](std::uint32_t pid, std::uint32_t tgid, std::uint64_t start_ns) {
        TaskSnapshot snapshot;
        snapshot.pid = pid;
        snapshot.tgid = tgid;
        snapshot.start_boottime_ns = start_ns;
        return snapshot;
    };
    episode.begin.emplace();
    episode.begin->body.trigger = task(70, 70, 7000);
    // Chosen by its leader, killed by the thread that has the mm.
    episode.choice.emplace();
    episode.choice->body.task = task(80, 80, 8000);
    episode.kills.resize(1);
    episode.kills[0].body.task = task(81, 80, 8100);
    episode.identities = {{81, 8100, "/bin/victim", ArgumentsState::whole, "victim --x"},
                          {70, 6999, "/bin/else", ArgumentsState::whole, "somebody else"}};
    CgroupNames names;
    names.memcg_id = 3;
    names.container_name = "web";
    names.pod_name = "of no pod";
    CgroupNames of_a_unit;
    of_a_unit.memcg_id = 5;
    of_a_unit.container_name = "not a container";
    episode.cgroup_names = {names, of_a_unit};

    Incident incident;
    incident.trigger.process.cgroup = "/system.slice/a.service";
    incident.victim.emplace();
    incident.victim->process.pid = 81;
    incident.victim->process.tgid = 80;
    incident.victim->process.cgroup = "/docker/" + id;
    incident.memcg.path = "/docker";
    set_identities(episode, tree, incident);

    EXPECT_EQ(incident.victim->identity, (ProcessIdentity{"victim --x", "/bin/victim", ""}));
    CgroupIdentity container;
    container.container_runtime = "docker";
    container.container_id = id;
    container.container_name = "web";
    EXPECT_EQ(incident.victim->cgroup_identity, container);
    EXPECT_EQ(incident.memcg.identity, CgroupIdentity{}) << "the limit's group is above the victim's";
    // A task with the trigger's pid that started at another time is not the trigger.
    EXPECT_EQ(incident.trigger.identity, (ProcessIdentity{std::nullopt, std::nullopt, "what it executes was not seen"}));
    CgroupIdentity unit;
    unit.systemd_slice = "system.slice";
    unit.systemd_unit = "a.service";
    EXPECT_EQ(incident.trigger.cgroup_identity, unit);
    EXPECT_EQ(incident.provenance.identity.source, Source::observed);
    EXPECT_EQ(incident.provenance.identity.note, "trigger: what it executes was not seen");

    episode.identities.clear();
    episode.cgroup_names.clear();
    set_identities(episode, tree, incident);
    EXPECT_EQ(incident.provenance.identity.source, Source::recomputed);
    incident.trigger.process.cgroup = incident.victim->process.cgroup = "/";
    incident.trigger.cgroup_identity = incident.victim->cgroup_identity = {};
    set_identities(episode, tree, incident);
    EXPECT_EQ(incident.provenance.identity.source, Source::absent);
    EXPECT_EQ(incident.provenance.identity.note,
              "trigger: what it executes was not seen; victim: what it executes was not seen");
}

TEST(Identities, WhatIsNotThereIsAbsentWithTheReason)
{
    Episode episode;
    episode.begin.emplace();
    episode.begin->body.trigger.pid = episode.begin->body.trigger.tgid = 70;
    const auto identity = [&] {
        Incident incident;
        set_identities(episode, MemcgTree(episode.memcgs), incident);
        return incident.trigger.identity;
    };
    const auto with = [&](ArgumentsState state, const char *cmdline) {
        episode.identities = {{70, 0, "/bin/a", state, cmdline}};
        return identity();
    };
    EXPECT_EQ(with(ArgumentsState::whole, "a b"), (ProcessIdentity{"a b", "/bin/a", ""}));
    EXPECT_EQ(with(ArgumentsState::cut, "a b"),
              (ProcessIdentity{"a b", "/bin/a", "its command line goes on behind what is shown"}));
    EXPECT_EQ(with(ArgumentsState::none, ""), (ProcessIdentity{std::nullopt, "/bin/a", "its command line is empty"}));
    EXPECT_EQ(with(ArgumentsState::not_in_memory, ""),
              (ProcessIdentity{std::nullopt, "/bin/a", "its command line could not be read without a page fault"}));
    EXPECT_EQ(with(ArgumentsState::withheld, ""), (ProcessIdentity{std::nullopt, "/bin/a", ""}));

    episode.identities = {{70, 0, std::nullopt, ArgumentsState::none, ""}};
    EXPECT_EQ(identity().note, "its program was not seen, its command line is empty");
    episode.identities.clear();
    episode.begin->body.trigger.facts.kthread = true;
    EXPECT_EQ(identity().note, "a kernel thread has neither command line nor program");
}

} // namespace
} // namespace oomtrace::test
