# SPDX-License-Identifier: Apache-2.0
"""A cgroup v1 runs into its limit."""

from scenario import TWO_NODES, Scenario, check_one_by_one


def check(run):
    check_one_by_one(run, (b"sacrifice", b"eater"), scope="memcg", trigger_comm="biter")


SCENARIO = Scenario(check, reports=2, min_compared=170, boot=TWO_NODES)
