# SPDX-License-Identifier: Apache-2.0
"""Files of a tmpfs fill a group, and no victim explains the usage."""

from scenario import Scenario, the_only
from setup_checks import MIB


def check(run):
    incident = the_only(run)
    if incident is None:
        return
    checks = run.checks
    eater = run.member(b"eater")
    checks.expect("victim", incident["victim"]["pid"], eater.pid)
    checks.expect("kills", [kill["pid"] for kill in incident["kills"]], [eater.pid])
    mapped = sum(c["rss_anon_bytes"] + c["rss_shmem_bytes"] for c in incident["candidates"])
    checks.expect_between("memory of the group that no task maps", incident["memcg"]["usage_bytes"] - mapped, 34 * MIB, 44 * MIB)
    checks.check_candidates(incident, run.members, only_members=True)
    checks.check_points(incident)
    checks.check_trust(incident, run.method)


SCENARIO = Scenario(check, reports=1, min_compared=60)
