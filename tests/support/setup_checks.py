# SPDX-License-Identifier: Apache-2.0
"""Incidents against what a test itself set up: the processes it started, their sizes, and who had to die in which order."""

import dataclasses

from course_checks import check_before, check_kill_counts
from incident_comparison import kernel_bytes

MIB = 1 << 20
# What a holder has beyond what it was told to hold: its program, its stack, the C library's own.
OWN_MEMORY = 4 * MIB


@dataclasses.dataclass(frozen=True)
class Member:
    """A process of the workload. Sizes in bytes are what it holds at least; an eater's are 0."""

    pid: int
    name: bytes
    oom_score_adj: int
    uid: int
    anon: int = 0
    shmem: int = 0
    file: int = 0
    eater: bool = False
    outside: bool = False  # of what ran out of memory: the kernel does not weigh it
    cgroup: str | None = None

    @property
    def held(self):
        return self.anon + self.shmem + self.file


def size_in_bytes(text):
    units = {"K": 10, "M": 20, "G": 30}
    return int(text[:-1]) << units[text[-1]] if text[-1] in units else int(text)


def read_members(path):
    """The `expected` file of tests/vm/guest/oom_scenarios.sh."""
    members = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            place, pid, adj, uid, anon, shmem, file, name = line.rstrip("\n").split(" ", 7)
            sizes = [size_in_bytes(size) for size in (anon, shmem, file)]
            outside, eater = place == "out", name == "eater"
            members.append(Member(int(pid), name.encode(), int(adj), int(uid), *sizes, eater=eater, outside=outside))
    return members


class SetupChecks:
    """Collects what is wrong in `problems`; `checked` counts the statements that were tested."""

    def __init__(self):
        self.problems = []
        self.checked = 0

    def expect(self, what, actual, expected):
        self.checked += 1
        if actual != expected:
            self.problems.append(f"{what}: {actual!r}, expected {expected!r}")

    def expect_between(self, what, actual, low, high):
        self.checked += 1
        if actual is None or not low <= actual <= high:
            self.problems.append(f"{what}: {actual!r}, expected {low} .. {high}")

    def check_process(self, what, process, member, *, cgroup_key=None):
        self.expect(f"{what} pid", process["pid"], member.pid)
        self.expect(f"{what} tgid", process["tgid"], member.pid)
        self.expect(f"{what} comm", kernel_bytes(process["comm"]), member.name)
        self.expect(f"{what} uid", process["uid"], member.uid)
        self.expect(f"{what} oom_score_adj", process["oom_score_adj"], member.oom_score_adj)
        if member.cgroup is not None and cgroup_key is not None:
            self.expect(f"{what} {cgroup_key}", process[cgroup_key], member.cgroup)

    def check_sizes(self, what, memory, member):
        if member.eater:
            self.expect_between(f"{what} rss_anon", memory["rss_anon_bytes"], MIB, memory["total_vm_bytes"])
            return
        # Counters of rss are kept in batches per CPU: up to 32 pages times the CPUs may be missing from each.
        slack = MIB // 2
        anon = memory["rss_anon_bytes"] + memory["swap_bytes"]
        self.expect_between(f"{what} rss_anon and swap", anon, member.anon - slack, member.anon + OWN_MEMORY)
        self.expect_between(f"{what} rss_shmem", memory["rss_shmem_bytes"], member.shmem - slack, member.shmem + slack)
        self.expect_between(f"{what} rss_file", memory["rss_file_bytes"], member.file - slack, member.file + OWN_MEMORY)
        self.expect_between(f"{what} total_vm", memory["total_vm_bytes"], member.held, member.held + 4 * OWN_MEMORY)

    def check_candidates(self, incident, members, *, dead=(), only_members):
        """`dead`: members that an earlier OOM killed; they may still be seen, but not be eligible."""
        candidates = {candidate["pid"]: candidate for candidate in incident["candidates"] or []}
        for member in dead:
            if left := candidates.pop(member.pid, None):
                self.expect(f"dead {member.name!r} eligible", left["eligible"], False)
        for member in members:
            what = f"candidate {member.name!r}"
            if member.outside:
                self.expect(f"{what} is weighed", member.pid in candidates, False)
                continue
            self.expect(f"{what} is weighed", member.pid in candidates, True)
            candidate = candidates.get(member.pid)
            if candidate is None:
                continue
            self.check_process(what, candidate, member, cgroup_key="memcg")
            self.check_sizes(what, candidate, member)
            self.expect(f"{what} eligible", candidate["eligible"], member.oom_score_adj != -1000)
            self.expect(f"{what} chosen", candidate["chosen"], candidate["pid"] == incident["victim"]["pid"])
        if only_members:
            self.expect("candidates", sorted(candidates), sorted(member.pid for member in members if not member.outside))

    def check_victim(self, incident, member):
        victim = incident["victim"]
        self.expect("outcome", incident["outcome"], "killed")
        self.expect("victim", victim is None, False)
        if victim is None:
            return
        self.check_process("victim", victim, member, cgroup_key="cgroup")
        self.check_sizes("victim", victim, member)
        self.expect("kills", [kill["pid"] for kill in incident["kills"]], [member.pid])
        for kill in incident["kills"]:
            self.check_process("kill", kill, member)
            self.expect("kill why", kill["why"], "chosen")
            self.expect("kill signalled", kill["signalled"], True)
            self.expect("kill marked", kill["marked"], True)
        self.check_points(incident)
        self.check_times(incident, member)

    def check_points(self, incident):
        """The victim has the most points of all, and the runner-up the most of the rest."""
        victim = incident["victim"]
        points = {c["pid"]: c["points"] for c in incident["candidates"] if c["eligible"]}
        self.expect("eligible candidates without points", [pid for pid, value in points.items() if value is None], [])
        if not points or None in points.values():
            return
        self.expect("victim points", victim["points"], max(points.values()))
        others = [value for pid, value in points.items() if pid != victim["pid"]]
        runner_up = victim["runner_up"]
        self.expect("runner-up points", runner_up and runner_up["points"], max(others) if others else None)
        if runner_up:
            self.expect("margin", runner_up["margin_points"], victim["points"] - runner_up["points"])

    def check_times(self, incident, member):
        times = [entry["monotonic_ns"] for entry in incident["timeline"]]
        self.expect("timeline is in order", times, sorted(times))
        first = {}
        for entry in incident["timeline"]:
            first.setdefault(entry["event"], entry["monotonic_ns"])
        for event in ("invoked", "signalled", "marked", "exited", "memory_released"):
            self.expect(f"timeline has {event}", event in first, True)
        order = [first[event] for event in ("invoked", "signalled", "marked", "exited") if event in first]
        self.expect("invoked, signalled, marked, exited", order, sorted(order))
        self.expect("invoked at", first.get("invoked"), incident["monotonic_ns"])
        in_memory = member.anon - incident["victim"]["swap_bytes"]
        self.expect_between("memory that came back", incident["after"]["returned_bytes"], in_memory, 1 << 40)

    def check_trust(self, incident, method, dead=()):
        """What the incident says of itself. `dead`: the members that were killed before it."""
        self.expect("attach_method", incident["tracer"]["attach_method"], method)
        completeness = incident["completeness"]
        self.expect("missing", completeness["missing"], [])
        self.expect("complete", completeness["complete"], True)
        self.expect("records_lost", completeness["records_lost"], 0)
        source = "recomputed" if method == "tracepoint" else "observed"
        self.expect("source of points", incident["provenance"]["points"]["source"], source)
        for group in ("allocation", "constraint", "memcg"):  # oom_control, whatever the method
            self.expect(f"source of {group}", incident["provenance"][group]["source"], "observed")
        check_before(self, incident, sum(member.held for member in dead))
        check_kill_counts(self, incident, whole_choice=method != "tracepoint")
        scores = incident["checks"]["scores"]
        self.expect("scores that our own formula does not give", scores["mismatched"], 0)
        if method != "tracepoint":
            candidates = incident["candidates"] or []
            eligible = sum(candidate["eligible"] for candidate in candidates)
            self.expect_between("scores that our own formula gives", scores["matched"], eligible, len(candidates))
