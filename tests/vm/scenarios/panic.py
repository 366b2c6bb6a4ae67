# SPDX-License-Identifier: Apache-2.0
"""The kernel panics instead of killing: the incident is out before it does."""

from scenario import FUNCTION_HOOKS, Boot, Scenario, the_only


def check(run):
    incident = the_only(run)
    if incident is None:
        return
    checks = run.checks
    checks.expect("outcome", incident["outcome"], "panic")
    checks.expect("trigger", incident["trigger"]["comm"], "eater")
    checks.expect("victim", incident["victim"], None)
    checks.expect("kills", incident["kills"] or [], [])
    checks.expect("where the sysctls are from", incident["provenance"]["sysctls"]["source"], "absent")
    checks.expect("records lost", incident["completeness"]["records_lost"], 0)


SCENARIO = Scenario(
    check,
    reports=1,
    min_compared=60,
    boot=Boot(group="panic"),
    methods=FUNCTION_HOOKS,
    why_not_all_methods="no tracepoint tells of a panic; the report on its console is explained with the other methods",
    panics=True,
)
