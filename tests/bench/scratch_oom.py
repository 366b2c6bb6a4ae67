# SPDX-License-Identifier: Apache-2.0
"""A scratch memory cgroup that is driven out of memory for a benchmark."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from scratch_cgroup import CgroupError, ScratchCgroup  # noqa: E402

__all__ = ["MIB", "CgroupError", "ScratchCgroup", "Sleepers", "eat_until_killed"]

MIB = 1 << 20


class Sleepers:
    """`with Sleepers(workload, group, count, each):` that many processes (and their parent) sleep in the group."""

    def __init__(self, workload, group, count, each):
        self._command = [
            str(workload), "many", "--name", "sleeper", "--count", str(count), "--each", str(each),
            "--cgroup", str(group.directory), "--ready-fd", "1",
        ]  # fmt: skip

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if self._process.stdout.readline() != b"ready\n":
            self.__exit__()
            raise RuntimeError(f"{' '.join(self._command)} did not start")
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


def eat_until_killed(workload, group):
    """Returns the pid of the process that the OOM killer took. Bounded: where the limit does not hold, the machine must not
    suffer."""
    command = [str(workload), "eat", "--name", "eater", "--cgroup", str(group.directory), "--max", str(2 * group.limit_bytes)]
    eater = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    if eater.wait() != -9:
        raise RuntimeError(f"{' '.join(command)} ended with {eater.returncode} and not by the OOM killer")
    return eater.pid
