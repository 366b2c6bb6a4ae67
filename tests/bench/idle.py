#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the tracer costs while nothing runs out of memory: how often any of its threads ran, processor time, resident memory,
and what its ring and its other maps take.

Exit status: 0 the bounds were kept, 1 they were not.
"""

import argparse
import os
import pathlib
import re
import sys
import time

from figures import Figures
from watched_tracer import WatchedTracer

# After the start: pages that are still being locked, logs still being written.
SETTLE_SECONDS = 1
MAP_TYPE_RINGBUF = 27  # BPF_MAP_TYPE_RINGBUF of include/uapi/linux/bpf.h


def status_number(path, key):
    return int(re.search(rf"^{key}:\s*(\d+)", path.read_text(), re.M)[1])


def context_switches(pid):
    """Of all threads, those that ended meanwhile not counted: an idle tracer starts and ends none."""
    keys = ("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
    threads = sorted(pathlib.Path(f"/proc/{pid}/task").iterdir())
    return [thread.name for thread in threads], sum(status_number(thread / "status", key) for thread in threads for key in keys)


def bpf_maps(pid):
    """(bytes the kernel charges for all maps that the process holds, size of its ring)."""
    maps = {}
    for path in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        info = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
        if "map_id" in info and "memlock" in info:
            maps[info["map_id"]] = info
    rings = [int(info["max_entries"]) for info in maps.values() if int(info["map_type"]) == MAP_TYPE_RINGBUF]
    return sum(int(info["memlock"]) for info in maps.values()), sum(rings)


def processor_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[11]) + int(fields[12])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oomtrace", required=True)
    parser.add_argument("--method", default="auto", help="attach method (%(default)s)")
    parser.add_argument("--seconds", type=float, default=20, help="how long to look (%(default)s)")
    parser.add_argument("--bound-switches", type=int, default=0, help="(%(default)s)")
    parser.add_argument("--bound-ms", type=float, default=0, help="of processor time (%(default)s)")
    parser.add_argument("--bound-mib", type=float, default=12, help="resident (%(default)s)")
    parser.add_argument("--json", help="write the figures here")
    options = parser.parse_args()

    figures = Figures("idle")
    with WatchedTracer(options.oomtrace, options.method) as tracer:
        time.sleep(SETTLE_SECONDS)
        threads, switches = context_switches(tracer.pid)
        ticks = processor_ticks(tracer.pid)
        time.sleep(options.seconds)
        threads_after, switches_after = context_switches(tracer.pid)
        ticks_after = processor_ticks(tracer.pid)
        status = pathlib.Path(f"/proc/{tracer.pid}/status")
        sizes = {key: status_number(status, key) / 1024 for key in ("VmRSS", "RssAnon", "RssFile", "RssShmem", "VmLck")}
        map_bytes, ring_bytes = bpf_maps(tracer.pid)
        if threads != threads_after:
            figures.problems.append(f"threads {threads} became {threads_after}")
        if code := tracer.stop():
            figures.problems.append(f"oomtrace ended with status {code}")
    figures.add("context switches", "", [switches_after - switches], bound=options.bound_switches)
    processor_ms = (ticks_after - ticks) * 1000 / os.sysconf("SC_CLK_TCK")
    figures.add("processor time", "ms", [processor_ms], bound=options.bound_ms)
    figures.add("threads", "", [len(threads)])
    for key, size in sizes.items():
        figures.add(key, "MiB", [size], bound=options.bound_mib if key == "VmRSS" else None)
    figures.add("ring", "MiB", [ring_bytes / (1 << 20)], note="mapped, and so resident, twice")
    figures.add("BPF maps", "MiB", [map_bytes / (1 << 20)], note="kernel memory, the ring included")
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
