# SPDX-License-Identifier: Apache-2.0
"""The leader has exited, and a thread holds the memory."""

from scenario import Scenario, the_first


def check(run):
    incident = the_first(run)
    if incident is None:
        return
    checks = run.checks
    member = run.member(b"leaderless")
    checks.expect("tgid of the victim", incident["victim"]["tgid"], member.pid)
    checks.expect("the victim is another thread than the leader", incident["victim"]["pid"] == member.pid, False)
    candidates = [candidate for candidate in incident["candidates"] if candidate["tgid"] == member.pid]
    checks.expect("candidates of the process", len(candidates), 1)
    if candidates:
        checks.expect("chosen", candidates[0]["chosen"], True)
        checks.check_sizes("candidate", candidates[0], member)
    checks.check_points(incident)
    checks.check_trust(incident, run.method)


SCENARIO = Scenario(check, reports=1, min_compared=60)
