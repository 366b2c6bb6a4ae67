# SPDX-License-Identifier: Apache-2.0
"""vm.oom_kill_allocating_task: who asks is killed without a choice."""

from scenario import Scenario, the_only


def check(run):
    incident = the_only(run)
    if incident is None:
        return
    checks = run.checks
    eater = run.member(b"eater")
    checks.expect("outcome", incident["outcome"], "killed")
    checks.expect("victim", incident["victim"]["pid"], eater.pid)
    checks.expect("trigger", incident["trigger"]["tgid"], eater.pid)
    checks.expect("kills", [kill["pid"] for kill in incident["kills"]], [eater.pid])
    checks.expect("sysctl", incident["sysctls"]["oom_kill_allocating_task"], 1)
    checks.expect("records lost", incident["completeness"]["records_lost"], 0)
    if run.weighs():
        checks.expect("candidates", incident["candidates"] or [], [])


SCENARIO = Scenario(check, reports=1, min_compared=80)
