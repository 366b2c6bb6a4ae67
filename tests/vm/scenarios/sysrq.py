# SPDX-License-Identifier: Apache-2.0
"""Somebody asks for a kill by SysRq-f."""

from scenario import Scenario, the_only


def check(run):
    incident = the_only(run)
    if incident is None:
        return
    checks = run.checks
    victim = run.member(b"sacrifice")
    checks.expect("scope", incident["scope"], "sysrq")
    if run.weighs():
        checks.expect("order", incident["allocation"]["order"], -1)
    checks.expect("trigger is a kernel thread", incident["trigger"]["comm"].startswith("kworker"), True)
    checks.check_candidates(incident, run.members, only_members=False)
    checks.check_victim(incident, victim)
    checks.check_trust(incident, run.method)


SCENARIO = Scenario(check, reports=1, min_compared=150)
