# SPDX-License-Identifier: Apache-2.0
"""The host has swap, and the victim is mostly there."""

from scenario import SWAP, Scenario, check_swapped, the_first


def check(run):
    incident = the_first(run)
    if incident is None:
        return
    check_swapped(run, incident, run.member(b"sacrifice"))
    run.checks.expect("scope", incident["scope"], "global")


SCENARIO = Scenario(check, reports=1, min_compared=200, boot=SWAP)
