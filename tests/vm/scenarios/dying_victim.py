# SPDX-License-Identifier: Apache-2.0
"""The chosen one is dying already: it is marked, and nobody is killed. The kernel reports nothing and counts nothing."""

from scenario import Scenario, kills_by_reason, the_first


def check(run):
    incident = the_first(run)
    if incident is None:
        return
    checks = run.checks
    leaving = run.member(b"leaving")
    checks.expect("outcome", incident["outcome"], "victim_already_dying")
    checks.expect("trigger", incident["trigger"]["tgid"], run.member(b"eater").pid)
    checks.expect("victim", incident["victim"]["pid"], leaving.pid)
    checks.expect("kills", kills_by_reason(incident), {"already_exiting": [leaving.pid]})
    checks.expect("signalled, marked", [(k["signalled"], k["marked"]) for k in incident["kills"]], [(False, True)])
    checks.check_candidates(incident, run.members, only_members=True)
    checks.check_points(incident)
    checks.expect_between("memory that came back", incident["after"]["returned_bytes"], leaving.anon - (1 << 19), 1 << 40)
    checks.check_trust(incident, run.method)
    checks.expect("reports of the kernel", [r for r in run.reports if leaving.pid in [kill.pid for kill in r.kills]], [])


SCENARIO = Scenario(check, reports=0, min_compared=2)
