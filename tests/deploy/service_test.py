# SPDX-License-Identifier: Apache-2.0
"""The systemd unit: systemd's own judgement of it, and what the agent must still be able to do under it."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import unit_file

UNIT = unit_file.read()
# What the agent lives on: loading and attaching, its memory, its capabilities, its files and sockets. Not openat2: it is in
# the list, but RestrictSUIDSGID= refuses it with ENOSYS.
NEEDED = {
    "accept4", "bind", "bpf", "capset", "clone3", "connect", "epoll_pwait", "epoll_wait", "eventfd2", "fallocate", "fdatasync",
    "fsync", "ftruncate", "flock", "getrusage", "listen", "mkdir", "mlockall", "mmap", "openat", "perf_event_open", "prctl",
    "pread64", "prlimit64", "pwrite64", "readlinkat", "rename", "sendmsg", "setsockopt", "signalfd4", "socket", "statx",
    "timerfd_settime", "uname", "unlink",
}  # fmt: skip
FORBIDDEN = {"add_key", "init_module", "kexec_load", "mount", "ptrace", "reboot", "setuid", "swapon"}


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False,
                          env=os.environ | {"SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": "cat", "LC_ALL": "C.UTF-8"})  # fmt: skip


def group(name):
    """The system calls of a group of systemd's; of one that is no group, itself."""
    if not name.startswith("@"):
        return {name}
    members = set()
    for line in analyze("syscall-filter", name).stdout.splitlines():
        member = line.strip()
        if line.startswith(" ") and not member.startswith("#"):
            members |= group(member)
    return members


def allowed_calls():
    """As systemd.exec(5) has it: an allow list first, then what each line takes away or adds."""
    allowed = set()
    for line in UNIT["SystemCallFilter"]:
        calls = set().union(*(group(name) for name in line.removeprefix("~").split()))
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    return allowed


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed (Debian package systemd)")
class Service(unittest.TestCase):
    def test_systemd_has_nothing_to_say_about_it(self):
        # In a root of its own, where the program and the man page are where the package puts them.
        with tempfile.TemporaryDirectory() as name:
            program, unit = pathlib.Path(name) / "oomtrace", pathlib.Path(name) / "oomtrace.service"
            shutil.copy("/bin/true", program)
            text = unit_file.FILE.read_text(encoding="utf-8")
            self.assertIn("\nExecStart=/usr/bin/oomtrace agent\n", text)
            self.assertIn("\nDocumentation=man:oomtrace(1)\n", text)
            unit.write_text(text.replace("/usr/bin/oomtrace", str(program)).replace("Documentation=man:oomtrace(1)\n", ""), encoding="utf-8")
            verified = analyze("verify", str(unit))
        self.assertEqual((verified.returncode, verified.stderr), (0, ""))

    def test_a_setting_that_systemd_does_not_know_is_noticed(self):
        with tempfile.TemporaryDirectory() as name:
            unit = pathlib.Path(name) / "bad.service"
            unit.write_text("[Service]\nExecStart=/bin/true\nProtectKernelModule=yes\n", encoding="utf-8")
            self.assertIn("ProtectKernelModule", analyze("verify", str(unit)).stderr)

    def test_exposure(self):
        judged = analyze("security", "--offline=true", "--threshold=45", str(unit_file.FILE))
        self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)
        self.assertRegex(judged.stdout, r"Overall exposure level for oomtrace.service: [0-4][.]\d")

    def test_system_calls(self):
        allowed = allowed_calls()
        self.assertGreater(len(allowed), 200, "systemd-analyze lists no system calls")
        self.assertEqual(NEEDED - allowed, set())
        self.assertEqual(FORBIDDEN & allowed, set())


class Settings(unittest.TestCase):
    def test_it_outlives_what_it_watches(self):
        self.assertEqual(UNIT["OOMScoreAdjust"], ["-1000"])
        self.assertEqual(UNIT["Restart"], ["always"])
        self.assertEqual(UNIT["Type"], ["notify"])
        self.assertEqual(UNIT["MemorySwapMax"], ["0"])
        self.assertNotIn("MemoryMax", UNIT)

    def test_folders_are_those_of_the_defaults(self):
        for setting in ("RuntimeDirectory", "StateDirectory", "LogsDirectory"):
            self.assertEqual(UNIT[setting], ["oomtrace"])

    def test_nothing_is_opened_that_it_does_not_need(self):
        self.assertEqual(UNIT["NoNewPrivileges"], ["yes"])
        self.assertEqual(UNIT["ProtectSystem"], ["strict"])
        self.assertEqual(UNIT["DeviceAllow"], ["/dev/kmsg r"])
        self.assertEqual(UNIT["AmbientCapabilities"], [""])
        for capability in UNIT["CapabilityBoundingSet"][0].split():
            self.assertTrue(re.fullmatch("CAP_[A-Z_]+", capability), capability)
        # These hide what the agent reads.
        for hiding in ("ProtectKernelTunables", "ProtectKernelLogs", "ProtectProc", "PrivateNetwork", "PrivateUsers"):
            self.assertNotIn(hiding, UNIT)


if __name__ == "__main__":
    unittest.main()
