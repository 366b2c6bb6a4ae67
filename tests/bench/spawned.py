# SPDX-License-Identifier: Apache-2.0
"""Runs a program and tells what it used.

The largest resident memory of a process, as wait4() has it, begins with that of the process that started it: a benchmark that holds
a large log in memory would measure itself. So a small process of Python stands in between.
"""

import json
import os
import sys

_STARTER = """
import json, os, sys
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
os.close(0)
os.close(1)
_, status, usage = os.wait4(pid, 0)
used = {"seconds": usage.ru_utime + usage.ru_stime, "kib": usage.ru_maxrss, "status": os.waitstatus_to_exitcode(status)}
os.write(int(sys.argv[1]), json.dumps(used).encode())
"""


class Spawned:
    """A program that runs, with `stdin` and `stdout` (descriptors, which are closed here) and what it says on stderr thrown away."""

    def __init__(self, command, stdin, stdout):
        self._used, writer = os.pipe()
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.set_inheritable(writer, True)
        self._pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", "-S", "-c", _STARTER, str(writer), *map(str, command)],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_DUP2, stdout, 1), (os.POSIX_SPAWN_DUP2, null, 2)],
        )
        for descriptor in (writer, null, stdin, stdout):
            os.close(descriptor)

    def wait(self):
        """(processor seconds, largest resident MiB, exit status)"""
        with os.fdopen(self._used, "rb") as reader:
            used = json.loads(reader.read())
        os.waitpid(self._pid, 0)
        return used["seconds"], used["kib"] / 1024, used["status"]
