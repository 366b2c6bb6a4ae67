# SPDX-License-Identifier: Apache-2.0
"""Nobody may be killed: an OOM without a victim is an incident too."""

from scenario import Scenario

AT_LEAST = 3


def check(run):
    checks = run.checks
    eater = run.member(b"eater")
    # At the end the eater is killed by its timer, and may ask for memory once more as it dies.
    incidents = [incident for incident in run.incidents if incident["outcome"] != "victim_already_dying"]
    checks.expect_between("incidents", len(incidents), AT_LEAST, len(run.reports))
    for incident in run.incidents[len(incidents) :]:
        checks.expect("outcome", incident["outcome"], "victim_already_dying")
        checks.expect("victim", incident["victim"]["pid"], eater.pid)
    for incident in incidents:
        checks.expect("outcome", incident["outcome"], "no_killable_task")
        checks.expect("scope", incident["scope"], "memcg")
        checks.expect("victim", incident["victim"], None)
        checks.expect("kills", incident["kills"] or [], [])
        checks.expect("trigger", incident["trigger"]["tgid"], eater.pid)
        reasons = {candidate["pid"]: candidate["skip_reason"] for candidate in incident["candidates"]}
        checks.expect("why nobody", reasons, {member.pid: "oom_score_adj_min" for member in run.members})
        checks.expect("complete", incident["completeness"]["complete"], True)


SCENARIO = Scenario(check, reports=AT_LEAST, min_compared=60)
