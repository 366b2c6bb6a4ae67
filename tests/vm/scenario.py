# SPDX-License-Identifier: Apache-2.0
"""What a scenario of the VM tests is, on the host's side: what its guest needs, and what must be true of the incidents.

A scenario NAME is two files: scenarios/NAME.sh makes the OOM in the guest (see guest/oom_scenarios.sh), scenarios/NAME.py holds
SCENARIO, which says what to expect of it."""

import collections.abc
import dataclasses
import importlib.util
import pathlib

from incident_comparison import Options
from setup_checks import SetupChecks

SCENARIOS_DIRECTORY = pathlib.Path(__file__).resolve().parent / "scenarios"
METHODS = ("fentry", "kprobe", "tracepoint")
FUNCTION_HOOKS = ("fentry", "kprobe")
# No tolerance for tasks: all but the eater sleep, and that is inside the OOM killer. Free pages and
# counters move while the kernel prints, as the second CPU works on: by a huge page, or by all that `global`'s first victim had.
# The tracer is at work while the kernel prints.
OPTIONS = Options(free_tolerance_pages=1024, counter_tolerance_pages=1024, running=frozenset({"oomtrace"}), task_tolerance_pages=256)
# Kernels with SPLIT_RSS_COUNTING, and what the two threads of the eater may hold back: see Options.
SPLIT_RSS_KERNELS = ("5.10", "6.1", "6.1-arm64")
SPLIT_RSS_PAGES = 2 * 64 * 16
SWAPPING_PAGES = 512  # go out or come back between two readings, where there is swap
# Their fentry programs load and cannot be attached: arm64 has BPF trampolines from 6.4 on.
KERNELS_WITHOUT_TRAMPOLINES = ("6.1-arm64",)


@dataclasses.dataclass(frozen=True)
class Boot:
    """Scenarios that need the same guest share one."""

    memory: str = "512M"
    cpus: int = 2
    disk: str = "40M"  # its size: /dev/nvme0n1
    qemu: str = ""  # further arguments, separated by spaces
    append: str = ""  # further kernel parameters
    group: str = ""  # to have a guest of one's own


SWAP = Boot(memory="320M", disk="96M")  # no more: emulated processors swap slowly
TWO_NODES = Boot(
    memory="768M",
    # It takes the access to a page away to see who uses it; the arguments of a process cannot be read then, and are told as unknown.
    append="numa_balancing=disable",
    qemu="-object memory-backend-ram,id=m0,size=512M -object memory-backend-ram,id=m1,size=256M"
    " -numa node,nodeid=0,cpus=0,memdev=m0 -numa node,nodeid=1,cpus=1,memdev=m1",
)


@dataclasses.dataclass
class Run:
    """One scenario, as one method saw it on one kernel, and what it left."""

    kernel: str
    method: str
    directory: pathlib.Path
    incidents: list
    reports: list
    members: list
    checks: SetupChecks = dataclasses.field(default_factory=SetupChecks)

    def member(self, prefix):
        return next(member for member in self.members if member.name.startswith(prefix))

    def weighs(self):
        """Is the whole choice watched, from the allocation on?"""
        return self.method in FUNCTION_HOOKS


@dataclasses.dataclass(frozen=True)
class Scenario:
    check: collections.abc.Callable  # of a Run: adds to its checks
    reports: int  # of the kernel, at least: what the comparison rests on
    min_compared: int  # values, all incidents together
    boot: Boot = Boot()
    methods: tuple = METHODS
    why_not_all_methods: str = ""
    why_unreported: str | None = None  # why an incident may be without a report of the kernel
    panics: bool = False  # the guest ends with it: each method needs a boot of its own


def why_not(kernel, scenario, method):
    """Why the scenario cannot be had with that method on that kernel; None: it can."""
    if method not in (*scenario.methods, "none"):
        return scenario.why_not_all_methods
    if method == "fentry" and kernel in KERNELS_WITHOUT_TRAMPOLINES:
        return "no BPF trampolines on arm64 before 6.4"
    return None


def load_scenarios():
    """{name: Scenario}, in the order of their names, but the plain ones first."""
    scenarios = {}
    for path in sorted(SCENARIOS_DIRECTORY.glob("*.py")):
        specification = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        scenarios[path.stem] = module.SCENARIO
    return scenarios


def comparison_options(kernel, members, swap_total_kb):
    """What may move between oomtrace's reading and the kernel's, beyond what Options says of itself."""
    first_victims = [member for member in members if not member.eater and member.oom_score_adj > 0 and not member.outside]
    held = sum(member.held for member in first_victims)
    return dataclasses.replace(
        OPTIONS,
        swap_total_pages=swap_total_kb * 1024 // OPTIONS.page_size,
        victim_tolerance_pages=SPLIT_RSS_PAGES if kernel in SPLIT_RSS_KERNELS else 0,
        released_pages=held // OPTIONS.page_size,
        swapping_pages=SWAPPING_PAGES if swap_total_kb else 0,
    )


def check_one_by_one(run, victims, *, scope, trigger_comm="eater"):
    """An incident for each of `victims` (prefixes of their names) in this order; each is killed alone, and the eater asked."""
    checks = run.checks
    checks.expect("incidents", len(run.incidents), len(victims))
    alive, dead = list(run.members), []
    eater = next(member for member in run.members if member.eater)
    for incident, prefix in zip(run.incidents, victims):
        victim = run.member(prefix)
        checks.expect("scope", incident["scope"], scope)
        checks.expect("trigger tgid", incident["trigger"]["tgid"], eater.pid)
        checks.expect("trigger comm", incident["trigger"]["comm"], trigger_comm)
        checks.check_candidates(incident, alive, dead=dead, only_members=scope == "memcg")
        checks.check_victim(incident, victim)
        checks.check_trust(incident, run.method, dead)
        check_identities(run, incident)
        alive.remove(victim)
        dead.append(victim)


def check_identities(run, incident):
    """Asker and victim tell themselves what they execute; tracepoints alone may see a victim too late for that."""
    program = "/usr/local/bin/oom_workload"
    for whose in "trigger", "victim":
        told = (incident[whose]["exe"], incident[whose]["cmdline"])
        if whose == "trigger" or run.weighs() or told != (None, None):
            run.checks.expect(f"program of the {whose}", told, (program, "oom_workload"))


def the_only(run):
    """The one incident that there must be; None: there is not."""
    run.checks.expect("incidents", len(run.incidents), 1)
    return run.incidents[0] if run.incidents else None


def the_first(run):
    """The first incident. Its victim may give its memory back so slowly that the eater runs into the limit again and dies too."""
    later = [incident for incident in run.incidents[1:] if incident["outcome"] != "victim_already_dying"]
    run.checks.expect_between("incidents", len(run.incidents) and 1 + len(later), 1, 2)
    eater = next(member for member in run.members if member.eater)
    run.checks.expect("later victims", {incident["victim"]["pid"] for incident in later} - {eater.pid}, set())
    return run.incidents[0] if run.incidents else None


def check_swapped(run, scope):
    """The victim of the first incident is the sacrifice, and holds more in swap than in memory."""
    incident = the_first(run)
    if incident is None:
        return
    checks, victim = run.checks, run.member(b"sacrifice")
    checks.expect("scope", incident["scope"], scope)
    checks.check_candidates(incident, run.members, only_members=incident["scope"] == "memcg")
    checks.check_victim(incident, victim)
    checks.check_trust(incident, run.method)
    chosen = [candidate for candidate in incident["candidates"] if candidate["chosen"]]
    checks.expect("chosen", [candidate["pid"] for candidate in chosen], [victim.pid])
    for candidate in chosen:
        checks.expect_between("of the victim in swap", candidate["swap_bytes"], victim.anon // 2, victim.anon + (1 << 20))


def kills_by_reason(incident):
    """{why: pids, sorted}"""
    reasons = {}
    for kill in incident["kills"] or []:
        reasons.setdefault(kill["why"], []).append(kill["pid"])
    return {why: sorted(pids) for why, pids in reasons.items()}
