# SPDX-License-Identifier: Apache-2.0
"""memory.oom.group: all of a group die, but who may not be killed."""

from scenario import Scenario, kills_by_reason, the_only


def check(run):
    incident = the_only(run)
    if incident is None:
        return
    checks = run.checks
    chosen = run.member(b"second")
    checks.expect("outcome", incident["outcome"], "group_kill")
    checks.expect("victim", incident["victim"]["pid"], chosen.pid)
    others = sorted(member.pid for member in run.members if member.name in (b"plain", b"eater"))
    checks.expect("kills", kills_by_reason(incident), {"chosen": [chosen.pid], "oom_group": others})
    checks.expect("all are signalled and marked", {(k["signalled"], k["marked"]) for k in incident["kills"]}, {(True, True)})
    checks.check_candidates(incident, run.members, only_members=True)
    checks.check_points(incident)
    checks.check_trust(incident, run.method)


SCENARIO = Scenario(check, reports=1, min_compared=80)
