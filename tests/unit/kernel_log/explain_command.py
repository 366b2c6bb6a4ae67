#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`oomtrace explain` as a user has it: files plain and compressed, standard input, several files, bad ones, and its exit status."""

import argparse
import bz2
import gzip
import json
import lzma
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

OPTIONS = None


def explain(*arguments, stdin=None, **how):
    return subprocess.run([OPTIONS.oomtrace, "explain", *map(str, arguments)], input=stdin, capture_output=True, check=False, **how)


def ids(run):
    return [json.loads(line)["id"] for line in run.stdout.splitlines()]


class ExplainCommand(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.report = OPTIONS.reports / "global-6.12.txt"
        self.text = self.report.read_bytes()
        self.ids = ids(explain("--json", self.report))
        self.assertEqual(len(self.ids), 2)

    def test_reads_compressed_files_as_they_are(self):
        zstd = subprocess.run(["zstd", "-c"], input=self.text, capture_output=True, check=True).stdout if shutil.which("zstd") else None
        for name, data in (
            ("log.gz", gzip.compress(self.text)),
            ("log.xz", lzma.compress(self.text)),
            ("log.bz2", bz2.compress(self.text)),
            ("log.zst", zstd),
        ):
            if data is None:
                continue
            path = self.folder / name
            path.write_bytes(data)
            run = explain("--json", path)
            self.assertEqual((run.returncode, ids(run)), (0, self.ids), name)

    def test_reads_standard_input(self):
        for arguments in ([], ["-"]):
            run = explain("--json", *arguments, stdin=self.text)
            self.assertEqual((run.returncode, ids(run)), (0, self.ids))
        run = explain("--json", stdin=gzip.compress(self.text))
        self.assertEqual((run.returncode, ids(run)), (0, self.ids))

    def test_reads_several_files_as_one_log(self):
        middle = self.text.index(b"\n", len(self.text) // 3) + 1
        old, new = self.folder / "kern.log.1", self.folder / "kern.log"
        old.write_bytes(self.text[:middle])
        new.write_bytes(self.text[middle:])
        self.assertEqual(ids(explain("--json", old, new)), self.ids)

    def test_needs_neither_root_nor_bpf(self):
        if os.geteuid() == 0:
            path = self.folder / "log"
            path.write_bytes(self.text)
            path.chmod(0o644)
            self.folder.chmod(0o755)
            run = explain("--json", stdin=self.text, user=65534, group=65534, extra_groups=[])
            self.assertEqual((run.returncode, ids(run)), (0, self.ids))

    def test_a_log_without_a_report_says_so(self):
        for text in (b"", b"nothing happened\n" * 1000, b"\xff\x00" * 10000):
            run = explain("--json", stdin=text)
            self.assertEqual((run.returncode, run.stdout), (1, b""))
            self.assertIn(b"there is none in it", run.stderr)

    def test_says_what_it_can_not_read(self):
        run = explain("--json", self.folder / "none")
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"No such file", run.stderr)
        run = explain("--json", self.folder)
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"directory", run.stderr)

    def test_a_damaged_file_gives_what_came_before(self):
        cut = self.folder / "cut.gz"
        cut.write_bytes(gzip.compress(self.text * 1 + os.urandom(300000))[:-1000])
        run = explain("--json", cut)
        self.assertEqual((run.returncode, ids(run)), (1, self.ids))
        self.assertIn(b"cut.gz", run.stderr)
        # The other files are read all the same.
        run = explain("--json", self.folder / "none", self.report)
        self.assertEqual((run.returncode, ids(run)), (1, self.ids))

    def test_shows_what_the_other_commands_show(self):
        run = explain(self.report)
        self.assertEqual(run.returncode, 0)
        self.assertIn(b"OOM KILL", run.stdout)
        self.assertIn(b"read from the kernel's log", run.stdout)
        self.assertEqual(len(explain("--brief", self.report).stdout.splitlines()), 2)
        self.assertGreater(len(explain("--full", self.report).stdout), len(run.stdout))
        self.assertEqual(ids(explain("--json", "--count", "1", self.report)), self.ids[:1])
        self.assertEqual(explain("--json", "--brief", self.report).returncode, 2)

    def test_every_incident_is_as_the_schema_says(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest("no jsonschema")
        schema = json.loads(subprocess.run([OPTIONS.oomtrace, "schema"], capture_output=True, check=True).stdout)
        validator = jsonschema.Draft7Validator(schema)
        for path in sorted(OPTIONS.reports.glob("*.txt*")):
            for line in explain("--json", path).stdout.splitlines():
                errors = [f"{list(error.path)}: {error.message[:200]}" for error in validator.iter_errors(json.loads(line))]
                self.assertEqual(errors, [], path.name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oomtrace", required=True, type=pathlib.Path)
    parser.add_argument("--reports", required=True, type=pathlib.Path)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
