#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""On this machine's own kernel: a container of a real engine runs into its limit, and the incident must name it as the engine does.

Where the machine has the engine: Docker's, Podman's (with crun too, which wants no hybrid of cgroup v1 and v2, so that it gets a mount
namespace without v2), containerd (ctr), LXC. $DOCKER, $PODMAN, $CTR are other commands for them ("podman --runtime runc",
"ctr --address FILE"). The image is busybox alone, made here, and taken away again.

usage: container_engines_test.py --oomtrace PROGRAM --workload PROGRAM [unittest arguments]
Exit status: 0 passed, 1 failed, 77 everything was skipped. Skips are printed with their reason.
"""

import argparse
import os
import pathlib
import secrets
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

LIMIT_BYTES = 32 << 20
LIMIT = "32M"
IMAGE = "oomtrace-test"

# One line without an end, all of which is kept to be printed.
HUNGRY = ("/busybox", "tail", "/dev/zero")

# Engines ask for more than there is otherwise, which takes CAP_SYS_RESOURCE.
LOW_LIMITS = ("--ulimit=nofile=1000:1000", "--ulimit=nproc=1000:1000")

programs = argparse.Namespace()


class Engine:
    """Of the mixed-in TestCase: `engine`, as an incident names it, and its client: `command`, or what the variable says."""

    engine = command = variable = ""
    around = ()  # in front of every command

    def setUp(self):
        self.client = shlex.split(os.environ.get(self.variable, self.command))
        for program in (self.client[0], "busybox"):
            if shutil.which(program) is None:
                self.skipTest(f"{program} is not installed")
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.name = f"oomtrace_test_{os.getpid()}"
        self.prepare()

    def run_client(self, *arguments, check=True):
        command = [*self.around, *self.client, *map(str, arguments)]
        # Its monitor leaves a file named oom where it was started.
        done = subprocess.run(command, cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{command}: status {done.returncode}: {done.stderr}")
        return done

    def need(self, *arguments):
        """Skips where the client cannot do that."""
        if (done := self.run_client(*arguments, check=False)).returncode != 0:
            self.skipTest(f"no {self.engine} engine: {done.stderr.strip().splitlines()[-1]}")
        return done

    def make_root(self):
        """A directory that has busybox, and what an engine wants to mount something on."""
        root = self.directory / "root"
        for name in ("dev", "proc", "sys", "tmp"):
            (root / name).mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), root / "busybox")
        return root

    def tell_of(self, run, in_it, owner, machine=None, pod=None):
        """`run` runs a container into its limit; `in_it` tells whether a path is its cgroup's."""
        with TracerRun(programs.oomtrace, "auto", self.directory) as tracer:
            done = run()
            if done.returncode in (125, 126, 127):
                self.skipTest(f"{self.engine} runs no container here: {done.stderr.strip().splitlines()[-1]}")
            self.assertEqual(done.returncode, 137, done.stderr)
            incidents = tracer.wait_for(1, lambda incident: in_it((incident["memcg"] or {}).get("path", "")))
            self.assertEqual(tracer.stop(), 0, tracer.log())
        self.assertEqual(len(incidents), 1, tracer.log())
        incident = incidents[0]
        owner = owner() if callable(owner) else owner
        for whose in "victim", "trigger", "memcg":
            found = {key: incident[whose][key] for key in ("container", "machine", "pod")}
            self.assertEqual(found, {"container": owner, "machine": machine, "pod": pod}, (whose, incident["memcg"]["path"]))
        self.assertEqual((incident["victim"]["comm"], incident["victim"]["exe"]), ("busybox", "/busybox"))


class EngineOfImages(Engine):
    def prepare(self):
        self.need("info")
        archive = self.directory / "image.tar"
        subprocess.run(["tar", "-cf", archive, "-C", pathlib.Path(shutil.which("busybox")).parent, "busybox"], check=True)
        self.run_client("import", archive, IMAGE)
        self.addCleanup(self.run_client, "rmi", "--force", IMAGE, check=False)

    def run_container(self, *options):
        """The container stays."""
        self.addCleanup(self.run_client, "rm", "--force", self.name, check=False)
        return self.run_client("run", "--name", self.name, "--memory", LIMIT, "--memory-swap", LIMIT, *LOW_LIMITS, *options, IMAGE, *HUNGRY,
                               check=False)

    def inspect(self, field):
        return self.run_client("inspect", "--format", "{{." + field + "}}", self.name).stdout.strip()

    def tell_of_container(self, *options, pod=None):
        self.tell_of(
            lambda: self.run_container(*options),
            lambda path: self.inspect("Id") in path,
            lambda: {"runtime": self.engine, "id": self.inspect("Id"), "name": self.name},
            pod=pod,
        )

    def test_the_incident_names_the_container(self):
        self.tell_of_container("--network", "none")


class Docker(EngineOfImages, unittest.TestCase):
    engine = command = "docker"
    variable = "DOCKER"

    def test_a_container_below_a_folder_of_anybodys(self):
        if "systemd" in self.run_client("info", "--format", "{{.CgroupDriver}}").stdout:
            self.skipTest("with systemd as Docker's cgroup driver only slices can be above a container")
        self.tell_of_container("--network", "none", "--cgroup-parent", "/oomtrace-test")


class Podman(EngineOfImages, unittest.TestCase):
    engine = command = "podman"
    variable = "PODMAN"

    def test_the_incident_names_the_pod(self):
        # Only the configuration has limits for the container that holds the pod.
        configuration = self.directory / "containers.conf"
        configuration.write_text('[containers]\ndefault_ulimits = ["nofile=1000:1000", "nproc=1000:1000"]\n')
        self.around = ("env", f"CONTAINERS_CONF={configuration}")
        pod = f"{self.name}_pod"
        self.addCleanup(self.run_client, "pod", "rm", "--force", "--time", "0", pod, check=False)
        made = self.run_client("pod", "create", "--name", pod, "--network", "none", "--infra-image", IMAGE, "--infra-command",
                               "/busybox sleep 600").stdout.strip()
        self.tell_of_container("--pod", pod, pod={"uid": made, "name": None, "namespace": None, "qos_class": None})


class PodmanWithCrun(EngineOfImages, unittest.TestCase):
    engine, command = "podman", "podman --runtime crun"
    around = ("unshare", "--mount", "sh", "-c", '! mountpoint -q $0 || umount $0; exec "$@"', "/sys/fs/cgroup/unified")

    def setUp(self):
        if shutil.which("crun") is None:
            self.skipTest("crun is not installed")
        super().setUp()


class Containerd(Engine, unittest.TestCase):
    engine, command, variable = "containerd", "ctr", "CTR"

    def prepare(self):
        self.need("version")

    def test_the_incident_names_the_container(self):
        self.tell_of_container("default")

    def test_a_container_of_another_namespace(self):
        self.tell_of_container(self.name)

    def tell_of_container(self, namespace):
        identifier = secrets.token_hex(32)  # as nerdctl's
        root = self.make_root()
        within = ("--namespace", namespace)
        if namespace != "default":
            self.addCleanup(self.run_client, "namespace", "rm", namespace, check=False)
        self.addCleanup(self.run_client, *within, "container", "rm", identifier, check=False)
        self.addCleanup(self.run_client, *within, "task", "rm", "--force", identifier, check=False)
        self.tell_of(
            lambda: self.run_client(*within, "run", "--rootfs", "--memory-limit", LIMIT_BYTES, root, identifier, *HUNGRY, check=False),
            lambda path: identifier in path,
            {"runtime": "containerd", "id": identifier, "name": None},
        )


class Lxc(Engine, unittest.TestCase):
    engine, command = "lxc", "lxc-execute"

    def prepare(self):
        program = pathlib.Path("/usr/sbin/init.lxc.static")
        if not program.exists():
            self.skipTest(f"{program} is not installed")
        root = self.make_root()
        (root / "sbin").mkdir()
        shutil.copy(program, root / "sbin")
        (self.directory / "lxc.conf").write_text(
            f"lxc.rootfs.path = dir:{root}\nlxc.net.0.type = none\nlxc.apparmor.profile = unconfined\n"
            + "".join(f"{name} = {LIMIT}\n" for name in ("lxc.cgroup.memory.limit_in_bytes", "lxc.cgroup2.memory.max"))
        )

    def test_the_incident_names_the_container(self):
        whose = ("--lxcpath", self.directory, "--name", self.name, "--rcfile", self.directory / "lxc.conf")
        self.tell_of(
            lambda: self.run_client(*whose, "--", *HUNGRY, check=False),
            lambda path: path.endswith(f"lxc.payload.{self.name}"),
            {"runtime": "lxc", "id": None, "name": None},
            machine=self.name,
        )


if __name__ == "__main__":
    sys.exit(run_cases(parse_programs(__doc__, programs)))
