# SPDX-License-Identifier: Apache-2.0
"""A cgroup v2 runs into its limits of memory and of swap, and the victim is mostly swapped."""

from scenario import SWAP, Scenario, check_swapped, the_first


def check(run):
    incident = the_first(run)
    if incident is None:
        return
    check_swapped(run, incident, run.member(b"sacrifice"))
    run.checks.expect("scope", incident["scope"], "memcg")


SCENARIO = Scenario(check, reports=1, min_compared=80, boot=SWAP)
