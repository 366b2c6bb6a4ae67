#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of a VM matrix, from the files that tests/vm/run_vm_test.py --json wrote: a row per kernel and attach method, and what
was skipped, with the reasons. Exit status 1 when there is nothing to show."""

import argparse
import collections
import json
import pathlib
import sys

SUMS = ("incidents", "candidates", "compared", "moved", "not_offered", "mismatches")
TITLES = ("kernel", "method", "scenarios", "failed", "skipped", "incidents", "candidates", "values compared")
TITLES += ("moved", "not offered", "mismatches", "verified instructions, most")


def rows_of(results):
    groups = {}
    for result in results:
        groups.setdefault((result["kernel"], result["method"]), []).append(result)
    for (kernel, method), runs in groups.items():
        sums = [sum(run.get(key, 0) for run in runs) for key in SUMS]
        verified = [run["verified_instructions"] for run in runs if run.get("verified_instructions")]
        failed, skipped = (sum(bool(run[key]) for run in runs) for key in ("problems", "skipped"))
        yield kernel, f"`{method}`", len(runs) - skipped, failed, skipped, *sums, max(verified) if verified else "not told"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="*", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path, help="write the table here too")
    options = parser.parse_args()

    results = [result for path in options.results for result in json.loads(path.read_text())]
    if not results:
        print("matrix_table: no results", file=sys.stderr)
        return 1
    lines = ["| " + " | ".join(TITLES) + " |", "|" + "---|" * len(TITLES)]
    lines += ["| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else cell for cell in row) + " |" for row in rows_of(results)]
    skips = collections.Counter((run["kernel"], run["scenario"], run["skipped"]) for run in results if run["skipped"])
    if skips:
        lines += ["", "Skipped:", ""]
        lines += [f"- {kernel}, {scenario}, {count} x: {why}" for (kernel, scenario, why), count in skips.items()]
    print("\n".join(lines))
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
