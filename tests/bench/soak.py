#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`oomtrace agent` through thousands of memcg OOMs in groups that come and go: every kill has to be in its store and in its
counters, and neither its memory nor its open files may grow.

The groups' own counts are added up before each is removed, and held against /proc/vmstat, the store (read with SQLite, not with
oomtrace) and the metrics. Somebody else's OOM in between fails the run.

Exit status: 0 every bound was kept, 1 one was not, 77 this host has no memory cgroup for it.
"""

import argparse
import collections
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support"), str(HERE.parent / "agent")]

from agent_run import AgentRun  # noqa: E402
from figures import SKIPPED, Figures  # noqa: E402
from scratch_cgroup import CgroupError, ScratchCgroup  # noqa: E402

MIB = 1 << 20
LIMIT = 8 * MIB
OOMS_PER_GROUP = 10  # then it is removed, and another one comes
AT_ONCE = 4


def counted_by_kernel():
    for line in pathlib.Path("/proc/vmstat").read_text().splitlines():
        name, value = line.split()
        if name == "oom_kill":
            return int(value)
    raise CgroupError("/proc/vmstat has no oom_kill")


class Groups:
    """So many at a time; each ends after OOMS_PER_GROUP OOMs."""

    def __init__(self, count):
        self.kills = self.ended = self._made = 0
        self._open = collections.deque()
        try:
            for _ in range(count):
                self._add()
        except BaseException:
            self.end()
            raise

    def _add(self):
        self._made += 1
        group = ScratchCgroup(f"oomtrace-soak-{os.getpid()}-{self._made}", LIMIT)
        self._open.append((group.__enter__(), 0))

    def next(self, count):
        """`count` different ones, each to be driven out of memory once."""
        chosen = []
        for _ in range(count):
            group, ooms = self._open.popleft()
            if ooms == OOMS_PER_GROUP:
                self._end(group)
                self._add()
                group, ooms = self._open.pop()
            self._open.append((group, ooms + 1))
            chosen.append(group)
        return chosen

    def _end(self, group):
        self.kills += group.oom_kills()
        self.ended += 1
        group.__exit__()

    def end(self):
        while self._open:
            self._end(self._open.popleft()[0])


class Watch:
    """What the agent takes, now and then."""

    def __init__(self, agent):
        self._process = pathlib.Path(f"/proc/{agent.process.pid}")
        self._agent = agent
        self.resident_kib, self.open_files = [], []

    def sample(self):
        # Somebody scrapes every agent: what that takes belongs to what it takes.
        self._agent.metrics()
        self.resident_kib.append(self._agent.status_number("VmRSS"))
        self.open_files.append(len(list((self._process / "fd").iterdir())))

    def processor_s(self):
        user, system = (self._process / "stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def drive(options, groups, watch):
    """(pids of those that were killed, seconds it took)"""
    killed, begin = [], time.monotonic()
    next_sample = 0
    while len(killed) < options.ooms:
        due = begin + options.seconds * len(killed) / options.ooms
        time.sleep(max(0.0, due - time.monotonic()))
        eaters = []
        for group in groups.next(min(AT_ONCE, options.ooms - len(killed))):
            command = [options.workload, "eat", "--name", "eater", "--cgroup", group.directory, "--max", str(8 * LIMIT)]
            eaters.append(subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for eater in eaters:
            if eater.wait(timeout=60) != -signal.SIGKILL:
                raise RuntimeError(f"an eater ended with {eater.returncode}")
            killed.append(eater.pid)
        if len(killed) >= next_sample:
            watch.sample()
            next_sample += max(1, options.ooms // 100)
    return killed, time.monotonic() - begin


def stored(path):
    """(ids, victims' pids, kills) of all incidents, read while the agent still has the store open."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT id, victim_pid, kills FROM incident").fetchall()
    return {row[0] for row in rows}, collections.Counter(row[1] for row in rows), sum(row[2] for row in rows)


def measure(options, groups, figures):
    before = counted_by_kernel()
    everything_kept = {"store.max-incidents": options.ooms}
    with tempfile.TemporaryDirectory() as directory, AgentRun(options.oomtrace, directory, config=everything_kept) as agent:
        metrics_before, watch = agent.metrics(), Watch(agent)
        processor_before = watch.processor_s()
        try:
            killed, seconds = drive(options, groups, watch)
        finally:
            groups.end()
        processor = watch.processor_s() - processor_before
        agent.wait_until(lambda: len(stored(agent.store)[0]) >= len(killed), "the store has all")
        ids, victims, kills = stored(agent.store)
        after = agent.metrics()
        watch.sample()
        healthy = agent.get("/healthz")[0]

    def grown(prefix):
        return sum(value - metrics_before.get(name, 0) for name, value in after.items() if name.startswith(prefix))

    expected = {
        "the groups' own counts": groups.kills,
        "/proc/vmstat": counted_by_kernel() - before,
        "incidents in the store": len(ids),
        "kills in the store": kills,
        "oomtrace_kills_total": grown("oomtrace_kills_total{"),
        "oomtrace_kernel_oom_kills_total": grown("oomtrace_kernel_oom_kills_total"),
    }
    for whose, count in expected.items():
        if count != len(killed):
            figures.problems.append(f"{whose}: {count:g} kills, there were {len(killed)}")
    missing, others = collections.Counter(killed) - victims, victims - collections.Counter(killed)
    if missing or others:
        figures.problems.append(f"victims in the store: {missing.total()} are missing, {others.total()} were not killed here")
    never = ("oomtrace_records_lost_total", "oomtrace_incidents_incomplete_total", "oomtrace_kernel_log_mismatches_total")
    figures.problems += [f"{name}: {grown(name):g}" for name in never if grown(name)]
    if healthy != 200:
        figures.problems.append(f"/healthz says {healthy}")

    # What it takes once is taken by then.
    warm = len(watch.resident_kib) // 4
    growth = watch.resident_kib[-1] - watch.resident_kib[warm]
    files = max(watch.open_files[-warm:]) - max(watch.open_files[warm : 2 * warm])
    figures.add("OOMs", "", [len(killed)], note=f"in {seconds:.0f} s, {groups.ended} groups")
    figures.add("processor", "%", [100 * processor / seconds], bound=options.max_processor_percent, note="of one core")
    figures.add("resident", "MiB", [kib / 1024 for kib in watch.resident_kib[warm:]], bound=options.max_resident_mib)
    figures.add("resident, growth", "KiB", [growth], bound=options.max_growth_kib, note="from the first quarter's end to the end")
    figures.add("open files, growth", "", [files], bound=0, note=f"of {max(watch.open_files)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oomtrace", required=True, type=pathlib.Path)
    parser.add_argument("--workload", required=True, type=pathlib.Path, help="the oom_workload program")
    parser.add_argument("--ooms", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=600, help="over which they are spread")
    parser.add_argument("--groups", type=int, default=64, help="at a time")
    parser.add_argument("--max-processor-percent", type=float, default=10)
    parser.add_argument("--max-resident-mib", type=float, default=24, help="with a store and HTTP, in the middle of a storm")
    parser.add_argument("--max-growth-kib", type=float, default=256)
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here")
    options = parser.parse_args()
    figures = Figures("soak")
    try:
        with ScratchCgroup(f"oomtrace-soak-{os.getpid()}", LIMIT):
            pass
    except CgroupError as error:
        print(f"SKIP {error}")
        return SKIPPED
    try:
        measure(options, Groups(options.groups), figures)
    except (CgroupError, RuntimeError) as error:
        figures.problems.append(str(error))
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
