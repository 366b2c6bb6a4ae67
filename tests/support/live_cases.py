# SPDX-License-Identifier: Apache-2.0
"""What the live tests have in common: their options, and what they tell CTest of cases that were skipped."""

import argparse
import os
import pathlib
import sys
import unittest

ALL_SKIPPED = 77


def parse_programs(description, programs):
    """Sets programs.oomtrace and programs.workload; returns the arguments that are unittest's."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oomtrace", type=pathlib.Path, required=True)
    parser.add_argument("--workload", type=pathlib.Path, required=True)
    return parser.parse_known_args(namespace=programs)[1]


def run_cases(arguments):
    """Of the main module. Prints each reason for a skip; returns the exit status."""
    if os.geteuid() != 0:
        print("skipped: watching the OOM killer needs root")
        return ALL_SKIPPED
    result = unittest.main(argv=[sys.argv[0], *arguments], exit=False, verbosity=2).result
    # A group that was skipped as one has not run, and stands in the list beside those that have.
    ran = result.testsRun - sum(isinstance(case, unittest.TestCase) for case, _ in result.skipped)
    print(f"{ran} cases run, {len(result.skipped)} cases or groups skipped")
    for _, reason in result.skipped:
        print(f"skipped: {reason}")
    if not result.wasSuccessful():
        return 1
    return 0 if ran else ALL_SKIPPED
