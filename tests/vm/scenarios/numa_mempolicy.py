# SPDX-License-Identifier: Apache-2.0
"""Two nodes, and the task that asks is bound to one of them."""

from scenario import TWO_NODES, Scenario, check_one_by_one


def check(run):
    check_one_by_one(run, (b"innocent", b"eater"), scope="global")
    for incident in run.incidents:
        run.checks.expect("nodes", [node["node"] for node in incident["nodes"]], [0, 1])
        run.checks.expect("constraint", incident["constraint"], "memory_policy")
        run.checks.expect("nodemask of the allocation", incident["allocation"]["nodemask"], [1])


SCENARIO = Scenario(check, reports=2, min_compared=320, boot=TWO_NODES)
