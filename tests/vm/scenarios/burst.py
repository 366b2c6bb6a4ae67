# SPDX-License-Identifier: Apache-2.0
"""Thirty OOMs in a row, of which the kernel reports ten in five seconds; of the others it prints a line."""

from scenario import Scenario

INCIDENTS = 30


def check(run):
    checks = run.checks
    checks.expect("incidents", len(run.incidents), INCIDENTS)
    eaters = [member.pid for member in run.members if member.eater]
    checks.expect("victims", [incident["victim"]["pid"] for incident in run.incidents], eaters)
    for incident in run.incidents:
        checks.expect("kills", [kill["pid"] for kill in incident["kills"]], [incident["victim"]["pid"]])
        checks.check_points(incident)
        checks.check_trust(incident, run.method)
    whole = sum(bool(report.tasks) for report in run.reports)
    checks.expect_between("reports of the kernel with a table", whole, 10, INCIDENTS - 1)


SCENARIO = Scenario(
    check, reports=10, min_compared=10 * 40, why_unreported="the kernel prints ten reports in five seconds"
)
