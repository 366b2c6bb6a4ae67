#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""On this machine's own kernel: runs a scratch memory cgroup out of memory under oomtrace, with each attach method that the
kernel allows, and holds every incident against the kernel's own report and against what the test set up.

usage: memcg_oom_test.py --oomtrace PROGRAM --workload PROGRAM [unittest arguments]
Exit status: 0 passed, 1 failed, 77 everything was skipped. Skips are printed with their reason.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import kernel_report  # noqa: E402
from compare_with_kernel_log import compare  # noqa: E402
from incident_comparison import Options  # noqa: E402
from kernel_features import may_lower_oom_score_adj, why_no_fentry, why_no_kprobe  # noqa: E402
from live_cases import parse_programs, run_cases  # noqa: E402
from scratch_cgroup import CgroupError, ScratchCgroup  # noqa: E402
from setup_checks import MIB, Member, SetupChecks  # noqa: E402
from tracer_run import KernelLog, TracerRun  # noqa: E402

LIMIT = 64 * MIB
# The limit does not bound what other CPUs have charged in advance; nothing else may move: the group's tasks sleep.
MIN_COMPARED = 180

programs = argparse.Namespace()


def swap_total_pages():
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("SwapTotal:"):
            return int(line.split()[1]) * 1024 // os.sysconf("SC_PAGESIZE")
    raise RuntimeError("/proc/meminfo has no SwapTotal")


def start_boottime_ns(pid):
    """To the clock tick (10 ms): /proc has no more."""
    after_comm = pathlib.Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return int(after_comm[19]) * 10**9 // os.sysconf("SC_CLK_TCK")


class Workload:
    """Processes of known size; each dies with this one."""

    def __init__(self, directory):
        self.directory = directory
        self.children = []
        self.members = []
        self.started = {}

    def hold(self, name, adj, uid, anon, shmem, file, *, group=None, outside=False):
        arguments = ["--anon", str(anon), "--shmem", str(shmem), "--file", str(file), "--directory", self.directory]
        if group:
            arguments += ["--cgroup", str(group.directory)]
        child = self._start("hold", name, adj, uid, arguments)
        if child.stdout.readline() != b"ready\n":
            raise RuntimeError(f"holder {name!r} did not get its memory")
        cgroup = group.path if group else None
        self.members.append(Member(child.pid, name, adj, uid, anon, shmem, file, outside=outside, cgroup=cgroup))
        self.started[child.pid] = start_boottime_ns(child.pid)

    def eat(self, name, thread, group):
        """Until it is killed. Bounded: where the limit does not hold, the machine must not suffer."""
        arguments = ["--thread", thread, "--cgroup", str(group.directory), "--max", str(4 * LIMIT)]
        child = self._start("eat", name, 0, 0, arguments)
        self.members.append(Member(child.pid, name, 0, 0, eater=True, cgroup=group.path))
        child.stdout.readline()
        self.started[child.pid] = start_boottime_ns(child.pid)
        return child.wait()

    def _start(self, command, name, adj, uid, arguments):
        common = ["--name", name, "--adj", str(adj), "--uid", str(uid), "--ready-fd", "1"]
        child = subprocess.Popen([programs.workload, command, *common, *arguments], stdout=subprocess.PIPE)
        self.children.append(child)
        return child

    def end(self):
        for child in self.children:
            child.kill()
            child.wait()
            child.stdout.close()


class MemcgOom:
    """The cases; a subclass names the attach method and what the kernel needs for it."""

    method = ""
    missing = staticmethod(lambda: None)  # why this kernel can not do it, found out without oomtrace

    @classmethod
    def setUpClass(cls):
        if why := cls.missing():
            raise unittest.SkipTest(f"{cls.method}: {why}")
        cls.page_size = os.sysconf("SC_PAGESIZE")
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o1777)
            try:
                cls.run_out_of_memory(directory)
            except CgroupError as error:
                raise unittest.SkipTest(f"{cls.method}: {error}") from error

    @classmethod
    def run_out_of_memory(cls, directory):
        workload = Workload(directory)
        name = f"oomtrace-live-{cls.method}-{os.getpid()}"
        try:
            log = KernelLog()
        except OSError as error:
            raise unittest.SkipTest(f"cannot read /dev/kmsg: {error}") from error
        with ScratchCgroup(name, LIMIT) as group, TracerRun(
            programs.oomtrace, cls.method, directory, options=("--record", f"{directory}/recording")
        ) as tracer:
            cls.path, cls.cgroup_version = group.path, group.version
            holders, eaters = group.child("holders"), group.child("eaters")
            cls.before = time.monotonic_ns(), time.time_ns()
            try:
                workload.hold(b"plain", 0, 1000, 10 * MIB, 1 * MIB, 1 * MIB, group=holders)
                workload.hold(b"sacrifice (2)", 500, 1001, 12 * MIB, 2 * MIB, 1 * MIB, group=holders)
                workload.hold(b'q"\xff\\ \xc3\xa9', 100, 1002, 6 * MIB, 0, 0, group=eaters)
                if may_lower_oom_score_adj():
                    workload.hold(b"protected", -1000, 0, 4 * MIB, 0, 0, group=eaters)
                else:
                    print(f"{cls.method}: without a process at oom_score_adj -1000: CAP_SYS_RESOURCE is missing")
                workload.hold(b"outsider", 800, 0, 16 * MIB, 0, 0, outside=True)
                cls.eater_status = workload.eat(b"eater", b"biter", eaters)
                cls.incidents = tracer.wait_for(2, lambda incident: incident["memcg"]["path"] == group.path)
            finally:
                workload.end()
            cls.after = time.monotonic_ns(), time.time_ns()
            cls.oom_kills = group.oom_kills()
            cls.tracer_status = tracer.stop()
            cls.tracer_log = tracer.log()
        cls.replayed = cls.incidents_of("replay", "--json", f"{directory}/recording")
        later = cls.incidents_of("trace", "--since-boot", "--json", "--attach", cls.method, "--duration", "1")
        cls.remembered = [incident for incident in later if incident["before_start"]]
        cls.members, cls.started = workload.members, workload.started
        everything = kernel_report.parse_reports(log.read())
        log.close()
        # Others may run out of memory meanwhile; theirs is theirs.
        cls.reports = [report for report in everything if report.summary and report.summary.oom_memcg == group.path]

    @classmethod
    def incidents_of(cls, *arguments):
        """The group's, in the order in which they began."""
        command = [programs.oomtrace, *arguments]
        lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.splitlines()
        incidents = [incident for incident in map(json.loads, lines) if incident["memcg"]["path"] == cls.path]
        return sorted(incidents, key=lambda incident: incident["episode"])

    def member(self, name):
        return next(member for member in self.members if member.name == name)

    def check_none(self, checks):
        self.assertEqual(checks.problems, [])
        self.assertGreater(checks.checked, 0)

    def test_the_scenario_went_as_planned(self):
        self.assertEqual(self.eater_status, -9)
        self.assertEqual([report.summary.task for report in self.reports], ["sacrifice (2)", "eater"])
        self.assertEqual(self.oom_kills, 2)
        self.assertEqual([report.unread_lines for report in self.reports], [[], []])

    def test_one_incident_per_oom(self):
        self.assertEqual(len(self.incidents), 2, self.tracer_log)
        self.assertEqual(len({incident["id"] for incident in self.incidents}), 2)
        self.assertEqual([incident["outcome"] for incident in self.incidents], ["killed", "killed"])
        self.assertEqual(self.tracer_status, 0, self.tracer_log)

    def test_agrees_with_the_kernel_log(self):
        options = Options(
            page_size=self.page_size,
            swap_total_pages=swap_total_pages(),
            counter_tolerance_pages=64 * (os.cpu_count() or 1),  # a CPU charges 64 pages in advance
        )
        ledger = compare(self.incidents, self.reports, options, method=self.method)
        print(f"\n{self.method}: {len(self.incidents)} incidents, {len(self.reports)} reports\n{ledger.table()}")
        self.assertEqual([str(mismatch) for mismatch in ledger.mismatches], [])
        self.assertGreaterEqual(ledger.total_compared(), MIN_COMPARED)

    def test_has_what_the_kernel_printed_of_the_allocation(self):
        for incident, report in zip(self.incidents, self.reports, strict=True):
            allocation, source = incident["allocation"], incident["provenance"]["allocation"]["source"]
            self.assertEqual(int(allocation["gfp_mask"], 16), report.gfp_mask)
            self.assertEqual(allocation["gfp_flags"], list(report.gfp_flags))
            self.assertEqual(allocation["order"], report.order)
            self.assertEqual(source, "observed")
            own = incident["checks"]["kernel_log"]
            self.assertEqual((own["mismatches"], own["note"]), ([], None))
            self.assertGreater(own["compared"], 20)

    def test_a_replay_gives_the_same_and_a_later_run_remembers(self):
        """The kernel's lines are in the recording; and whoever starts later finds the same OOMs in the kernel's log."""
        self.assertEqual(self.replayed, self.incidents)
        for incident, remembered in zip(self.incidents, self.remembered, strict=True):
            self.assertTrue(remembered["before_start"])
            self.assertEqual(remembered["tracer"]["attach_method"], "kernel_log")
            for key in ("pid", "comm", "uid", "oom_score_adj", "cgroup"):
                self.assertEqual(remembered["victim"][key], incident["victim"][key])
            for key in ("gfp_mask", "gfp_flags", "order"):
                self.assertEqual(remembered["allocation"][key], incident["allocation"][key])
            self.assertEqual(remembered["memcg"]["path"], self.path)
            self.assertEqual(remembered["host"]["boot_id"], incident["host"]["boot_id"])

    def test_candidates_are_the_processes_in_the_group(self):
        checks = SetupChecks()
        first, second = self.incidents
        checks.check_candidates(first, self.members, only_members=True)
        dead = self.member(b"sacrifice (2)")
        rest = [member for member in self.members if member is not dead]
        checks.check_candidates(second, rest, dead=[dead], only_members=True)
        self.check_none(checks)

    def test_victims(self):
        checks = SetupChecks()
        for incident, name in zip(self.incidents, (b"sacrifice (2)", b"eater"), strict=True):
            checks.check_victim(incident, self.member(name))
        self.check_none(checks)

    def test_identities(self):
        tick = 10**9 // os.sysconf("SC_CLK_TCK")
        for incident in self.incidents:
            for process in (incident["trigger"], incident["victim"], *incident["candidates"], *incident["kills"]):
                with self.subTest(comm=process["comm"]):
                    difference = process["start_boottime_ns"] - self.started[process["tgid"]]
                    # A thread has a start of its own.
                    if process["pid"] == process["tgid"]:
                        self.assertTrue(0 <= difference < tick, difference)
                    self.assertEqual(process["ppid"], os.getpid())
                    threads = 2 if process["tgid"] == self.member(b"eater").pid else 1
                    self.assertEqual(process["threads"], threads)

    def test_trigger(self):
        for incident in self.incidents:
            trigger = incident["trigger"]
            self.assertEqual(trigger["comm"], "biter")
            self.assertEqual(trigger["tgid"], self.member(b"eater").pid)
            self.assertNotEqual(trigger["pid"], trigger["tgid"])
            self.assertEqual((trigger["uid"], trigger["oom_score_adj"]), (0, 0))
            self.assertEqual(trigger["cgroup"], self.path + "/eaters")

    def test_limit(self):
        for incident in self.incidents:
            memcg = incident["memcg"]
            self.assertEqual((incident["scope"], incident["constraint"]), ("memcg", "memcg"))
            self.assertEqual((memcg["path"], memcg["limit_bytes"]), (self.path, LIMIT))
            self.assertTrue(LIMIT - MIB <= memcg["usage_bytes"] <= LIMIT, memcg["usage_bytes"])
            self.assertEqual(incident["total_pages"], LIMIT // self.page_size)
            levels = memcg["levels"]
            self.assertEqual([level["path"] for level in levels], [incident["victim"]["cgroup"], self.path, "/"])
            self.assertEqual([level["fired"] for level in levels], [False, True, False])
            self.assertEqual([level["victim_lives_here"] for level in levels], [True, False, False])
            self.assertEqual({level["version"] for level in levels}, {self.cgroup_version})

    def test_time_and_place(self):
        boot_id = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        for incident in self.incidents:
            self.assertTrue(self.before[0] <= incident["monotonic_ns"] <= self.after[0])
            moment = datetime.datetime.fromisoformat(incident["time"].replace("Z", "+00:00"))
            self.assertTrue(self.before[1] <= moment.timestamp() * 1e9 + 1000 <= self.after[1] + 2000, incident["time"])
            host = incident["host"]
            self.assertEqual(host["hostname"], platform.node())
            self.assertEqual(host["boot_id"], boot_id)
            self.assertEqual((host["kernel"], host["arch"]), (platform.release(), platform.machine()))
            self.assertEqual((host["page_size"], host["cgroup_version"]), (self.page_size, self.cgroup_version))

    def test_says_how_far_it_can_be_trusted(self):
        checks = SetupChecks()
        for incident in self.incidents:
            checks.check_trust(incident, self.method)
        self.check_none(checks)


class Fentry(MemcgOom, unittest.TestCase):
    method = "fentry"
    missing = staticmethod(why_no_fentry)


class Kprobe(MemcgOom, unittest.TestCase):
    method = "kprobe"
    missing = staticmethod(why_no_kprobe)


class Tracepoint(MemcgOom, unittest.TestCase):
    method = "tracepoint"


def main():
    return run_cases(parse_programs(__doc__, programs))


if __name__ == "__main__":
    sys.exit(main())
