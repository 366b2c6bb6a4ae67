# SPDX-License-Identifier: Apache-2.0
"""The host runs out of memory."""

from scenario import Scenario, check_one_by_one


def check(run):
    check_one_by_one(run, (b"volunteer", b"sacrifice", b"eater"), scope="global")


SCENARIO = Scenario(check, reports=3, min_compared=4500)
