#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of a VM matrix, from the files that tests/vm/run_vm_test.py --json wrote: a row per kernel and attach method, what was
skipped, with the reasons, and what the verifier of each kernel processed for each program. Exit status 1 when there is nothing to
show."""

import argparse
import collections
import json
import pathlib
import sys

SUMS = ("incidents", "candidates", "compared", "moved", "not_offered", "mismatches", "agreed")
TITLES = ("kernel", "method", "scenarios", "failed", "skipped", "incidents", "candidates", "values compared")
TITLES += ("moved", "not offered", "mismatches", "agree with the first method")


def table_lines(titles, rows):
    yield "| " + " | ".join(titles) + " |"
    yield "|" + "---|" * len(titles)
    for row in rows:
        yield "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else cell for cell in row) + " |"


def rows_of(kernels):
    everything = [run for kernel in kernels for run in kernel["runs"]]
    groups = {}
    for run in everything:
        groups.setdefault((run["kernel"], f"`{run['method']}`"), []).append(run)
    groups["all", ""] = everything
    for (kernel, method), runs in groups.items():
        sums = [sum(run.get(key, 0) for run in runs) for key in SUMS]
        failed, skipped = (sum(bool(run[key]) for run in runs) for key in ("problems", "skipped"))
        yield kernel, method, len(runs) - skipped, failed, skipped, *sums


def skip_lines(kernels):
    skips = collections.defaultdict(list)
    for kernel in kernels:
        for run in kernel["runs"]:
            if run["skipped"]:
                skips[run["scenario"], run["skipped"]].append(f"{run['kernel']} {run['method']}")
    if skips:
        yield from ("", "Skipped:", "")
        for (scenario, why), where in skips.items():
            yield f"- {scenario}: {why} ({', '.join(where)})"


def program_lines(kernels):
    """A row per program: it may be in more than one method, with another size in each."""
    programs = {}
    for kernel in kernels:
        for method, sizes in kernel["verified"].items():
            for program, size in sizes.items():
                programs.setdefault((program, method), {})[kernel["kernel"]] = size
    if programs:
        names = [kernel["kernel"] for kernel in kernels]
        rows = [(f"`{program}`", f"`{method}`", *(sizes.get(name, "-") for name in names))
                for (program, method), sizes in sorted(programs.items(), key=lambda item: -max(item[1].values()))]  # fmt: skip
        yield from ("", "Instructions that the verifier processed:", "")
        yield from table_lines(("program", "method", *names), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="*", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path, help="write the tables here too")
    options = parser.parse_args()

    kernels = [json.loads(path.read_text()) for path in options.results]
    if not any(kernel["runs"] for kernel in kernels):
        print("matrix_table: no results", file=sys.stderr)
        return 1
    lines = [*table_lines(TITLES, rows_of(kernels)), *skip_lines(kernels), *program_lines(kernels)]
    print("\n".join(lines))
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
