# SPDX-License-Identifier: Apache-2.0
"""Thirty OOMs within five seconds, of which the kernel reports ten; of the others it prints a line."""

from scenario import Scenario

INCIDENTS = 30
WITHIN_NS = 5_000_000_000


def check(run):
    checks = run.checks
    checks.expect("incidents", len(run.incidents), INCIDENTS)
    eaters = [member.pid for member in run.members if member.eater]
    checks.expect("victims", sorted(incident["victim"]["pid"] for incident in run.incidents), sorted(eaters))
    for incident in run.incidents:
        checks.expect("trigger", incident["trigger"]["pid"], incident["victim"]["pid"])
        checks.expect("kills", [kill["pid"] for kill in incident["kills"]], [incident["victim"]["pid"]])
        checks.check_points(incident)
        checks.check_trust(incident, run.method)
    times = [incident["monotonic_ns"] for incident in run.incidents]
    checks.expect_between("nanoseconds from the first to the last", max(times) - min(times), 1, WITHIN_NS)
    whole = sum(bool(report.tasks) for report in run.reports)
    checks.expect("reports of the kernel with a table", whole, 10)


SCENARIO = Scenario(
    check, reports=10, min_compared=10 * 40, why_unreported="the kernel prints ten reports in five seconds"
)
