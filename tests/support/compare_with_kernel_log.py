#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the incidents of `oomtrace trace --json` with the kernel's own reports of the same OOMs.

Prints what was compared, what moved while the kernel printed, and what the incidents do not offer. Exit status: 0 all that was
compared agrees; 1 a mismatch, a report without an incident or an incident without its report, or less compared than asked for;
2 bad usage.
"""

import argparse
import json
import pathlib
import sys

import kernel_report
from comparison_ledger import Ledger
from incident_comparison import IncidentComparison, Options

# Outcomes of which the kernel prints nothing.
SILENT_OUTCOMES = {"victim_already_dying", "aborted", "notifier_freed"}


def report_of(incident, reports):
    """The first report that is this incident's, or None."""
    for report in reports:
        if incident["victim"] is not None:
            pids = {kill.pid for kill in report.kills[:1]} | ({report.summary.pid} if report.summary else set())
            if pids & {incident["victim"]["pid"], incident["victim"]["tgid"]}:
                return report
        elif (report.no_killable_process or report.panic) and incident["trigger"] and report.trigger_pid == incident["trigger"]["pid"]:
            return report
    return None


def compare(incidents, reports, options, *, method=None, why_unreported=None):
    """A Ledger of all incidents against all reports. Each report must be some incident's, in the same order; each incident must
    have a report, unless `why_unreported` says why it need not."""
    ledger = Ledger()
    waiting = list(reports)
    for number, incident in enumerate(incidents, 1):
        ledger.where = f"incident {number}: "
        victim = incident["victim"] and incident["victim"]["pid"]
        ledger.check("host.page_size", incident["host"]["page_size"], options.page_size)
        if method is not None:
            without_kill = incident["outcome"] in ("no_killable_task", "victim_already_dying") and not incident["kills"]
            only_reported = method == "tracepoint" and without_kill
            ledger.check("host.attach_method", incident["tracer"]["attach_method"], "kernel_log" if only_reported else method)
        report = report_of(incident, waiting)
        if report is None:
            if incident["outcome"] in SILENT_OUTCOMES:
                ledger.not_offered["the kernel prints nothing of this outcome"].add(f"report.{incident['outcome']}")
            elif why_unreported is not None:
                ledger.not_offered[why_unreported].add(f"report.{victim}")
            else:
                ledger.fail("report", f"an incident ({incident['outcome']}, victim {victim})", "no report of it")
            continue
        if waiting[0] is not report:
            ledger.fail("report.order", f"an incident (victim {victim})", "another report comes first")
        waiting.remove(report)
        IncidentComparison(incident, report, options, ledger).run()
    ledger.where = ""
    for report in waiting:
        pids = [kill.pid for kill in report.kills]
        ledger.fail("report", "no incident of it", f"a report at {report.time} s (by {report.trigger_name}, killed {pids})")
    return ledger


def read_incidents(path):
    """In the order in which the OOMs began. They were written as they ended: of two in a row, the second may be over first. One that
    is known from the kernel's report alone has the episode of the one before."""
    with open(path, encoding="utf-8") as lines:
        incidents = [json.loads(line) for line in lines if line.strip()]
    return sorted(incidents, key=lambda incident: (incident["episode"], incident["tracer"]["attach_method"] == "kernel_log"))


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", required=True, help="incidents, one per line")
    parser.add_argument("--log", required=True, help="the kernel log of the same time, whole")
    parser.add_argument("--page-size", type=int, default=4096)
    parser.add_argument("--method", help="the attach method that the incidents must name")
    parser.add_argument("--swap-total-kb", type=int, help="SwapTotal of the host: a memcg OOM's report does not say it")
    parser.add_argument("--free-tolerance-pages", type=int, default=0, help="for free memory and the free blocks of an order")
    parser.add_argument("--counter-tolerance-pages", type=int, default=0, help="for other counters: nodes, zones, memcg usage")
    parser.add_argument("--running", action="append", default=[], metavar="NAME", help="a task that was running; repeatable")
    parser.add_argument("--task-tolerance-pages", type=int, default=0, help="for the sizes of running tasks")
    parser.add_argument("--expect", type=int, help="the number of incidents there must be")
    parser.add_argument("--min-compared", type=int, default=1, help="the number of values that must have been compared")
    options = parser.parse_args(arguments)

    incidents = read_incidents(options.json)
    log = pathlib.Path(options.log).read_text(encoding="utf-8", errors="surrogateescape")
    reports = kernel_report.parse_reports(log)
    swap_pages = None if options.swap_total_kb is None else options.swap_total_kb * 1024 // options.page_size
    ledger = compare(
        incidents,
        reports,
        Options(
            page_size=options.page_size,
            swap_total_pages=swap_pages,
            free_tolerance_pages=options.free_tolerance_pages,
            counter_tolerance_pages=options.counter_tolerance_pages,
            task_tolerance_pages=options.task_tolerance_pages,
            running=frozenset(options.running),
        ),
        method=options.method,
    )
    if options.expect is not None:
        ledger.check("report.incidents", len(incidents), options.expect)
    print(f"{len(incidents)} incidents, {len(reports)} reports")
    print(ledger.table())
    if ledger.total_compared() < options.min_compared:
        print(f"only {ledger.total_compared()} values were compared, {options.min_compared} were asked for")
        return 1
    return 1 if ledger.mismatches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
