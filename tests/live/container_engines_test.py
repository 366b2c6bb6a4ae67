#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""On this machine's own kernel: a container of a real engine runs into its limit, and the incident must name it as the engine does.

Where the machine has Docker's or Podman's engine; $DOCKER and $PODMAN are other commands for them ("podman --runtime runc"). The
image is busybox alone, made here, and taken away again.

usage: container_engines_test.py --oomtrace PROGRAM --workload PROGRAM [unittest arguments]
Exit status: 0 passed, 1 failed, 77 everything was skipped. Skips are printed with their reason.
"""

import argparse
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

from live_cases import parse_programs, run_cases  # noqa: E402
from tracer_run import TracerRun  # noqa: E402

LIMIT = "32m"
IMAGE = "oomtrace-test"

# Engines ask for more than there is otherwise, which takes CAP_SYS_RESOURCE.
LOW_LIMITS = ("--ulimit=nofile=1000:1000", "--ulimit=nproc=1000:1000")

programs = argparse.Namespace()


class Engine:
    """Of the mixed-in TestCase: `engine`, as an incident names it."""

    def setUp(self):
        self.command = shlex.split(os.environ.get(self.engine.upper(), self.engine))
        if shutil.which(self.command[0]) is None:
            self.skipTest(f"{self.command[0]} is not installed")
        if (info := self.run_engine("info", check=False)).returncode != 0:
            self.skipTest(f"no {self.engine} engine: {info.stderr.strip().splitlines()[-1]}")
        busybox = shutil.which("busybox")
        if busybox is None:
            self.skipTest("busybox is not installed")
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        archive = self.directory / "image.tar"
        subprocess.run(["tar", "-cf", archive, "-C", pathlib.Path(busybox).parent, "busybox"], check=True)
        self.run_engine("import", archive, IMAGE)
        self.addCleanup(self.run_engine, "rmi", "--force", IMAGE, check=False)
        self.name = f"oomtrace_test_{os.getpid()}"

    def run_engine(self, *arguments, check=True):
        done = subprocess.run([*self.command, *arguments], capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{self.command} {arguments}: status {done.returncode}: {done.stderr}")
        return done

    def run_container(self, *command):
        """The exit status; the container stays."""
        self.addCleanup(self.run_engine, "rm", "--force", self.name, check=False)
        done = self.run_engine("run", "--name", self.name, "--network", "none", "--memory", LIMIT, "--memory-swap", LIMIT, *LOW_LIMITS, IMAGE,
                               *command, check=False)
        if done.returncode in (125, 126, 127):
            self.skipTest(f"{self.engine} runs no container here: {done.stderr.strip().splitlines()[-1]}")
        return done.returncode

    def test_the_incident_names_the_container(self):
        with TracerRun(programs.oomtrace, "auto", self.directory) as tracer:
            # One line without an end, all of which is kept to be printed.
            self.assertEqual(self.run_container("/busybox", "tail", "/dev/zero"), 137)
            identifier = self.run_engine("inspect", "--format", "{{.Id}}", self.name).stdout.strip()
            incidents = tracer.wait_for(1, lambda incident: identifier in (incident["memcg"] or {}).get("path", ""))
            self.assertEqual(tracer.stop(), 0, tracer.log())
        self.assertEqual(len(incidents), 1, tracer.log())
        incident, owner = incidents[0], {"runtime": self.engine, "id": identifier, "name": self.name}
        for whose in "victim", "trigger", "memcg":
            self.assertEqual((incident[whose]["container"], incident[whose]["pod"]), (owner, None), whose)
        self.assertEqual((incident["victim"]["comm"], incident["victim"]["exe"]), ("busybox", "/busybox"))


class Docker(Engine, unittest.TestCase):
    engine = "docker"


class Podman(Engine, unittest.TestCase):
    engine = "podman"


if __name__ == "__main__":
    sys.exit(run_cases(parse_programs(__doc__, programs)))
