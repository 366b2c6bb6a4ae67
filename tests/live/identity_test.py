#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""On this machine's own kernel: processes in a memory cgroup laid out as the kubelet does, a tree of files that names them as a host's
would, and an OOM in the pod: every incident must tell who trigger, victim and limit are, each its own, and a recording of it must
replay byte for byte.

usage: identity_test.py --oomtrace PROGRAM --workload PROGRAM [unittest arguments]
Exit status: 0 passed, 1 failed, 77 everything was skipped. Skips are printed with their reason.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

from kernel_features import why_no_fentry, why_no_kprobe  # noqa: E402
from live_cases import parse_programs, run_cases  # noqa: E402
from scratch_cgroup import CgroupError, ScratchCgroup  # noqa: E402
from tracer_run import TracerRun  # noqa: E402

MIB = 1 << 20
POD_LIMIT = 32 * MIB
ROUNDS = 10
POD_UID = "8a2f61c7-22b3-4d0e-9c1d-0b7a4c558d1e"
APP, SIDECAR = "3f2a9c0d" * 8, "00c0ffee" * 8
SECRET = "--name"  # the first of the arguments that must not be told unless asked for
UNITS = {"slice": None, "unit": None, "user_unit": None, "session": None, "owner_uid": None}

programs = argparse.Namespace()


def pod(name="cart-7f9", namespace="shop"):
    return {"uid": POD_UID, "name": name, "namespace": namespace, "qos_class": "Burstable"}


def container(identifier, name):
    return {"runtime": "containerd", "id": identifier, "name": name}


def lay_out_host(root):
    """What a kubelet with containerd leaves on its host."""
    logs = root / "var/log"
    for name, identifier in ("app", APP), ("sidecar", SIDECAR):
        directory = logs / f"pods/shop_cart-7f9_{POD_UID}" / name
        directory.mkdir(parents=True)
        (directory / "0.log").touch()
        (logs / "containers").mkdir(exist_ok=True)
        (logs / f"containers/cart-7f9_shop_{name}-{identifier}.log").symlink_to(
            f"/var/log/pods/shop_cart-7f9_{POD_UID}/{name}/0.log")
        (root / "run/containerd/io.containerd.runtime.v2.task/k8s.io" / identifier).mkdir(parents=True)
    (logs / "pods/shop_other_11111111-2222-3333-4444-555555555555/app").mkdir(parents=True)


class PodCgroup:
    """/<scratch>/kubepods/burstable/pod<uid>/{APP,SIDECAR}, with a limit on the pod."""

    def __init__(self, scratch):
        self.directory = scratch.directory
        self.path = scratch.path
        for part in "kubepods", "burstable", f"pod{POD_UID}":
            self._make(scratch, part)
        if scratch.version == 1:
            (self.directory / "memory.limit_in_bytes").write_text(str(POD_LIMIT))
            (self.directory / "memory.swappiness").write_text("0")
        else:
            (self.directory / "memory.max").write_text(str(POD_LIMIT))
        self.containers = {}
        for identifier in APP, SIDECAR:
            if scratch.version == 2:
                ScratchCgroup._enable_controller(self.directory)
            self.containers[identifier] = self.directory / identifier
            self.containers[identifier].mkdir()

    def _make(self, scratch, part):
        if scratch.version == 2:
            ScratchCgroup._enable_controller(self.directory)
        self.directory /= part
        self.path += f"/{part}"
        self.directory.mkdir()


class Identity:
    """The cases; a subclass names the attach method and what the kernel needs for it."""

    method = ""
    missing = staticmethod(lambda: None)
    least_victims = ROUNDS  # of ROUNDS: incidents whose victim was asked what it executes

    @classmethod
    def setUpClass(cls):
        if why := cls.missing():
            raise unittest.SkipTest(f"{cls.method}: {why}")

    def run_rounds(self, directory, cmdline, rounds):
        """Incidents, and what they replay to: victims hold in APP and are preferred, SIDECAR asks for too much."""
        root = directory / "host"
        lay_out_host(root)
        recording = directory / "recording"
        try:
            scratch = ScratchCgroup(f"oomtrace-identity-{os.getpid()}", 2 * POD_LIMIT)
            with scratch:
                self.group = PodCgroup(scratch)
                options = ["--cmdline", cmdline, "--host-root", root, "--record", recording]
                with TracerRun(programs.oomtrace, self.method, directory, options=options) as tracer:
                    for _ in range(rounds):
                        self.provoke()
                    incidents = tracer.wait_for(rounds, self.is_planned)
                    self.assertEqual(tracer.stop(), 0, tracer.log())
        except CgroupError as error:
            self.skipTest(f"{self.method}: {error}")
        replayed = subprocess.run([programs.oomtrace, "replay", "--json", recording], capture_output=True, check=True).stdout
        self.assertEqual(replayed, (directory / "incidents.jsonl").read_bytes())
        self.assertEqual(len(incidents), rounds, tracer.log())
        return incidents

    def is_planned(self, incident):
        """The kernel may find the limit reached once more before all that the victim had is given back, and take the asker too."""
        return incident["memcg"]["path"] == self.group.path and incident["victim"]["comm"] != "asker"

    def provoke(self):
        def start(command, name, adj, where, *arguments):
            return subprocess.Popen(
                [programs.workload, command, "--name", name, "--adj", str(adj), "--cgroup", str(self.group.containers[where]),
                 "--ready-fd", "1", *arguments], stdout=subprocess.PIPE)

        with start("hold", "victim", 900, APP, "--anon", str(8 * MIB)) as victim:
            victim.stdout.readline()
            # Ends when the victim is killed, so that it lives to be read; bounded where the limit does not hold.
            with start("eat", "asker", 0, SIDECAR, "--until-kill", "1", "--step", "256K", "--max", str(4 * POD_LIMIT)) as asker:
                self.assertEqual(victim.wait(timeout=60), -9)
                asker.kill()

    def check_owners(self, incident):
        """What no haste can change."""
        self.assertEqual(incident["victim"]["comm"], "victim")
        self.assertEqual(incident["trigger"]["comm"], "asker")
        for whose, owner in ("victim", container(APP, "app")), ("trigger", container(SIDECAR, "sidecar")):
            process = incident[whose]
            self.assertEqual((process["container"], process["pod"], process["systemd"], process["machine"]),
                             (owner, pod(), None, None))
        limit = incident["memcg"]
        self.assertEqual((limit["container"], limit["pod"], limit["systemd"], limit["machine"]), (None, pod(), None, None))

    def check_process(self, process, cmdline, provenance, whose):
        """Each right, or absent with the reason. Returns whether the command line and the program were read."""
        self.assertIn(process["cmdline"], (cmdline, None))
        self.assertIn(process["exe"], (os.path.realpath(programs.workload), None))
        read = process["cmdline"] is not None, process["exe"] is not None
        if not all(read):
            self.assertIn(f"{whose}: ", provenance["note"])
        return read

    def command_line(self, command, name, adj, where, *arguments):
        return " ".join([str(programs.workload), command, "--name", name, "--adj", str(adj), "--cgroup",
                         str(self.group.containers[where]), "--ready-fd", "1", *arguments])

    def test_every_incident_tells_who_they_are(self):
        with tempfile.TemporaryDirectory() as directory:
            incidents = self.run_rounds(pathlib.Path(directory), "full", ROUNDS)
        read = {"victim": [], "trigger": []}
        victim = self.command_line("hold", "victim", 900, APP, "--anon", str(8 * MIB))
        trigger = self.command_line("eat", "asker", 0, SIDECAR, "--until-kill", "1", "--step", "256K", "--max",
                                    str(4 * POD_LIMIT))
        for incident in incidents:
            provenance = incident["provenance"]["identity"]
            self.check_owners(incident)
            self.assertEqual(provenance["source"], "observed")
            read["victim"].append(self.check_process(incident["victim"], victim, provenance, "victim"))
            read["trigger"].append(self.check_process(incident["trigger"], trigger, provenance, "trigger"))
        cmdlines, exes = ({whose: sum(each[part] for each in all_of) for whose, all_of in read.items()} for part in (0, 1))
        print(f"{self.method}: of {ROUNDS} incidents, {cmdlines['victim']} have the victim's command line and {exes['victim']} its "
              f"program, {cmdlines['trigger']} and {exes['trigger']} the trigger's", file=sys.stderr)
        self.assertEqual((cmdlines["trigger"], exes["trigger"]), (ROUNDS, ROUNDS))
        self.assertEqual(cmdlines["victim"], exes["victim"])
        self.assertGreaterEqual(cmdlines["victim"], self.least_victims)

    def test_arguments_are_told_only_on_request(self):
        for mode, expected in ("program", str(programs.workload)), ("none", None):
            with self.subTest(mode), tempfile.TemporaryDirectory() as directory:
                incident, = self.run_rounds(pathlib.Path(directory), mode, 1)
                recorded = (pathlib.Path(directory) / "recording").read_bytes()
                self.check_owners(incident)
                self.assertEqual(incident["trigger"]["cmdline"], expected)
                self.assertIn(incident["victim"]["cmdline"], (expected, None))
                self.assertNotIn(SECRET.encode(), recorded)


class Fentry(Identity, unittest.TestCase):
    method = "fentry"
    missing = staticmethod(why_no_fentry)


class Kprobe(Identity, unittest.TestCase):
    method = "kprobe"
    missing = staticmethod(why_no_kprobe)


class Tracepoint(Identity, unittest.TestCase):
    method = "tracepoint"
    least_victims = ROUNDS // 2  # one on another processor may take its signal before the mark is seen


def main():
    return run_cases(parse_programs(__doc__, programs))


if __name__ == "__main__":
    sys.exit(main())
