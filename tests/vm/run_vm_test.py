#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boots a kernel, drives it out of memory under oomtrace, and holds each incident against two witnesses: what the kernel itself
reported, and what the scenario set up. One boot runs every scenario with every attach method."""

import argparse
import dataclasses
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path.insert(0, str(TOP / "tests" / "support"))

import kernel_report  # noqa: E402
from compare_with_kernel_log import compare, read_incidents  # noqa: E402
from incident_comparison import Options  # noqa: E402
from setup_checks import SetupChecks, read_members  # noqa: E402

METHODS = ("fentry", "kprobe", "tracepoint")
SCENARIOS = ("global", "memcg")
# Who has to die, in order, and how many values there are to compare at least (a tracepoint carries no allocation).
VICTIMS = (b"sacrifice", b"eater")
MIN_COMPARED = {"global": 400, "memcg": 170}
# No swap in the guest. No tolerance for tasks: all but the eater sleep, and that is inside the OOM killer. Free pages and
# counters move while the kernel prints, as the second CPU works on.
OPTIONS = Options(swap_total_pages=0, free_tolerance_pages=1024, counter_tolerance_pages=256)
# Kernels with SPLIT_RSS_COUNTING, and what the two threads of the eater may hold back: see Options.
SPLIT_RSS_KERNELS = ("5.10", "6.1")
SPLIT_RSS_PAGES = 2 * 64 * 16


def boot(options, runs, output):
    command = [TOP / "scripts" / "run_in_vm.sh", options.kernel, "--output", output, "--timeout", str(options.timeout)]
    programs = [options.workload, HERE / "guest" / "oom_scenarios.sh"]
    if options.oomtrace:
        programs.append(f"{options.oomtrace}=oomtrace")
    for program in programs:
        command += ["--program", program]
    return subprocess.run([*command, "--", "oom_scenarios.sh", *runs], check=False).returncode


def check_report_alone(reports, members):
    """Without a tracer: the kernel's report must be whole, and of what the scenario set up."""
    checks = SetupChecks()
    checks.expect("reports", len(reports), len(VICTIMS))
    for report, victim in zip(reports, VICTIMS):
        checks.expect("lines that were not understood", report.unread_lines, [])
        checks.expect("victim", report.kills[0].name.encode().startswith(victim), True)
        rows = {task.pid: task for task in report.tasks}
        for member in members:
            gone = victim == b"eater" and member.name.startswith(b"sacrifice")
            checks.expect(f"row of {member.name!r}", member.pid in rows, not (member.outside or gone))
    return checks


def check_incidents(kernel, scenario, method, incidents, reports, members):
    checks = SetupChecks()
    checks.expect("incidents", len(incidents), len(VICTIMS))
    alive, dead = list(members), []
    for incident, victim_name in zip(incidents, VICTIMS):
        victim = next(member for member in members if member.name.startswith(victim_name))
        eater = next(member for member in members if member.eater)
        checks.expect("scope", incident["scope"], scenario)
        checks.expect("trigger tgid", incident["trigger"]["tgid"], eater.pid)
        checks.expect("trigger comm", incident["trigger"]["comm"], "biter" if scenario == "memcg" else "eater")
        checks.check_candidates(incident, alive, dead=dead, only_members=scenario == "memcg")
        checks.check_victim(incident, victim)
        checks.check_trust(incident, method)
        alive.remove(victim)
        dead.append(victim)
    how = dataclasses.replace(
        OPTIONS,
        victim_tolerance_pages=SPLIT_RSS_PAGES if kernel in SPLIT_RSS_KERNELS else 0,
        released_pages=sum(member.anon + member.shmem + member.file for member in dead[:-1]) // OPTIONS.page_size,
    )
    return checks, compare(incidents, reports, how, method=method)


def check_run(kernel, directory, scenario, method):
    """The problems of one run, each a line; prints what was compared."""
    log = (directory / "dmesg.txt").read_text(errors="surrogateescape")
    reports = kernel_report.parse_reports(log)
    members = read_members(directory / "expected")
    if method == "none":
        checks = check_report_alone(reports, members)
        print(f"{len(reports)} reports; {checks.checked} statements about the set-up")
        return checks.problems
    status = (directory / "tracer_status").read_text().strip()
    incidents = read_incidents(directory / "incidents.jsonl")
    checks, ledger = check_incidents(kernel, scenario, method, incidents, reports, members)
    checks.expect("exit status of oomtrace", status, "0")
    if ledger.total_compared() < MIN_COMPARED[scenario]:
        checks.problems.append(f"only {ledger.total_compared()} values compared, {MIN_COMPARED[scenario]} are needed")
    print(f"{len(incidents)} incidents, {len(reports)} reports; {checks.checked} statements about the set-up")
    print(ledger.table())
    if ledger.mismatches:
        checks.problems.append(f"{len(ledger.mismatches)} values differ from the kernel's report, see above")
    return checks.problems


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oomtrace", type=pathlib.Path, help="the program; without it the kernel's reports alone are checked")
    parser.add_argument("--workload", type=pathlib.Path, required=True, help="the oom_workload program")
    parser.add_argument("--kernel", default="6.12", help="a kernel of kernels.txt")
    parser.add_argument("--method", action="append", choices=METHODS, help="repeatable; default: all")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="repeatable; default: all")
    parser.add_argument("--output", type=pathlib.Path, help="keep what the guest left here")
    parser.add_argument("--timeout", type=int, default=600, help="seconds for the whole boot")
    options = parser.parse_args(arguments)

    methods = (options.method or METHODS) if options.oomtrace else ("none",)
    runs = [f"{scenario}:{method}" for scenario in options.scenario or SCENARIOS for method in methods]
    with tempfile.TemporaryDirectory() as temporary:
        output = options.output or pathlib.Path(temporary)
        for scenario in SCENARIOS:  # what an earlier boot left must not pass for this one's
            for old in output.glob(f"{scenario}-*"):
                shutil.rmtree(old)
        status = boot(options, runs, output)
        if status != 0:
            print(f"run_vm_test: the guest failed with status {status}", file=sys.stderr)
        failed = 0
        for run in runs:
            scenario, method = run.split(":")
            print(f"==== kernel {options.kernel}: {scenario}, {method} ====")
            directory = output / f"{scenario}-{method}"
            if (directory / "dmesg.txt").exists():
                problems = check_run(options.kernel, directory, scenario, method)
            else:
                problems = ["the guest left no result"]
            failed += bool(problems)
            for problem in problems:
                print(f"FAIL {problem}")
    print(f"{len(runs) - failed} of {len(runs)} runs passed on kernel {options.kernel}")
    return 0 if status == 0 and failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
