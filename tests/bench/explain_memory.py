#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`oomtrace explain` needs no more than 64 MiB, whatever it is given: one report of 100,000 tasks, more tasks than it keeps, and a
log without end: as text, all of it, as JSON, and a line each. The resident memory is the largest that the kernel saw (VmHWM).

Exit status: 0 the bound was kept, 1 it was not.
"""

import argparse
import json
import os
import pathlib
import re
import sys
import threading

from spawned import Spawned

ROW = re.compile(r"\[.*?\] \[ *\d+\] ")
MOST_ROWS = 120_000  # that src/kernel_log keeps


def with_rows(report, count):
    """The report with `count` tasks more in its table."""
    lines = report.splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if ROW.match(line))
    stamp = lines[last].partition("] ")[0] + "] "
    more = [
        f"{stamp}[{200_000 + i:7}]  {i % 1000:4} {200_000 + i:6} {1000 + i % 700:8} {100 + i % 500:8} {50:8} {50 + i % 500:8} {0:9}"
        f" {45056:8} {0:8} {i % 1000:13} task-{i}\n"
        for i in range(count)
    ]
    return "".join(lines[: last + 1] + more + lines[last + 1 :]).encode()


def endless(report, size):
    """`size` bytes of the report, each time ten seconds later, in pieces."""
    shift = written = 0
    while written < size:
        shift += 10
        text = re.sub(r"^\[ *(\d+)", lambda m: f"[{int(m[1]) + shift:5}", report, flags=re.M).encode()
        written += len(text)
        yield text


def explain(oomtrace, arguments, pieces):
    """(largest resident MiB, last line of output, lines of output, exit status); the log comes through a pipe."""
    log_reader, log_writer = os.pipe()
    reader, writer = os.pipe()
    program = Spawned([oomtrace, "explain", *arguments, "-"], log_reader, writer)

    def feed():
        with os.fdopen(log_writer, "wb") as log:
            for piece in pieces:
                log.write(piece)

    feeder = threading.Thread(target=feed)
    feeder.start()
    last, lines = b"", 0
    with os.fdopen(reader, "rb") as output:
        for line in output:
            last = line
            lines += 1
    feeder.join()
    _, resident, status = program.wait()
    return resident, last, lines, status


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oomtrace", required=True)
    parser.add_argument("--reports", default=pathlib.Path(__file__).resolve().parents[1] / "data/kernel_reports", type=pathlib.Path)
    parser.add_argument("--bound-mib", type=float, default=64, help="resident memory (%(default)s)")
    parser.add_argument("--megabytes", type=int, default=50, help="of the log without end (%(default)s)")
    options = parser.parse_args()
    report = (options.reports / "global-6.12.txt").read_text(encoding="utf-8")
    report = report[report.rindex("\n", 0, report.rindex(" invoked oom-killer: ")) + 1 :]  # one of them is enough
    tasks = sum(bool(ROW.match(line)) for line in report.splitlines())
    failed = False

    def check(what, holds):
        nonlocal failed
        if not holds:
            failed = True
            print(f"FAIL {what}")

    for name, count, kept in (("100,000 tasks", 100_000, 100_000 + tasks), ("more tasks than are kept", MOST_ROWS + 1000, MOST_ROWS)):
        log = with_rows(report, count)
        for arguments in (["--json"], [], ["--full"], ["--brief"]):
            resident, last, lines, status = explain(options.oomtrace, arguments, [log])
            said = f"{name}, {' '.join(arguments) or 'text'}: {resident:.1f} MiB"
            print(said)
            check(f"{said}, more than {options.bound_mib:.0f}", resident <= options.bound_mib)
            check(f"{said}: exit status {status}, {lines} lines", status == 0 and lines > 0)
            if arguments == ["--json"]:
                have = len(json.loads(last)["candidates"])
                check(f"{said}: {have} candidates of {kept}", have == kept)
            if arguments == ["--full"]:
                check(f"{said}: {lines} lines do not have {kept} candidates", lines > 2 * kept)
    for arguments in (["--json"], []):
        resident, _, lines, status = explain(options.oomtrace, arguments, endless(report, options.megabytes * 1_000_000))
        said = f"{options.megabytes} MB of reports, {' '.join(arguments) or 'text'}: {resident:.1f} MiB"
        print(said)
        check(f"{said}, more than {options.bound_mib:.0f}", resident <= options.bound_mib)
        least = options.megabytes * 1_000_000 // (2 * len(report))
        check(f"{said}: exit status {status}, {lines} lines, not {least}", status == 0 and lines >= least)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
