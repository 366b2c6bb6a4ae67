# SPDX-License-Identifier: Apache-2.0
"""Two nodes, and the task that asks is bound to one of them."""

from scenario import Boot, Scenario, check_one_by_one

TWO_NODES = Boot(
    memory="768M",
    qemu="-object memory-backend-ram,id=m0,size=512M -object memory-backend-ram,id=m1,size=256M"
    " -numa node,nodeid=0,cpus=0,memdev=m0 -numa node,nodeid=1,cpus=1,memdev=m1",
)


def check(run):
    check_one_by_one(run, (b"innocent", b"eater"), scope="global")
    for incident in run.incidents:
        run.checks.expect("nodes", [node["node"] for node in incident["nodes"]], [0, 1])
        run.checks.expect("constraint", incident["constraint"], "memory_policy")
        run.checks.expect("nodemask of the allocation", incident["allocation"]["nodemask"], [1])


SCENARIO = Scenario(check, reports=2, min_compared=320, boot=TWO_NODES)
