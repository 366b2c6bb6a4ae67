// SPDX-License-Identifier: Apache-2.0
#include "support/sample_incident.h"

#include <algorithm>
#include <utility>

#include "support/sample_memory.h"

namespace oomtrace::sample
{

namespace
{

constexpr std::uint64_t page = 4 * kib;
constexpr std::uint64_t invoked_ns = 123'456'789'012'345;
constexpr std::string_view boot_id = "9f1c2d3e-0b7a-4c55-8d1e-6a1f0c9b7e42";

Incident base(std::uint64_t episode)
{
    Incident incident;
    incident.id = "9f1c2d3e-" + std::to_string(episode) + "-7048860ddf79";
    incident.episode = episode;
    incident.monotonic_ns = invoked_ns;
    incident.realtime_ns = 1'772'334'765'123'456'789; // 2026-03-01T03:12:45.123456789Z
    incident.host = {"db-7", std::string(boot_id), "6.12.48-amd64", "x86_64", "0.1.0", page, AttachMethod::fentry, "", 2};
    incident.sysctls = {0, 0, 1, 0, 50, 0, 67584, 10, 60, {256, 256, 32, 0, 0}};
    incident.hugetlb = {2 * mib, 0, 0};
    const Provenance observed{Source::observed, ""};
    const Provenance procfs{Source::procfs, ""};
    incident.provenance = {observed, observed, observed, observed, observed, observed, procfs,   procfs,
                           observed, observed, observed, observed, observed, observed, observed, procfs};
    incident.before = {ReclaimRetries{}, CompactionRetries{}};
    return incident;
}

std::int64_t badness(const CandidateTask &candidate, std::uint64_t total_pages)
{
    const ProcessMemory &memory = *candidate.memory;
    const std::uint64_t pages = (memory.rss_bytes() + memory.swap_bytes) / page + memory.pgtables_bytes / page;
    return static_cast<std::int64_t>(pages) +
           std::int64_t{candidate.process.oom_score_adj} * static_cast<std::int64_t>(total_pages / 1000);
}

Process thread_of(const CandidateTask &candidate, std::uint32_t pid)
{
    Process process = candidate.process;
    process.pid = pid;
    return process;
}

const CandidateTask &candidate_of(const Incident &incident, std::uint32_t tgid)
{
    return *std::find_if(incident.candidates.begin(), incident.candidates.end(),
                         [&](const CandidateTask &candidate) { return candidate.process.tgid == tgid; });
}

void at(Incident &incident, TimelineEvent event, std::uint64_t since_ns, const Process *process = nullptr)
{
    TimelineEntry entry{event, invoked_ns + since_ns, static_cast<std::int64_t>(since_ns), std::nullopt, ""};
    if (process != nullptr) {
        entry.tgid = process->tgid;
        entry.comm = process->comm;
    }
    incident.timeline.push_back(std::move(entry));
}

// Kills the chosen candidate of `incident` and lets its memory come back: the usual course.
void kill_chosen(Incident &incident)
{
    const Victim &victim = *incident.victim;
    const Process &process = victim.process;
    at(incident, TimelineEvent::invoked, 0);
    at(incident, TimelineEvent::scan_began, 18'000);
    at(incident, TimelineEvent::chosen, 412'000, &process);
    at(incident, TimelineEvent::signalled, 455'000, &process);
    at(incident, TimelineEvent::marked, 461'000, &process);
    at(incident, TimelineEvent::capture_closed, 503'000);
    at(incident, TimelineEvent::exited, 3'120'000, &process);
    at(incident, TimelineEvent::memory_released, 30'240'000, &process);
    KilledProcess kill;
    kill.process = process;
    kill.memory = victim.memory;
    kill.signalled = true;
    kill.marked = true;
    kill.signalled_ns = invoked_ns + 455'000;
    kill.marked_ns = invoked_ns + 461'000;
    kill.exited_ns = invoked_ns + 3'120'000;
    kill.released_ns = invoked_ns + 30'240'000;
    kill.returned_bytes = victim.memory.rss_bytes();
    incident.after.returned_bytes = kill.returned_bytes;
    incident.after.to_choice_ns = 412'000;
    incident.after.to_kill_ns = 455'000;
    incident.after.to_exit_ns = 3'120'000;
    incident.after.to_release_ns = 30'240'000;
    incident.kills.push_back(std::move(kill));
}

void ask(Incident &incident, Process process, std::uint32_t gfp_mask, std::vector<std::string> gfp_flags, std::int32_t order)
{
    incident.trigger.process = std::move(process);
    incident.trigger.cpuset = "/";
    incident.trigger.stack = {{0xffffffff8120041c, "out_of_memory+0x1c"}, {0xffffffff812a3e55, std::nullopt}};
    incident.allocation.gfp_mask = gfp_mask;
    incident.allocation.gfp_flags = std::move(gfp_flags);
    incident.allocation.order = order;
    incident.allocation.nodemask_known = true;
    incident.allocation.mems_allowed = std::vector<std::uint32_t>{0};
    incident.allocation.highest_zone = "Normal";
}

// Nothing was weighed and nobody killed.
void drop_the_scan(Incident &incident)
{
    incident.candidates.clear();
    incident.victim.reset();
    incident.kills.clear();
    incident.timeline.clear();
    incident.after = {};
    incident.scores = {};
    incident.kill_check = {};
    incident.completeness.tasks_seen = 0;
    at(incident, TimelineEvent::invoked, 0);
    at(incident, TimelineEvent::capture_closed, 96'000);
}

} // namespace

CandidateTask task(std::uint32_t tgid, std::string comm, std::uint32_t uid, std::int32_t oom_score_adj, std::string cgroup,
                   TaskSizes sizes)
{
    CandidateTask candidate;
    candidate.process = {tgid, tgid, 1, uid, 1'000'000'000ULL * tgid, std::move(comm), oom_score_adj, 1, std::move(cgroup),
                         true, {}};
    candidate.memory = ProcessMemory{2 * (sizes.anon + sizes.file + sizes.shmem) + 64 * mib,
                                     sizes.anon,
                                     sizes.file,
                                     sizes.shmem,
                                     sizes.swap,
                                     sizes.pgtables,
                                     0xffff888100000000ULL + tgid * 0x400ULL,
                                     {},
                                     {}};
    candidate.eligible = true;
    return candidate;
}

CandidateTask skipped_task(CandidateTask candidate, SkipReason reason)
{
    candidate.eligible = false;
    candidate.skip_reason = reason;
    if (reason == SkipReason::kernel_thread || reason == SkipReason::no_mm)
        candidate.memory.reset();
    return candidate;
}

void weigh(Incident &incident, std::uint32_t chosen_tgid)
{
    const PointsSource source =
        incident.provenance.points.source == Source::observed ? PointsSource::observed : PointsSource::recomputed;
    incident.scores = {};
    incident.victim.reset();
    const CandidateTask *runner_up = nullptr;
    for (CandidateTask &candidate : incident.candidates) {
        candidate.chosen = candidate.process.tgid == chosen_tgid;
        if (!candidate.eligible)
            continue;
        candidate.points = candidate.recomputed_points = badness(candidate, *incident.total_pages);
        candidate.points_source = source;
        ++(source == PointsSource::observed ? incident.scores.matched : incident.scores.not_comparable);
        if (!candidate.chosen && (runner_up == nullptr || *candidate.points >= *runner_up->points))
            runner_up = &candidate;
    }
    incident.completeness.tasks_seen = incident.candidates.size();
    if (chosen_tgid == 0)
        return;
    const CandidateTask &chosen = candidate_of(incident, chosen_tgid);
    Victim victim;
    victim.process = chosen.process;
    victim.memory = *chosen.memory;
    victim.points = chosen.points;
    victim.points_source = source;
    victim.share_of_total = static_cast<double>(*chosen.points) / static_cast<double>(*incident.total_pages);
    if (runner_up != nullptr)
        victim.runner_up = {runner_up->process.pid, runner_up->process.tgid, runner_up->process.comm, *runner_up->points,
                            *chosen.points - *runner_up->points};
    incident.victim = std::move(victim);
}

Incident memcg_kill()
{
    Incident incident = base(7);
    incident.outcome = Outcome::killed;
    incident.scope = Scope::memcg;
    incident.constraint = Constraint::memcg;
    incident.kernel_message = "Memory cgroup out of memory";
    incident.total_pages = 2 * gib / page;
    incident.swap = {0, 0};
    const std::string group = "/kube/pod7/db";
    incident.candidates = {
        task(4098, "pause", 65535, -998, group, {120 * kib, 560 * kib, 0, 0, 44 * kib}),
        task(4100, "postgres", 999, 0, group, {18 * mib, 14 * mib, 9 * mib, 0, 312 * kib}),
        task(4121, "postgres", 999, 0, group, {1664 * mib, 12 * mib, 80 * mib, 0, 4200 * kib}),
        task(4125, "postgres", 999, 0, group, {92 * mib, 11 * mib, 61 * mib, 0, 460 * kib}),
        task(4126, "postgres", 999, 0, group, {5600 * kib, 9 * mib, 3 * mib, 0, 140 * kib}),
        task(4127, "postgres", 999, 0, group, {5200 * kib, 8 * mib, 2 * mib, 0, 136 * kib}),
        task(4131, "pg_exporter", 1001, 300, group, {22 * mib, 10 * mib, 0, 0, 148 * kib}),
        skipped_task(task(4140, "watchdog", 0, -1000, group, {2 * mib, 1 * mib, 0, 0, 60 * kib}),
                     SkipReason::oom_score_adj_min),
    };
    weigh(incident, 4121);
    ask(incident, candidate_of(incident, 4125).process, 0x400cc0, {"GFP_KERNEL_ACCOUNT"}, 0);
    kill_chosen(incident);
    incident.memcg = container_levels(group);
    incident.after.memcg_usage_after_bytes = 311 * mib;
    incident.nodes = roomy_nodes();
    return incident;
}

Incident pod_kill()
{
    Incident incident = memcg_kill();
    CgroupIdentity identity;
    identity.container_runtime = "containerd";
    identity.container_id = "3f2a9c0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b";
    identity.container_name = "db";
    identity.pod_uid = "8a2f61c7-22b3-4d0e-9c1d-0b7a4c558d1e";
    identity.pod_name = "orders-0";
    identity.pod_namespace = "shop";
    identity.pod_qos_class = "Burstable";
    identity.systemd_slice = "kubepods-burstable-pod8a2f61c7_22b3_4d0e_9c1d_0b7a4c558d1e.slice";
    identity.systemd_unit = "cri-containerd-3f2a9c0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b1e4c83a65f2c9a0d7b.scope";
    incident.victim->cgroup_identity = identity;
    incident.victim->identity = {"postgres: writer\n", "/usr/lib/postgresql/bin/postgres", ""};
    incident.memcg.identity = identity;
    incident.memcg.identity.container_name = "the limit's";
    CgroupIdentity asker;
    asker.systemd_slice = "app.slice";
    asker.systemd_unit = "user@1000.service";
    asker.systemd_user_unit = "a.service";
    asker.systemd_session = "3";
    asker.systemd_owner_uid = 1000;
    asker.machine = "web";
    incident.trigger.cgroup_identity = asker;
    incident.trigger.identity.note = "it was gone before it could be read";
    incident.provenance.identity = {Source::procfs, "trigger: it was gone before it could be read"};
    return incident;
}

Incident global_kill()
{
    Incident incident = base(12);
    incident.host.hostname = "web-3";
    incident.outcome = Outcome::killed;
    incident.scope = Scope::global;
    incident.constraint = Constraint::none;
    incident.kernel_message = "Out of memory";
    incident.total_pages = (15 * gib + 700 * mib + 2 * gib) / page;
    incident.swap = {2 * gib, 0};
    incident.nodes = exhausted_nodes();
    incident.candidates = {
        skipped_task(task(1, "systemd", 0, 0, "/init.scope", {6 * mib, 3 * mib, 0, 2 * mib, 88 * kib}), SkipReason::init),
        skipped_task(task(2, "kthreadd", 0, 0, "/", {}), SkipReason::kernel_thread),
        skipped_task(task(61, "kswapd0", 0, 0, "/", {}), SkipReason::kernel_thread),
        task(402, "systemd-journal", 0, -250, "/system.slice/systemd-journald.service",
             {4 * mib, 2 * mib, 11 * mib, 1 * mib, 120 * kib}),
        skipped_task(task(640, "sshd", 0, -1000, "/system.slice/ssh.service", {1 * mib, 1 * mib, 0, 900 * kib, 72 * kib}),
                     SkipReason::oom_score_adj_min),
        task(700, "nginx", 0, 0, "/system.slice/nginx.service", {3 * mib, 1 * mib, 512 * kib, 4 * mib, 96 * kib}),
        task(77701, "nginx", 33, 0, "/system.slice/nginx.service", {41 * mib, 2 * mib, 600 * kib, 9 * mib, 240 * kib}),
        task(77702, "nginx", 33, 0, "/system.slice/nginx.service", {39 * mib, 2 * mib, 600 * kib, 10 * mib, 236 * kib}),
        task(911, "java", 1000, 0, "/system.slice/search.service", {12'902 * mib, 1500 * kib, 64 * kib, 1760 * mib, 29 * mib}),
        task(1200, "redis-server", 110, 0, "/system.slice/redis.service", {980 * mib, 1 * mib, 0, 190 * mib, 2500 * kib}),
        task(1310, "python3", 1000, 500, "/user.slice/user-1000.slice", {210 * mib, 2 * mib, 0, 20 * mib, 700 * kib}),
        skipped_task(task(1400, "bash", 1000, 0, "/user.slice/user-1000.slice", {2 * mib, 1 * mib, 0, 0, 60 * kib}),
                     SkipReason::in_vfork),
    };
    weigh(incident, 911);
    ask(incident, candidate_of(incident, 77701).process, 0x140cca, {"GFP_HIGHUSER_MOVABLE", "__GFP_COMP"}, 0);
    incident.allocation.highest_zone = "Movable";
    kill_chosen(incident);
    // A big address space: the reaper gets to it before its own exit does.
    const Process &victim = incident.victim->process;
    incident.timeline.pop_back();
    incident.timeline.pop_back();
    at(incident, TimelineEvent::reaper_woken, 2'004'100'000, &victim);
    at(incident, TimelineEvent::reaper_started, 2'004'300'000, &victim);
    at(incident, TimelineEvent::reaper_finished, 2'350'000'000, &victim);
    at(incident, TimelineEvent::exited, 2'410'000'000, &victim);
    at(incident, TimelineEvent::memory_released, 2'466'120'000, &victim);
    KilledProcess &kill = incident.kills.front();
    kill.exited_ns = invoked_ns + 2'410'000'000;
    kill.released_ns = invoked_ns + 2'466'120'000;
    kill.reaped_bytes = 12'890 * mib;
    incident.after.to_reap_ns = 2'350'000'000;
    incident.after.to_exit_ns = 2'410'000'000;
    incident.after.to_release_ns = 2'466'120'000;
    incident.after.rescans = 41;
    incident.kill_check.system = {1, 1};
    incident.kill_check.memcg = {"/system.slice/search.service", 1, 1, 0};
    incident.kill_check.listed = 1;
    incident.before.reclaim = {17,
                               1'204'000'000,
                               0,
                               16,
                               {{0, 2, "Normal", 160 * kib, 52 * mib + 960 * kib, 54 * mib + 200 * kib, false},
                                {0, 1, "DMA32", 64 * kib, 56 * mib + 400 * kib, 11 * mib + 800 * kib, false},
                                {0, 0, "DMA", 0, 11 * mib, 64 * kib, false}},
                               0};
    incident.memcg = service_levels("/system.slice", "/system.slice/search.service");
    return incident;
}

Incident tracepoint_kill()
{
    Incident incident = base(3);
    incident.host.hostname = "edge-1";
    incident.host.kernel = "6.18.44";
    incident.host.cgroup_version = 1;
    incident.host.attach_method = AttachMethod::tracepoint;
    incident.host.method_note =
        "kernel functions cannot be hooked here (lockdown, no kprobes): everything is read when the victim is marked";
    incident.outcome = Outcome::killed;
    incident.scope = Scope::memcg;
    incident.constraint = Constraint::memcg;
    incident.total_pages = (512 * mib + 256 * mib) / page;
    incident.swap = {1 * gib, 700 * mib};
    incident.provenance.points = {Source::recomputed,
                                  "worked out from the sizes of each task; the kernel's own scores cannot be seen"};
    incident.provenance.constraint = {Source::recomputed, "from the level whose usage is at its limit"};
    incident.provenance.memcg = {Source::recomputed, "the level was found by its usage"};
    incident.provenance.outcome = {Source::recomputed, "a victim was marked"};
    incident.provenance.candidates = {Source::recomputed, "oomtrace's own walk over the tasks"};
    incident.provenance.allocation = {Source::absent, "oom_control was not found on the asker's stack"};
    const std::string group = "/docker/build";
    incident.candidates = {
        task(2201, "make", 1000, 0, group, {3 * mib, 1 * mib, 0, 200 * kib, 80 * kib}),
        task(2300, "cc1plus", 1000, 0, group, {288 * mib, 16 * mib, 0, 200 * mib, 1300 * kib}),
        task(2301, "cc1plus", 1000, 0, group, {180 * mib, 16 * mib, 0, 30 * mib, 900 * kib}),
    };
    weigh(incident, 2300);
    incident.trigger.process = thread_of(candidate_of(incident, 2300), 2300);
    kill_chosen(incident);
    incident.timeline.erase(incident.timeline.begin() + 1, incident.timeline.begin() + 3); // no scan, no choice to be seen
    incident.after.to_choice_ns.reset();
    incident.memcg = v1_levels(group);
    incident.nodes = roomy_nodes();
    incident.after.memcg_usage_after_bytes = 216 * mib;
    incident.completeness.walk_stop = WalkStop::complete;
    incident.completeness.walk_ns = 84'000;
    return incident;
}

Incident group_kill()
{
    Incident incident = base(21);
    incident.host.hostname = "batch-2";
    incident.outcome = Outcome::group_kill;
    incident.scope = Scope::memcg;
    incident.constraint = Constraint::memcg;
    incident.kernel_message = "Memory cgroup out of memory";
    incident.total_pages = 1536 * mib / page;
    incident.swap = {0, 0};
    const std::string group = "/batch/job42";
    incident.candidates = {
        task(300, "runner", 1000, 0, group, {30 * mib, 8 * mib, 0, 0, 200 * kib}),
        task(310, "train", 1000, 0, group, {1210 * mib, 20 * mib, 0, 0, 2800 * kib}),
        task(311, "loader", 1000, 0, group, {240 * mib, 12 * mib, 0, 0, 700 * kib}),
    };
    weigh(incident, 310);
    ask(incident, candidate_of(incident, 311).process, 0xcc0, {"GFP_KERNEL"}, 0);
    kill_chosen(incident);
    for (const std::uint32_t tgid : {300U, 311U}) {
        const CandidateTask &member = candidate_of(incident, tgid);
        KilledProcess kill = incident.kills.front();
        kill.process = member.process;
        kill.memory = member.memory;
        kill.why = KillWhy::oom_group;
        *kill.signalled_ns += 30'000;
        *kill.marked_ns += 30'000;
        kill.returned_bytes = member.memory->rss_bytes();
        *incident.after.returned_bytes += *kill.returned_bytes;
        incident.kills.push_back(std::move(kill));
    }
    incident.memcg = group_levels(group);
    incident.nodes = roomy_nodes();
    incident.after.memcg_usage_after_bytes = 4 * mib;
    return incident;
}

Incident no_killable_task()
{
    Incident incident = base(9);
    incident.outcome = Outcome::no_killable_task;
    incident.scope = Scope::memcg;
    incident.constraint = Constraint::memcg;
    incident.kernel_message = "Memory cgroup out of memory";
    incident.total_pages = 64 * mib / page;
    incident.swap = {0, 0};
    const std::string group = "/system.slice/agent.service";
    incident.candidates = {
        skipped_task(task(500, "agent", 0, -1000, group, {58 * mib, 4 * mib, 0, 0, 220 * kib}), SkipReason::oom_score_adj_min),
        skipped_task(task(501, "agent-helper", 0, -1000, group, {1 * mib, 1 * mib, 0, 0, 60 * kib}),
                     SkipReason::oom_score_adj_min),
    };
    weigh(incident, 0);
    ask(incident, candidate_of(incident, 500).process, 0xcc0, {"GFP_KERNEL"}, 0);
    at(incident, TimelineEvent::invoked, 0);
    at(incident, TimelineEvent::scan_began, 15'000);
    at(incident, TimelineEvent::capture_closed, 120'000);
    incident.memcg = agent_levels(group);
    incident.nodes = roomy_nodes();
    incident.provenance.victim = {Source::absent, "nobody was chosen"};
    incident.provenance.after = {Source::absent, "nothing was killed"};
    return incident;
}

Incident already_dying()
{
    Incident incident = memcg_kill();
    const CandidateTask dying = candidate_of(incident, 4125);
    drop_the_scan(incident);
    incident.outcome = Outcome::victim_already_dying;
    incident.kernel_message.clear();
    incident.total_pages.reset(); // worked out by the kernel only when it weighs
    incident.constraint.reset();
    Victim victim;
    victim.process = dying.process;
    victim.memory = *dying.memory;
    KilledProcess kill;
    kill.process = dying.process;
    kill.memory = dying.memory;
    kill.why = KillWhy::already_exiting;
    kill.marked = true;
    kill.marked_ns = invoked_ns + 21'000;
    kill.exited_ns = invoked_ns + 4'900'000;
    kill.released_ns = invoked_ns + 7'310'000;
    kill.returned_bytes = dying.memory->rss_bytes();
    incident.victim = std::move(victim);
    incident.timeline.clear();
    at(incident, TimelineEvent::invoked, 0);
    at(incident, TimelineEvent::marked, 21'000, &dying.process);
    at(incident, TimelineEvent::capture_closed, 40'000);
    at(incident, TimelineEvent::exited, 4'900'000, &dying.process);
    at(incident, TimelineEvent::memory_released, 7'310'000, &dying.process);
    incident.after.returned_bytes = kill.returned_bytes;
    incident.after.to_exit_ns = 4'900'000;
    incident.after.to_release_ns = 7'310'000;
    incident.kills.push_back(std::move(kill));
    incident.provenance.constraint = {Source::absent, "the kernel had not worked it out yet"};
    incident.provenance.candidates = {Source::absent, "the kernel weighed nobody"};
    incident.provenance.points = {Source::absent, "the kernel weighed nobody"};
    return incident;
}

Incident aborted()
{
    Incident incident = memcg_kill();
    const std::uint64_t seen = 3;
    incident.candidates.resize(seen);
    weigh(incident, 0);
    CandidateTask &earlier = incident.candidates.back();
    earlier.eligible = false;
    earlier.skip_reason = SkipReason::already_victim;
    earlier.points.reset();
    earlier.recomputed_points.reset();
    earlier.points_source = PointsSource::absent;
    incident.scores.matched = seen - 1;
    incident.memcg.levels.front().victim_lives_here = false;
    incident.outcome = Outcome::aborted;
    incident.kernel_message.clear();
    incident.kills.clear();
    incident.after = {};
    incident.timeline.clear();
    at(incident, TimelineEvent::invoked, 0);
    at(incident, TimelineEvent::scan_began, 15'000);
    at(incident, TimelineEvent::capture_closed, 60'000);
    incident.provenance.victim = {Source::absent, "nobody was chosen"};
    incident.provenance.after = {Source::absent, "nothing was killed"};
    return incident;
}

Incident notifier_freed()
{
    Incident incident = global_kill();
    drop_the_scan(incident);
    incident.outcome = Outcome::notifier_freed;
    incident.kernel_message.clear();
    incident.total_pages.reset();
    incident.constraint.reset();
    const Provenance nothing{Source::absent, "the kernel had not come to weighing tasks"};
    incident.provenance.constraint = incident.provenance.candidates = incident.provenance.points = nothing;
    incident.provenance.victim = {Source::absent, "nobody was chosen"};
    incident.provenance.after = {Source::absent, "nothing was killed"};
    return incident;
}

Incident panic()
{
    Incident incident = global_kill();
    drop_the_scan(incident);
    incident.outcome = Outcome::panic;
    incident.kernel_message.clear();
    incident.sysctls.panic_on_oom = 2;
    const Provenance nothing{Source::absent, "the kernel panicked before it weighed tasks"};
    incident.provenance.candidates = incident.provenance.points = nothing;
    incident.provenance.victim = {Source::absent, "nobody was chosen"};
    incident.provenance.after = {Source::absent, "nothing was killed"};
    return incident;
}

Incident incomplete()
{
    Incident incident = memcg_kill();
    incident.outcome = Outcome::unknown;
    incident.provenance.outcome = {Source::absent, "the closing record was lost"};
    incident.candidates.resize(4);
    weigh(incident, 4121);
    incident.timeline.resize(4);
    incident.kills.front().exited_ns.reset();
    incident.kills.front().released_ns.reset();
    incident.kills.front().returned_bytes.reset();
    incident.kills.front().marked = false;
    incident.kills.front().marked_ns.reset();
    incident.after = {};
    incident.scores.matched = 4;
    incident.completeness = {false, {"12 records dropped: ring full", "the closing record"}, 12, WalkStop::none, 0, 0};
    return incident;
}

Incident sysrq_kill()
{
    Incident incident = global_kill();
    incident.scope = Scope::sysrq;
    incident.trigger.process = {133, 133, 2, 0, 900'000'000, "kworker/1:2", 0, 1, "/", true, {}};
    incident.allocation.gfp_mask = 0xcc0;
    incident.allocation.gfp_flags = {"GFP_KERNEL"};
    incident.allocation.order = -1;
    incident.allocation.highest_zone = "Normal";
    incident.nodes = roomy_nodes();
    incident.swap = {2 * gib, 1900 * mib};
    incident.after.rescans = 0;
    incident.before = {ReclaimRetries{}, CompactionRetries{}};
    return incident;
}

} // namespace oomtrace::sample
