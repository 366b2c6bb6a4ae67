#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast `oomtrace explain` goes through a log, and how much memory it takes: a log without OOMs, one full of them, of which many
are told twice, and one full of them in which no two are the same, so that each is explained and written.

The whole command, from a file in the page cache to JSON, and to text, in a pipe: by the clock, which is what one waits for, and which
other work on the machine slows down; and the processor's time, of all threads. Exit status: 0 the bounds were kept, 1 they were not.
"""

import argparse
import os
import pathlib
import re
import sys
import tempfile
import time

from figures import Figures
from spawned import Spawned

MB = 1_000_000


def quiet_log(size):
    """A journal's ordinary lines: services, the network, a disk, and words that look like an OOM's from far."""
    lines = []
    for i in range(20_000):
        lines.append(f"Nov 25 02:{i // 600 % 60:02}:{i // 10 % 60:02} db1 systemd[1]: Started Session {i} of user room{i % 7}.\n")
        lines.append(f"Nov 25 02:22:36 db1 kernel: [{i}.{i % 1000:06}] eth0: link becomes ready, zoom {i * 7919 % 100003}\n")
        lines.append(f"Nov 25 02:22:36 db1 sshd[{i}]: Accepted publickey for root from 10.0.0.{i % 256} port {i % 65536} ssh2\n")
    block = "".join(lines).encode()
    return block * (size // len(block) + 1)


def oom_log(report, size, different):
    """The report again and again, each time later and with other pids; after `different` of them the same ones again."""
    shift = total = 0
    pieces = []
    while total < size and shift < different:
        shift += 1
        text = re.sub(r"^\[ *(\d+)\.(\d+)\]", lambda m: f"[{int(m[1]) + shift * 10:5}.{m[2]}]", report, flags=re.M)
        text = re.sub(r"\b(1\d\d)\b", lambda m: str(int(m[1]) + shift % 30000), text)
        pieces.append(text.encode())
        total += len(pieces[-1])
    block = b"".join(pieces)
    return block * (size // len(block) + 1) if total < size else block


def run(oomtrace, arguments, path):
    """(seconds, processor seconds, largest resident MiB, bytes of output, exit status)."""
    began = time.monotonic()
    reader, writer = os.pipe()
    program = Spawned([oomtrace, "explain", *arguments, path], os.open(os.devnull, os.O_RDONLY), writer)
    size = 0
    with os.fdopen(reader, "rb") as output:
        while piece := output.read(1 << 20):
            size += len(piece)
    processor, resident, status = program.wait()
    return time.monotonic() - began, processor, resident, size, status


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oomtrace", required=True)
    parser.add_argument("--reports", default=pathlib.Path(__file__).resolve().parents[1] / "data/kernel_reports", type=pathlib.Path)
    parser.add_argument("--megabytes", type=int, default=1000, help="size of each log (%(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="runs (%(default)s)")
    parser.add_argument("--bound-quiet", type=float, default=300, help="MB/s without OOMs, at least (%(default)s)")
    parser.add_argument("--bound-ooms", type=float, default=100, help="MB/s in a log full of them, at least (%(default)s)")
    parser.add_argument("--bound-different", type=float, default=40, help="MB/s where no two are the same, at least (%(default)s)")
    parser.add_argument("--bound-mib", type=float, default=64, help="resident memory (%(default)s)")
    parser.add_argument("--json", help="write the figures here")
    options = parser.parse_args()

    figures = Figures("explain_speed")
    resident = []
    report = (options.reports / "global-6.12.txt").read_text(encoding="utf-8")
    logs = (
        ("without OOMs", options.megabytes, quiet_log, options.bound_quiet, 1),
        ("full of OOMs", options.megabytes, lambda size: oom_log(report, size, 64), options.bound_ooms, 0),
        ("full of OOMs that all differ", options.megabytes // 5, lambda size: oom_log(report, size, size), options.bound_different, 0),
    )
    for name, megabytes, make, bound, expected in logs:
        with tempfile.NamedTemporaryFile(suffix=".log") as log:
            data = make(megabytes * MB)
            size = len(data)
            log.write(data)
            log.flush()
            del data
            for arguments in (["--json"], []):
                seconds, processor = [], []
                for _ in range(options.repeat):
                    clock, cpu, mib, written, status = run(options.oomtrace, arguments, log.name)
                    seconds.append(clock)
                    processor.append(cpu)
                    resident.append(mib)
                    if status != expected or (expected == 0) != (written > 0):
                        figures.problems.append(f"{name}: exit status {status}, {written} bytes")
                # Time per megabyte, because a figure is kept when it is small.
                what = f"per MB, {name}, {arguments[0] if arguments else 'text'}"
                figures.add(f"time {what}", "ms", [second * 1e3 / (size / MB) for second in seconds], bound=1e3 / bound,
                            note=f"{size / MB / min(seconds):.0f} MB/s at best, {written / MB:.0f} MB written")
                figures.add(f"processor time {what}", "ms", [second * 1e3 / (size / MB) for second in processor])
    figures.add("resident memory", "MiB", resident, bound=options.bound_mib)
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
