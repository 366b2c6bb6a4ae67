#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The commands history and show over a store that is being written, and their errors.

Exit status: 0 all as it should be, 1 not.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest


class HistoryCommand(unittest.TestCase):
    oomtrace = writer = None

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="oomtrace-history-")
        cls.store = str(pathlib.Path(cls.directory.name) / "incidents.db")
        cls.writing = subprocess.Popen([cls.writer, cls.store, "1"], stdout=subprocess.PIPE, text=True)
        cls.ids = [cls.writing.stdout.readline().strip() for _ in range(12)]

    @classmethod
    def tearDownClass(cls):
        cls.writing.kill()
        cls.writing.communicate()
        cls.directory.cleanup()

    def run_it(self, *arguments, store=None):
        done = subprocess.run([self.oomtrace, *arguments, "--store", store or self.store], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout, done.stderr

    def test_lists(self):
        code, out, err = self.run_it("history", "--limit", "4")
        self.assertEqual(code, 0, err)
        lines = out.splitlines()
        self.assertEqual(len(lines), 5)
        self.assertIn("TIME (UTC)", lines[0])
        self.assertIn("the newest 4", err)

    def test_gives_json(self):
        code, out, err = self.run_it("history", "--json", "--comm", "postgres", "--cgroup", "/kube")
        self.assertEqual(code, 0, err)
        found = [json.loads(line)["id"] for line in out.splitlines()]
        self.assertLessEqual(set(self.ids), set(found))
        self.assertEqual(found, sorted(found, reverse=True))

    def test_filters(self):
        self.assertEqual(self.run_it("history", "--comm", "nobody")[:2], (0, ""))
        self.assertEqual(self.run_it("history", "--until", "1971-01-01")[:2], (0, ""))

    def test_shows(self):
        code, out, err = self.run_it("show", self.ids[0])
        self.assertEqual(code, 0, err)
        self.assertIn("OOM KILL  postgres[4121]", out)
        full = self.run_it("show", self.ids[0], "--full")[1]
        self.assertGreater(len(full), len(out))
        self.assertEqual(json.loads(self.run_it("show", self.ids[0], "--json")[1])["id"], self.ids[0])

    def test_refuses_clearly(self):
        for arguments, words in [
            (("show", "1"), "more than one id begins like that"),
            (("show", "x"), "there is none of that id"),
        ]:
            code, out, err = self.run_it(*arguments)
            self.assertEqual((code, out), (1, ""))
            self.assertIn(words, err)
        code, out, err = self.run_it("history", store=self.store + "x")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("there is no such file", err)
        self.assertEqual(self.run_it("history", "--since", "yesterday")[0], 2)
        self.assertEqual(self.run_it("history", "--outcome", "dead")[0], 2)
        self.assertEqual(self.run_it("show")[0], 2)
        self.assertEqual(self.run_it("show", "1", "--json", "--full")[0], 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oomtrace", required=True)
    parser.add_argument("--writer", required=True, help="the program store_writer")
    options = parser.parse_args()
    HistoryCommand.oomtrace, HistoryCommand.writer = options.oomtrace, options.writer
    unittest.main(argv=[sys.argv[0]])


if __name__ == "__main__":
    main()
