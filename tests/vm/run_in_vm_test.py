#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/run_in_vm.sh itself: a status comes back as it was, output comes back whole, and a guest that does not end well is
reported as what happened to it."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "run_in_vm.sh"
KERNEL = os.environ.get("OOMTRACE_VM_KERNEL", "6.12")
GUEST_DIED, TIMED_OUT, COULD_NOT_START, BAD_USAGE = 121, 124, 125, 2


def run(*arguments):
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, check=False)


class GuestThatEnds(unittest.TestCase):
    def test_status_words_streams_and_files_come_back(self):
        words = ["a b", "it's", '"$HOME"', "\\", ""]
        script = 'printf "<%s>" "$@"; echo to stderr >&2; head -c 300000 /dev/urandom >/out/big; sha256sum </out/big; exit 7'
        with tempfile.TemporaryDirectory() as output:
            done = run(KERNEL, "--output", output, "--", "sh", "-c", script, "sh", *words)
            self.assertEqual(done.returncode, 7, done.stderr)
            self.assertTrue(done.stdout.startswith("".join(f"<{word}>" for word in words)), done.stdout)
            # Emulated processors of a busy host fail to boot now and then, which is told.
            self.assertEqual([line for line in done.stderr.splitlines() if "booting it again" not in line], ["to stderr"])
            digest = subprocess.run(["sha256sum", f"{output}/big"], capture_output=True, text=True, check=True).stdout
            self.assertIn(digest.split()[0], done.stdout)
            files = {"big", "stdout", "stderr", "dmesg.txt", "console.txt", "live.txt"}
            self.assertEqual(set(os.listdir(output)), files)
            self.assertIn("Linux version", (pathlib.Path(output) / "dmesg.txt").read_text())

    def test_programs_and_files_go_in(self):
        with tempfile.TemporaryDirectory() as directory:
            data = pathlib.Path(directory) / "data"
            data.write_text("some data\n")
            # A program that needs shared libraries and the loader.
            arguments = ["--program", "/usr/bin/env=other-env", "--file", f"{data}=/etc/deep/data"]
            done = run(KERNEL, *arguments, "--", "other-env", "NAME=1", "cat", "/etc/deep/data")
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "some data\n", ""))


class GuestThatDoesNotEnd(unittest.TestCase):
    def test_panic(self):
        done = run(KERNEL, "--", "sh", "-c", "echo c >/proc/sysrq-trigger")
        self.assertEqual(done.returncode, GUEST_DIED)
        self.assertIn("the guest panicked: Kernel panic - not syncing: sysrq triggered crash", done.stderr)
        self.assertNotIn("booting it again", done.stderr)

    def test_panic_before_it_is_up(self):
        done = run(KERNEL, "--append", "rdinit=/none init=/none", "--", "true")
        self.assertEqual(done.returncode, GUEST_DIED)
        self.assertEqual(done.stderr.count("crashed before the guest was up: Kernel panic - not syncing: "), 2, done.stderr)

    def test_power_off_behind_the_harness(self):
        done = run(KERNEL, "--", "poweroff", "-f")
        self.assertEqual(done.returncode, GUEST_DIED)
        self.assertIn("ended without reporting a status", done.stderr)

    def test_time_out(self):
        done = run(KERNEL, "--timeout", "15", "--", "sleep", "1000")
        self.assertEqual(done.returncode, TIMED_OUT)
        self.assertIn("no end after 15 s; QEMU was killed", done.stderr)


class BadUsage(unittest.TestCase):
    def test_unknown_kernel(self):
        done = run("0.99", "--", "true")
        self.assertEqual(done.returncode, COULD_NOT_START)
        self.assertIn("no kernel named '0.99'", done.stderr)

    def test_missing_program(self):
        self.assertEqual(run(KERNEL, "--program", "/nonexistent", "--", "true").returncode, COULD_NOT_START)

    def test_image(self):
        self.assertEqual(run(KERNEL, "--image", "/nonexistent").returncode, COULD_NOT_START)
        self.assertEqual(run(KERNEL, "--image", __file__, "--", "true").returncode, BAD_USAGE)

    def test_options(self):
        self.assertEqual(run().returncode, BAD_USAGE)
        self.assertEqual(run(KERNEL, "--frobnicate").returncode, BAD_USAGE)
        self.assertEqual(run(KERNEL, "--memory").returncode, BAD_USAGE)


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=2).result.wasSuccessful())
