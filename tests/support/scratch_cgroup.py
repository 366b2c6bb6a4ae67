# SPDX-License-Identifier: Apache-2.0
"""A memory cgroup of a test's own, on cgroup v1 or v2, removed on every way out of the `with` block."""

import dataclasses
import os
import pathlib
import re
import signal
import time


class CgroupError(Exception):
    """The host has no memory cgroup that a test may use; the text says why."""


def _memory_mount():
    """(mount point, version) of the hierarchy that holds the memory controller."""
    unified = None
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, mount_point, kind, options = line.split()[:4]
        mount_point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), mount_point)
        if kind == "cgroup" and "memory" in options.split(","):
            return pathlib.Path(mount_point), 1
        if kind == "cgroup2":
            unified = pathlib.Path(mount_point)
    if unified is None:
        raise CgroupError("no cgroup hierarchy is mounted")
    if "memory" not in (unified / "cgroup.controllers").read_text().split():
        raise CgroupError(f"the memory controller is not available in {unified}")
    return unified, 2


@dataclasses.dataclass(frozen=True)
class ChildCgroup:
    path: str  # as the kernel prints it
    directory: pathlib.Path


def _exit_on_signal(number, _frame):
    raise SystemExit(128 + number)


class ScratchCgroup:
    """`with ScratchCgroup(name, limit_bytes) as group:` makes /name with a hard limit and no swap.

    Swap is switched off so that the limit is the end of it. On the way out everything in it is killed and it is removed, with
    its children. SIGTERM ends the test as an exception does while it exists.
    """

    def __init__(self, name, limit_bytes):
        self.root, self.version = _memory_mount()
        self.path = "/" + name  # as the kernel prints it
        self.directory = self.root / name
        self.limit_bytes = limit_bytes
        self._old_sigterm = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise CgroupError("making a cgroup needs root")
        self._old_sigterm = signal.signal(signal.SIGTERM, _exit_on_signal)
        try:
            if self.version == 2:
                self._enable_controller(self.root)
            self.directory.mkdir()
            self._set_limit()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self._remove()
        finally:
            signal.signal(signal.SIGTERM, self._old_sigterm)

    def child(self, name):
        """A cgroup below, without a limit of its own."""
        if self.version == 2:
            self._enable_controller(self.directory)
        directory = self.directory / name
        directory.mkdir()
        return ChildCgroup(f"{self.path}/{name}", directory)

    def oom_kills(self):
        """In it and below. v1 counts each kill in the victim's own cgroup only."""
        groups = [self.directory] if self.version == 2 else [self.directory, *self._children()]
        return sum(self._event(group, "oom_kill") for group in groups)

    def _event(self, group, key):
        file = group / ("memory.oom_control" if self.version == 1 else "memory.events")
        for line in file.read_text().splitlines():
            name, value = line.split()
            if name == key:
                return int(value)
        raise CgroupError(f"{file} has no {key}")

    def _children(self):
        return sorted((directory for directory in self.directory.rglob("*") if directory.is_dir()), reverse=True)

    @staticmethod
    def _enable_controller(directory):
        control = directory / "cgroup.subtree_control"
        if "memory" not in control.read_text().split():
            control.write_text("+memory")

    def _set_limit(self):
        limit = str(self.limit_bytes)
        if self.version == 1:
            (self.directory / "memory.limit_in_bytes").write_text(limit)
            memsw = self.directory / "memory.memsw.limit_in_bytes"
            if memsw.exists():  # only where swap is accounted
                memsw.write_text(limit)
        else:
            (self.directory / "memory.max").write_text(limit)
            swap = self.directory / "memory.swap.max"
            if swap.exists():
                swap.write_text("0")

    def _remove(self):
        if not self.directory.exists():
            return
        groups = [*self._children(), self.directory]
        deadline = time.monotonic() + 10
        while groups:
            for group in list(groups):
                for pid in (group / "cgroup.procs").read_text().split():
                    try:
                        os.kill(int(pid), signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                try:
                    group.rmdir()
                    groups.remove(group)
                except OSError as error:  # busy until the memory of what was killed is gone
                    if time.monotonic() > deadline:
                        raise CgroupError(f"cannot remove {group}: {error}") from error
            if groups:
                time.sleep(0.02)
