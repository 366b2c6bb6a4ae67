# SPDX-License-Identifier: Apache-2.0
"""The kernel prints no table of tasks."""

from scenario import Scenario, check_one_by_one


def check(run):
    check_one_by_one(run, (b"sacrifice", b"eater"), scope="global")


SCENARIO = Scenario(check, reports=2, min_compared=200)
