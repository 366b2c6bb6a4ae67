#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long after a kill its report can be read: from the kernel's time of the kill (CLOCK_MONOTONIC, in the incident's timeline)
to the moment the whole line has come out of the tracer's stdout.

Exit status: 0 the bound was kept, 1 it was not, 77 this machine has no memory cgroup to use.
"""

import argparse
import os
import sys

from figures import SKIPPED, Figures
from scratch_oom import MIB, CgroupError, ScratchCgroup, eat_until_killed
from watched_tracer import WatchedTracer

LIMIT = 16 * MIB
# After these the report may be made: the victim's memory has come back, or whoever held it is gone.
WAITED_FOR = ("memory_released", "exited")


def first_time(incident, *events):
    times = [entry["monotonic_ns"] for entry in incident["timeline"] if entry["event"] in events]
    return times[0] if times else None


def one_oom(options, group, tracer, figures):
    """(kill to report, kill to the victim's end, the victim's end to report), ms."""
    victim = eat_until_killed(options.workload, group)
    incident, read_ns = tracer.next_incident()
    if (incident["memcg"]["path"], incident["victim"]["pid"]) != (group.path, victim):
        figures.problems.append(f"incident {incident['id']} is not the kill of {victim} in {group.path}")
    killed_ns = first_time(incident, "signalled", "marked")
    gone_ns = max(first_time(incident, event) or killed_ns for event in WAITED_FOR)
    return tuple(ns / 1e6 for ns in (read_ns - killed_ns, gone_ns - killed_ns, read_ns - gone_ns))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oomtrace", required=True)
    parser.add_argument("--workload", required=True, help="the oom_workload program")
    parser.add_argument("--method", default="auto", help="attach method (%(default)s)")
    parser.add_argument("--repeat", type=int, default=20, help="OOMs (%(default)s)")
    parser.add_argument("--bound-ms", type=float, default=50, help="kill to report, median (%(default)s)")
    parser.add_argument("--json", help="write the figures here")
    options = parser.parse_args()

    figures = Figures("latency")
    try:
        with ScratchCgroup(f"oomtrace-bench-{os.getpid()}", LIMIT) as group:
            with WatchedTracer(options.oomtrace, options.method) as tracer:
                samples = [one_oom(options, group, tracer, figures) for _ in range(options.repeat)]
    except CgroupError as error:
        print(f"skipped: {error}")
        return SKIPPED
    to_report, to_end, from_end = zip(*samples)
    figures.add("kill to report", "ms", to_report, bound=options.bound_ms)
    figures.add("kill to the victim's end", "ms", to_end, note="the victim's own work")
    figures.add("victim's end to report", "ms", from_end)
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
