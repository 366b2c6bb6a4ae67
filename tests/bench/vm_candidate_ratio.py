#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the function hooks add to the kernel's own scan, task by task: the run time of the programs that run for each candidate,
beside what the kernel's own table of the same tasks costs per row. Measured in a guest, whose kernel has these hooks on any host;
the guest is emulated, and its clock goes on by one nanosecond for each instruction (QEMU's -icount): what is compared is instructions.

Exit status: 0 the bounds were kept, 1 they were not.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from figures import Figures
from task_table import cost_of_rows, row_times_of_dmesg

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
# The programs that run once for each task the kernel weighs; of alternatives the one that the guest's kernel took.
PER_CANDIDATE = {
    "fentry": (("fexit_evaluated_by_cast", "fexit_oom_evaluate_task"), ("fexit_oom_badness",)),
    "kprobe": (
        ("kprobe_oom_evaluate_task",),
        ("kretprobe_evaluated_by_cast", "kretprobe_oom_evaluate_task"),
        ("kretprobe_oom_badness",),
    ),
}
KERNEL_NAME_LENGTH = 15  # of a program: the kernel keeps no more, and not every bpftool completes it
# A sleeping process with its page tables and stack, beside what it was told to hold.
OWN_BYTES = 256 << 10


def boot(options, methods, output):
    limit = options.count * (options.each + OWN_BYTES)
    script = HERE / "guest" / "candidate_scans.sh"
    command = [TOP / "scripts" / "run_in_vm.sh", options.kernel, "--output", output, "--timeout", str(options.timeout)]
    command += ["--memory", options.memory, "--append", "log_buf_len=16M"]
    if not options.wall_clock:
        command += ["--qemu", "-icount shift=0,sleep=off"]
    for program in (f"{options.oomtrace}=oomtrace", options.workload, script, options.bpftool):
        command += ["--program", program]
    arguments = [str(number) for number in (options.count, options.each, limit, options.repeat)]
    return subprocess.run([*command, "--", script.name, *arguments, *methods], check=False).returncode


def run_times(path):
    """{name: (ns, runs)} from `bpftool --json prog show`."""
    programs = json.loads(path.read_text())
    return {program["name"]: (program.get("run_time_ns", 0), program.get("run_cnt", 0)) for program in programs if "name" in program}


def spent_by(names, before, after):
    """(ns, runs) between the two looks of the one of the programs that is there."""
    matching = [key for key in after if any(key in (name, name[:KERNEL_NAME_LENGTH]) for name in names)]
    if not matching:
        raise RuntimeError(f"the guest has no program {' or '.join(names)}: {sorted(after)}")
    (key,) = matching
    old = before.get(key, (0, 0))
    return after[key][0] - old[0], after[key][1] - old[1]


def measure(directory, method, options, figures):
    incidents = [json.loads(line) for line in (directory / "incidents.jsonl").read_text().splitlines()]
    if len(incidents) != options.repeat:
        figures.problems.append(f"{method}: {len(incidents)} incidents, expected {options.repeat}")
    per_candidate, per_row, ratios, candidates = [], [], [], []
    for number, incident in enumerate(incidents, 1):
        before, after = (run_times(directory / f"{when}-{number}.json") for when in ("before", "after"))
        weighed = len(incident["candidates"])
        spent = {names[0]: spent_by(names, before, after) for names in PER_CANDIDATE[method]}
        check(figures, f"{method} OOM {number}", incident, spent, options)
        table = cost_of_rows(row_times_of_dmesg((directory / f"dmesg-{number}.txt").read_text(errors="replace")))
        if table is None or table.rows < weighed:
            figures.problems.append(f"{method} OOM {number}: {table} of the kernel's table for {weighed} candidates")
            continue
        candidates.append(weighed)
        per_candidate.append(sum(ns for ns, _ in spent.values()) / weighed)
        per_row.append(table.ns_per_row)
        ratios.append(per_row[-1] / per_candidate[-1])
    figures.add(f"{method}: candidates", "", candidates)
    figures.add(f"{method}: programs per candidate", "ns", per_candidate)
    figures.add(f"{method}: kernel's table per row", "ns", per_row)
    if ratios:
        times = statistics.median(ratios)
        figures.add(
            f"{method}: programs / table", "", [1 / ratio for ratio in ratios], bound=options.bound, note=f"1/{times:.1f}"
        )


def check(figures, what, incident, spent, options):
    completeness = incident["completeness"]
    if not completeness["complete"] or completeness["records_lost"]:
        figures.problems.append(f"{what}: the incident is not complete: {completeness}")
    weighed = len({candidate["pid"] for candidate in incident["candidates"]})
    if weighed != options.count + 2:  # the sleepers' parent and the eater
        figures.problems.append(f"{what}: {weighed} candidates, expected {options.count + 2}")
    for name, (_, runs) in spent.items():
        if runs < weighed:
            figures.problems.append(f"{what}: {name} ran {runs} times for {weighed} candidates")


def ratio(text):
    parts = re.fullmatch(r"([\d.]+)(?:/([\d.]+))?", text)
    if not parts:
        raise argparse.ArgumentTypeError(f"{text} is no ratio")
    return float(parts[1]) / float(parts[2] or 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oomtrace", required=True)
    parser.add_argument("--workload", required=True, help="the oom_workload program")
    parser.add_argument("--bpftool", default="/usr/sbin/bpftool", help="for the guest (%(default)s)")
    parser.add_argument("--kernel", default="6.12", help="a kernel of tests/vm/kernels.txt (%(default)s)")
    parser.add_argument("--memory", default="1G", help="of the guest (%(default)s)")
    parser.add_argument("--count", type=int, default=1000, help="sleeping tasks (%(default)s)")
    parser.add_argument("--each", type=int, default=64 << 10, help="bytes each holds (%(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="OOMs per method (%(default)s)")
    parser.add_argument("--method", action="append", choices=sorted(PER_CANDIDATE), help="repeatable; default: all")
    parser.add_argument("--bound", type=ratio, default="1/20", help="programs / table, median (%(default)s)")
    parser.add_argument("--wall-clock", action="store_true", help="time by the host's clock, not by the guest's instructions")
    parser.add_argument("--timeout", type=int, default=600, help="seconds for the guest (%(default)s)")
    parser.add_argument("--output", type=pathlib.Path, help="keep what the guest left in this new directory")
    parser.add_argument("--json", help="write the figures here")
    options = parser.parse_args()

    methods = options.method or sorted(PER_CANDIDATE)
    figures = Figures(f"vm_candidate_ratio ({options.kernel}, emulated)")
    with tempfile.TemporaryDirectory() as temporary:
        output = options.output or pathlib.Path(temporary)
        status = boot(options, methods, output)
        if status != 0:
            figures.problems.append(f"the guest failed with status {status}")
        for method in methods:
            if (output / method / "incidents.jsonl").exists():
                measure(output / method, method, options, figures)
            else:
                figures.problems.append(f"{method}: the guest left nothing")
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
