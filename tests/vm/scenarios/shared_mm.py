# SPDX-License-Identifier: Apache-2.0
"""Processes that share an address space die together."""

from scenario import Scenario, kills_by_reason, the_first

SHARERS = 2


def check(run):
    incident = the_first(run)
    if incident is None:
        return
    checks = run.checks
    owner = run.member(b"sharing")
    family = {c["pid"] for c in incident["candidates"] if c["pid"] == owner.pid or c["ppid"] == owner.pid}
    checks.expect("processes of the address space", len(family), SHARERS + 1)
    chosen = incident["victim"]["pid"]
    checks.expect("the victim is one of them", chosen in family, True)
    checks.expect("kills", kills_by_reason(incident), {"chosen": [chosen], "shares_mm": sorted(family - {chosen})})
    points = {c["points"] for c in incident["candidates"] if c["pid"] in family}
    checks.expect("they score alike", points, {incident["victim"]["points"]})
    checks.check_trust(incident, run.method)


SCENARIO = Scenario(check, reports=1, min_compared=80)
