#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`oomtrace agent` in a guest with little memory that is driven out of it again and again: the agent is never killed, reads
nothing back in that it needs, and every kill is in its store.

Exit status: 0 every bound was kept, 1 one was not.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

from figures import Figures

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent


def boot(options, output):
    script = HERE / "guest" / "global_storm.sh"
    command = [TOP / "scripts" / "run_in_vm.sh", options.kernel, "--output", output, "--timeout", str(options.timeout)]
    command += ["--memory", options.memory]
    for program in (f"{options.oomtrace}=oomtrace", options.workload, script):
        command += ["--program", program]
    return subprocess.run([*command, "--", script.name, str(options.ooms)], check=False).returncode


def measure(options, output, figures):
    killed = collections.Counter(int(pid) for pid in (output / "killed").read_text().split())
    counted = int((output / "oom_kills").read_text())
    incidents = [json.loads(line) for line in (output / "history.jsonl").read_text().splitlines()]
    kills = collections.Counter(kill["pid"] for incident in incidents for kill in incident["kills"] or [])
    metrics = dict(line.rpartition(" ")[::2] for line in (output / "metrics.txt").read_text().splitlines() if line[:1] != "#")
    in_metrics = sum(float(value) for name, value in metrics.items() if name.startswith("oomtrace_kills_total{"))
    agent = {name: int(value) for name, value in (line.split() for line in (output / "agent").read_text().splitlines())}

    for whose, count in {"/proc/vmstat": counted, "the store": sum(kills.values()), "oomtrace_kills_total": in_metrics}.items():
        if count != options.ooms:
            figures.problems.append(f"{whose}: {count:g} kills, there were {options.ooms}")
    missing, others = killed - kills, kills - killed
    if missing or others:
        figures.problems.append(f"kills in the store: {missing.total()} are missing, {others.total()} were not killed by the storm")
    lost = sum(incident["completeness"]["records_lost"] for incident in incidents)
    if lost:
        figures.problems.append(f"{lost} records lost")
    figures.add("OOMs", "", [sum(killed.values())])
    figures.add("incomplete incidents", "", [sum(not incident["completeness"]["complete"] for incident in incidents)], bound=0)
    figures.add("major faults", "", [agent["major_faults"]], bound=0, note="of the agent, in the storm")
    if "waited_us" in agent:
        waited_ms = agent["waited_us"] / 1000 / options.ooms
        figures.add("waited for memory", "ms", [waited_ms], note="the agent, all of its threads, for each OOM")
    figures.add("resident before", "MiB", [agent["resident_kb_before"] / 1024])
    growth = agent["resident_kb_after"] - agent["resident_kb_before"]
    figures.add("resident, growth", "KiB", [growth], bound=options.max_growth_kib)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oomtrace", required=True)
    parser.add_argument("--workload", required=True, help="the oom_workload program")
    parser.add_argument("--kernel", default="6.12", help="a kernel of tests/vm/kernels.txt")
    parser.add_argument("--memory", default="256M", help="of the guest")
    parser.add_argument("--ooms", type=int, default=200)
    parser.add_argument("--max-growth-kib", type=float, default=2048, help="what it takes once among it: the store's cache")
    parser.add_argument("--timeout", type=int, default=1500, help="seconds for the guest")
    parser.add_argument("--output", type=pathlib.Path, help="keep what the guest left here")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here")
    options = parser.parse_args()
    figures = Figures(f"vm_storm ({options.kernel}, emulated, {options.memory})")
    with tempfile.TemporaryDirectory() as temporary:
        output = options.output or pathlib.Path(temporary)
        status = boot(options, output)
        if status != 0:
            figures.problems.append(f"the guest failed with status {status}")
        else:
            measure(options, output, figures)
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
