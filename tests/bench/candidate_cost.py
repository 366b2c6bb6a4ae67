#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What it costs to capture one candidate: the kernel's statistics of the tracer's program that walks the tasks, over a memcg
OOM with thousands of tasks. Every one of them must be in the incident.

Exit status: 0 the bounds were kept, 1 they were not, 77 this machine has no memory cgroup to use.
"""

import argparse
import os
import re
import sys
import time

from bpf_statistics import ProgramStatistics, StatisticsEnabled, difference
from figures import SKIPPED, Figures
from scratch_oom import MIB, CgroupError, ScratchCgroup, Sleepers, eat_until_killed
from task_table import cost_of_rows, row_times_of_kmsg
from watched_tracer import WatchedTracer

from tracer_run import KernelLog  # after scratch_oom, which makes tests/support known

# The kernel keeps 15 characters of "walk_iterator_at_mark", and of "walk_list_at_mark" where it has no task iterator.
WALKS = ("walk_iterator_a", "walk_list_at_ma")
# The kernel prints the tables of 10 OOMs in 5 s, whosever they are; those before ours are to be forgotten.
LOG_RATE_INTERVAL_S = 5.5
# Besides the sleepers: their parent and the eater.
OTHERS = 2


def one_oom(options, group, figures):
    """{what: value} of one OOM."""
    log = KernelLog()
    with WatchedTracer(options.oomtrace, "tracepoint") as tracer:
        programs = ProgramStatistics(tracer.pid)
        before = programs.read()
        victim = eat_until_killed(options.workload, group)
        incident, _ = tracer.next_incident()
        spent = difference(programs.read(), before)
        status = tracer.stop()
        records = int(re.search(r"1 incident in (\d+) records", tracer.log())[1])
    row_times = row_times_of_kmsg(log.read())
    log.close()
    figures.problems += wrong_with(incident, spent, options.count + OTHERS, group, victim)
    if status != 0:
        figures.problems.append(f"oomtrace ended with status {status}")
    (walk,) = [run_time for name, run_time in spent.items() if name in WALKS]
    sample = {
        "walk program per candidate": walk.ns / len(incident["candidates"]),
        "walk program, whole run": walk.ns / 1000,
        "of it the walk over the tasks": incident["completeness"]["walk_ns"] / 1000,
        "all programs together": sum(run_time.ns for run_time in spent.values()) / 1000,
        "candidates": len(incident["candidates"]),
        "tasks visited": incident["completeness"]["tasks_seen"],
        "records": records,
        "kernel's table, rows in the log": len(row_times),
    }
    if table := cost_of_rows(row_times):
        sample["kernel's table per row"] = table.ns_per_row
        sample["table row / candidate"] = table.ns_per_row / sample["walk program per candidate"]
    return sample


def wrong_with(incident, spent, expected, group, victim):
    problems = []

    def expect(what, actual, wanted):
        if actual != wanted:
            problems.append(f"{what}: {actual!r}, expected {wanted!r}")

    expect("memcg", incident["memcg"]["path"], group.path)
    expect("victim", incident["victim"]["pid"], victim)
    expect("different candidates", len({candidate["pid"] for candidate in incident["candidates"]}), expected)
    completeness = incident["completeness"]
    expect("complete", completeness["complete"], True)
    expect("missing", completeness["missing"], [])
    expect("records lost", completeness["records_lost"], 0)
    expect("walk", completeness["walk_stop"], "complete")
    expect("runs of the walk program", [run_time.runs for name, run_time in spent.items() if name in WALKS], [1])
    return problems


UNITS = {
    "walk program per candidate": "ns",
    "walk program, whole run": "us",
    "of it the walk over the tasks": "us",
    "all programs together": "us",
    "candidates": "",
    "tasks visited": "",
    "records": "",
    "kernel's table, rows in the log": "",
    "kernel's table per row": "ns",
    "table row / candidate": "times",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oomtrace", required=True)
    parser.add_argument("--workload", required=True, help="the oom_workload program")
    parser.add_argument("--count", type=int, default=2000, help="sleeping tasks in the cgroup (%(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="OOMs (%(default)s)")
    parser.add_argument("--bound-ns", type=float, default=400, help="per candidate, median (%(default)s)")
    parser.add_argument("--json", help="write the figures here")
    options = parser.parse_args()

    figures = Figures("candidate_cost")
    samples = []
    try:
        # A sleeper of 64 KiB takes some 200 KiB with its page tables and stacks.
        with ScratchCgroup(f"oomtrace-bench-{os.getpid()}", options.count * MIB // 2) as group, StatisticsEnabled():
            with Sleepers(options.workload, group, options.count, 64 << 10):
                time.sleep(LOG_RATE_INTERVAL_S)
                samples = [one_oom(options, group, figures) for _ in range(options.repeat)]
    except CgroupError as error:
        print(f"skipped: {error}")
        return SKIPPED
    for name, unit in UNITS.items():
        values = [sample[name] for sample in samples if name in sample]
        if values or not name.startswith(("kernel's", "table")):
            figures.add(name, unit, values, bound=options.bound_ns if name == "walk program per candidate" else None)
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
