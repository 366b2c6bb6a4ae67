# SPDX-License-Identifier: Apache-2.0
"""Three thousand tasks are weighed, and every one of them is in the incident."""

from scenario import Boot, Scenario, the_only

TASKS = 3000


def check(run):
    incident = the_only(run)
    if incident is None:
        return
    checks = run.checks
    eater = run.member(b"eater")
    checks.expect("victim", incident["victim"]["pid"], eater.pid)
    checks.expect("kills", [kill["pid"] for kill in incident["kills"]], [eater.pid])
    parent = int((run.directory / "parent").read_text())
    candidates = {candidate["pid"]: candidate for candidate in incident["candidates"]}
    checks.expect("candidates", len(incident["candidates"]), TASKS + 2)
    checks.expect("different candidates", len(candidates), TASKS + 2)
    children = [candidate for candidate in candidates.values() if candidate["ppid"] == parent]
    checks.expect("children", len(children), TASKS)
    checks.expect("their names", {child["comm"] for child in children}, {"forked"})
    checks.check_points(incident)
    checks.check_trust(incident, run.method)


SCENARIO = Scenario(check, reports=1, min_compared=20 * TASKS // 2, boot=Boot(memory="2G"))
