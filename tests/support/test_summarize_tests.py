# SPDX-License-Identifier: Apache-2.0
"""The summary of scripts/test.sh: what it makes of one test of ctest."""

import pathlib
import sys
import unittest
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "support"))

import summarize_tests  # noqa: E402

BEGIN = "[==========] Running 3 tests from 1 test suite.\n[----------] 3 tests from A\n[ RUN      ] A.First\n[       OK ] A.First (0 ms)\n"
SKIPPED = "[ RUN      ] A.Second\na.cpp:7: Skipped\nno memory\ncontroller\n\n[  SKIPPED ] A.Second (0 ms)\n"
GOOD = "[ RUN      ] A.Third\nsaid by it\n[       OK ] A.Third (1 ms)\n[==========] 3 tests from 1 test suite ran. (1 ms total)\n"
BAD = "[ RUN      ] A.Third\na.cpp:9: Failure\n[  FAILED  ] A.Third, where GetParam() = 5 (1 ms)\n[  FAILED  ] 1 test, listed below:\n[  FAILED  ] A.Third\n"


def results(name, status, output, message=None):
    case = ElementTree.Element("testcase", name=name, status=status)
    if message is not None:
        ElementTree.SubElement(case, "skipped", message=message)
    ElementTree.SubElement(case, "system-out").text = output
    judged = summarize_tests.Results()
    judged.add("sanitize", case)
    return judged.passed, judged.failed, dict(judged.skipped)


class Summary(unittest.TestCase):
    def test_a_case_is_itself(self):
        self.assertEqual(results("A.First", "run", BEGIN), (1, [], {}))
        self.assertEqual(results("A.First", "fail", BAD), (0, ["sanitize: A.First"], {}))
        self.assertEqual(
            results("A.Second", "notrun", SKIPPED, "SKIP_REGULAR_EXPRESSION_MATCHED"),
            (0, [], {"no memory controller": ["sanitize: A.Second"]}),
        )

    def test_another_program_is_itself(self):
        self.assertEqual(results("store_crash", "run", "ran 20 rounds\n"), (1, [], {}))
        self.assertEqual(results("store_crash", "fail", ""), (0, ["sanitize: store_crash"], {}))
        said = "a ... skipped 'no engine'\n0 cases run\nskipped: no engine\nskipped: no kprobes\n"
        self.assertEqual(
            results("live_x", "notrun", said, "SKIP_RETURN_CODE=77"), (0, [], {"no engine; no kprobes": ["sanitize: live_x"]})
        )

    def test_runs_of_a_vm_are_told(self):
        case = ElementTree.Element("testcase", name="vm_oom", status="run")
        output = "FAIL of a run\npassed only when made again: swap, kprobe: why\nfailed: burst, fentry: why\n"
        ElementTree.SubElement(case, "system-out").text = output
        judged = summarize_tests.Results()
        judged.add("release", case)
        told = ["passed only when made again: swap, kprobe: why", "failed: burst, fentry: why"]
        self.assertEqual((judged.passed, judged.told), (1, [f"release: vm_oom: {line}" for line in told]))

    def test_a_whole_program_is_its_cases(self):
        self.assertEqual(
            results("a_test", "run", BEGIN + SKIPPED + GOOD),
            (2, [], {"no memory controller": ["sanitize: a_test: A.Second"]}),
        )

    def test_a_failed_case_is_named(self):
        self.assertEqual(
            results("a_test", "fail", BEGIN + SKIPPED + BAD),
            (1, ["sanitize: a_test: A.Third"], {"no memory controller": ["sanitize: a_test: A.Second"]}),
        )

    def test_a_case_that_ended_the_program_has_failed_and_those_behind_it_with_it(self):
        self.assertEqual(
            results("a_test", "fail", BEGIN + "[ RUN      ] A.Second\n==9==ERROR: AddressSanitizer\n"),
            (1, ["sanitize: a_test: A.Second", "sanitize: a_test: 1 of 3 cases did not run"], {}),
        )

    def test_a_fault_after_the_last_case_is_one(self):
        self.assertEqual(
            results("a_test", "fail", BEGIN + SKIPPED + GOOD + "==9==ERROR: LeakSanitizer\n"),
            (2, ["sanitize: a_test: after its last case"], {"no memory controller": ["sanitize: a_test: A.Second"]}),
        )

    def test_a_program_without_cases_has_failed(self):
        self.assertEqual(
            results("a_test", "run", "[==========] Running 0 tests from 0 test suites.\n"),
            (0, ["sanitize: a_test: 0 of 0 cases did not run"], {}),
        )


if __name__ == "__main__":
    unittest.main()
