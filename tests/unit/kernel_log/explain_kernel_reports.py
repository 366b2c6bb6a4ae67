#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every report of a folder of kernel logs: whatever an independent reader finds in it is in the incident, with the same value.

Where a live record lies beside a log (NAME.incidents.jsonl of NAME.dmesg.txt), victim, points and verdict must be those of the record. Files
may be compressed. Exit status: 0 nothing is lost; 1 otherwise.
"""

import argparse
import json
import lzma
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

import live_comparison  # noqa: E402
import log_comparison  # noqa: E402

# Pages, broken: what they must give is in log_reader_test.cpp. Kernels that old are beyond the independent reader.
UNREADABLE_FOR_OTHERS = {"seed-2.6.27.txt", "seed-2.6-highmem.txt"}


def read(path):
    data = lzma.open(path).read() if path.suffix == ".xz" else path.read_bytes()
    return data.decode("utf-8", "surrogateescape")


def explain(oomtrace, path):
    run = subprocess.run([oomtrace, "explain", "--json", str(path)], capture_output=True, check=False)
    return [json.loads(line) for line in run.stdout.splitlines()], run


def compare_with_live(incidents, path):
    """(problems, how many values were compared) against the live records of the same OOMs."""
    comparison = live_comparison.LiveComparison()
    comparison.compare([json.loads(line) for line in read(path).splitlines() if line.strip()], incidents)
    return comparison.problems, comparison.compared


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oomtrace", required=True)
    parser.add_argument("--reports", required=True, type=pathlib.Path, help="folder, looked through with all below it")
    options = parser.parse_args(arguments)

    failed = compared = reports = 0
    for path in sorted(options.reports.rglob("*")):
        if not (path.name.endswith((".txt", ".txt.xz"))) or path.name in UNREADABLE_FOR_OTHERS:
            continue
        incidents, run = explain(options.oomtrace, path)
        ledger, lost = log_comparison.compare_log(incidents, read(path))
        problems = [str(mismatch) for mismatch in ledger.mismatches] + lost
        if not log_comparison.not_lost(ledger, incidents):
            problems += [f"not offered ({why}): {sorted(fields)}" for why, fields in ledger.not_offered.items()]
        record = next(iter(path.parent.glob(path.name.partition(".dmesg")[0] + ".incidents.jsonl*")), None)
        if ".dmesg" in path.name and record is not None:
            wrong, count = compare_with_live(incidents, record)
            problems += wrong
            compared += count
        if not incidents and run.returncode != 1:
            problems.append(f"exit status {run.returncode} without a report")
        compared += ledger.total_compared()
        reports += len(incidents)
        if problems:
            failed += 1
            print(f"{path}: {len(incidents)} reports")
            for problem in problems[:40]:
                print(f"  {problem}")
    print(f"{reports} reports, {compared} values compared, {failed} logs with differences")
    return 1 if failed or not reports else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
