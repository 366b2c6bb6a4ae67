#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boots a kernel, drives it out of memory in every scenario, and holds each incident against three witnesses: what the kernel itself
reported, what it counted, and what the scenario set up. What `oomtrace explain` makes of the kernel's log alone has to tell the same.
Every attach method has a tracer of its own, and all of them watch the same OOMs. Scenarios that need the same guest share a boot."""

import argparse
import bisect
import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path.insert(0, str(TOP / "tests" / "support"))
sys.path.insert(0, str(HERE))

import kernel_report  # noqa: E402
import kernel_trace  # noqa: E402
import log_comparison  # noqa: E402
from compare_with_kernel_log import compare, read_incidents  # noqa: E402
from consistency_checks import check_against_proc, check_consistency  # noqa: E402
from live_comparison import LiveComparison  # noqa: E402
from method_comparison import MethodComparison  # noqa: E402
from scenario import (  # noqa: E402
    KERNELS_WITHOUT_TRAMPOLINES,
    METHODS,
    SCENARIOS_DIRECTORY,
    SPLIT_RSS_KERNELS,
    SPLIT_RSS_PAGES,
    SWAPPING_PAGES,
    Run,
    comparison_options,
    load_scenarios,
    why_not,
)
from setup_checks import read_members  # noqa: E402


MAX_VERIFIED_INSTRUCTIONS = 200_000
GUEST_PANICKED = 121


def boot(options, needs, methods, names, output, programs):
    """The exit status of a guest that goes through the scenarios of these names. `programs`: have it say what the verifier processed
    of each."""
    command = [TOP / "scripts" / "run_in_vm.sh", options.kernel, "--output", output, "--timeout", str(options.timeout)]
    command += ["--memory", needs.memory, "--cpus", str(needs.cpus), "--file", f"{SCENARIOS_DIRECTORY}=/scenarios"]
    for option, value in (("--qemu", needs.qemu), ("--disk", needs.disk), ("--append", needs.append)):
        if value:
            command += [option, value]
    for program in (options.workload, HERE / "guest" / "oom_scenarios.sh"):
        command += ["--program", program]
    if options.oomtrace:
        command += ["--program", f"{options.oomtrace}=oomtrace"]
    first = ["programs"] if programs else []
    return subprocess.run([*command, "--", "oom_scenarios.sh", *first, ",".join(methods), *names], check=False).returncode


def read_verified(path):
    """{method: {program: instructions that the verifier processed}}, from what `oomtrace doctor` printed."""
    methods, method = {}, None
    for line in path.read_text().splitlines() if path.exists() else ():
        if begin := re.match(r"method (\w+): ", line):
            method = methods.setdefault(begin[1], {})
        elif row := re.match(r"  attached +\w+ +\S+ +(\w+): (\d+) instructions verified$", line):
            method[row[1]] = int(row[2])
    return {name: programs for name, programs in methods.items() if programs}


def collect_after_panic(output, directory, method):
    """What a guest that panicked got out: the kernel's report on its console, the incident on a serial port."""
    (directory / method).mkdir(parents=True, exist_ok=True)
    (directory / "dmesg.txt").write_bytes((output / "console.txt").read_bytes().replace(b"\r", b""))
    shutil.copy(output / "live.txt", directory / method / "incidents.jsonl")


def deal_out_incidents(output, methods, names):
    """Each scenario gets, in a directory per method, those of the tracer's incidents that came after it began and before the next one
    did; and what the tracer said, and how it ended. `names`: of the scenarios of one boot, in their order."""
    begun = {}
    for name in names:
        if (output / name / "begin").exists():
            begun[output / name] = float((output / name / "begin").read_text())
    for method in methods:
        tracer = output / f"tracer-{names[0]}-{method}"
        if not (tracer / "incidents.jsonl").exists() or not begun:
            continue
        shares = [[] for _ in begun]
        number = 0
        for line in (tracer / "incidents.jsonl").read_text().splitlines(keepends=True):
            try:
                number = max(0, bisect.bisect(list(begun.values()), json.loads(line)["monotonic_ns"] / 1e9) - 1)
            except ValueError:
                pass  # cut off: it is of the same scenario as the one before
            shares[number].append(line)
        for directory, share in zip(begun, shares):
            traced = directory / method
            traced.mkdir(exist_ok=True)
            (traced / "incidents.jsonl").write_text("".join(share))
            for name in ("tracer_status", "trace.log"):
                if (tracer / name).exists():
                    shutil.copy(tracer / name, traced)


def boots_of(kernel, scenarios, chosen, methods):
    """[(what the guest needs, methods, names of scenarios)]: as few boots as can be. A scenario that panics has one for each method:
    there is one way out of such a guest."""
    boots = collections.defaultdict(list)
    for name in chosen:
        possible = tuple(method for method in methods if why_not(kernel, scenarios[name], method) is None)
        for together in [(method,) for method in possible] if scenarios[name].panics else [possible] if possible else []:
            boots[scenarios[name].boot, together, name if scenarios[name].panics else None].append(name)
    return [(needs, together, names) for (needs, together, _), names in boots.items()]


def directory_of(output, scenario, name, method):
    """Where what its guest left is. One that panicked has left only what one method saw."""
    return output / f"{name}-{method}" / name if scenario.panics else output / name


def lines_of(path):
    """None, where the scenario has left no such file."""
    return path.read_text(errors="surrogateescape").splitlines() if path.exists() else []


def check_counters(run):
    """Every process that the kernel counted as killed is among the kills, and no other."""
    counted = [
        kill
        for incident in run.incidents
        for kill in incident["kills"] or []
        if kill["signalled"] and kill["why"] != "shares_mm"  # the kernel does not count those
    ]
    # Of a group the first victim is killed, and counted, a second time with the rest, unless it has gone by then.
    twice = sum(incident["outcome"] == "group_kill" for incident in run.incidents)
    kernels = int((run.directory / "oom_kills").read_text())
    run.checks.expect_between("oom_kill of /proc/vmstat", kernels, len(counted), len(counted) + twice)
    events = dict(line.split() for line in (run.directory / "memory.events").read_text().splitlines())
    if "oom_kill" in events:
        run.checks.expect("oom_kill of memory.events", int(events["oom_kill"]), kernels)
    for incident in run.incidents:
        run.checks.expect("records lost", incident["completeness"]["records_lost"], 0)


def explain_log(oomtrace, log):
    """The incidents that `oomtrace explain` finds in the file."""
    explained = subprocess.run([oomtrace, "explain", "--json", log], capture_output=True, check=False)
    return [json.loads(line) for line in explained.stdout.splitlines()]


def check_explained(options, run, how):
    """The log alone gives all that the kernel printed, and tells the same as the live record, `how` it was compared with the kernel's
    report; how many values were compared."""
    log = run.directory / "dmesg.txt"
    explained = explain_log(options.explain_with or options.oomtrace, log)
    ledger, lost = log_comparison.compare_log(explained, log.read_text(errors="surrogateescape"))
    not_offered = []
    if not log_comparison.not_lost(ledger, explained):
        not_offered = [f"not offered ({why}): {sorted(fields)}" for why, fields in ledger.not_offered.items()]
    comparison = LiveComparison(how.victim_tolerance_pages, how.released_pages, how.swapping_pages)
    comparison.compare(run.incidents, explained)
    print(comparison.table())
    for problem in [*map(str, ledger.mismatches), *lost, *not_offered, *comparison.problems]:
        run.checks.problems.append(f"explained from the log: {problem}")
    return ledger.total_compared() + comparison.compared


def check_run(options, scenario, run):
    """What to print of one run, and what the table is to say of it."""
    result = {"incidents": 0, "candidates": 0, "compared": 0, "moved": 0, "not_offered": 0, "mismatches": 0, "explained": 0, "agreed": 0}
    checks = run.checks
    checks.expect_between("reports of the kernel", len(run.reports), scenario.reports, 1 << 20)
    if options.oomtrace is None:
        for report in run.reports:
            checks.expect("lines that were not understood", report.unread_lines, [])
        print(f"{len(run.reports)} reports; {checks.checked} statements about the set-up")
        return result
    run.incidents = read_incidents(run.directory / run.method / "incidents.jsonl")
    if not scenario.panics:
        checks.expect("exit status of oomtrace", (run.directory / run.method / "tracer_status").read_text().strip(), "0")
        tracer_said = (run.directory / run.method / "trace.log").read_text(errors="surrogateescape")
        checks.expect("what it lost", [line for line in tracer_said.splitlines() if "LOST DATA" in line], [])
    scenario.check(run)
    swap_total_kb = 0
    if not scenario.panics:
        check_counters(run)
        events = kernel_trace.read_trace((run.directory / "events.trace").read_text(errors="surrogateescape"))
        stat_lines, sysctl_lines = (lines_of(run.directory / name) for name in ("stat", "sysctls"))
        for incident in run.incidents:
            kernel_trace.check_before_against_trace(checks, incident, events)
            check_consistency(checks, incident)
            check_against_proc(checks, incident, stat_lines, sysctl_lines)
        kernel_trace.check_kills_against_trace(checks, run.incidents, events)
        swap_total_kb = int((run.directory / "swap_total_kb").read_text())
    how = comparison_options(run.kernel, run.members, swap_total_kb)
    ledger = compare(run.incidents, run.reports, how, method=run.method, why_unreported=scenario.why_unreported)
    checks.expect_between("values compared", ledger.total_compared(), scenario.min_compared, 1 << 30)
    print(f"{len(run.incidents)} incidents, {len(run.reports)} reports; {checks.checked} statements about the set-up")
    print(ledger.table())
    if ledger.mismatches:
        checks.problems.append(f"{len(ledger.mismatches)} values differ from the kernel's report, see above")
    explained = check_explained(options, run, how)
    return {
        "incidents": len(run.incidents),
        "candidates": sum(len(incident["candidates"] or []) for incident in run.incidents),
        "compared": ledger.total_compared(),
        "moved": len(ledger.moved),
        "not_offered": sum(len(fields) for fields in ledger.not_offered.values()),
        "mismatches": len(ledger.mismatches),
        "explained": explained,
        "agreed": 0,
    }


def judge(options, scenario, name, method, output):
    """The result of one run: what the table says of it, and `problems`, or `skipped` with the reason."""
    print(f"==== kernel {options.kernel}: {name}, {method} ====")
    directory = directory_of(output, scenario, name, method)
    result = {"kernel": options.kernel, "scenario": name, "method": method, "problems": [], "skipped": None}
    if why := why_not(options.kernel, scenario, method):
        result["skipped"] = why
    elif (directory / "skipped").exists():
        result["skipped"] = (directory / "skipped").read_text().strip()
    elif not (directory / "dmesg.txt").exists():
        result["problems"] = ["the guest left no result"]
    else:
        log = (directory / "dmesg.txt").read_text(errors="surrogateescape")
        run = Run(options.kernel, method, directory, [], [], [])
        result["problems"] = run.checks.problems
        try:
            run.members = read_members(directory / "expected")
            run.reports = kernel_report.parse_reports(log)
            result |= check_run(options, scenario, run)
        except FileNotFoundError as error:
            result["problems"].append(f"the guest left no {pathlib.Path(error.filename).name}")
        except json.JSONDecodeError as error:
            result["problems"].append(f"an incident did not come whole: {error}")
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # What is judged may be anything; the other runs are to be judged all the same.
            traceback.print_exc(file=sys.stdout)
            result["problems"].append(f"cannot be judged: {error!r}")
    if result["skipped"]:
        print(f"skipped: {result['skipped']}")
    for problem in result["problems"]:
        print(f"FAIL {problem}")
    return result


def compare_methods(kernel, scenario, name, results, output):
    """Of a scenario that several methods watched: each tells the same as the first of them. `results`: {method: result}, which get
    what was compared and what differs."""
    judged = [method for method, result in results.items() if not result["skipped"] and not result["problems"]]
    if len(judged) < 2 or scenario.panics:
        return
    directory = output / name
    first, *others = judged
    incidents = {method: read_incidents(directory / method / "incidents.jsonl") for method in judged}
    asleep = {member.pid for member in read_members(directory / "expected") if not member.eater}
    if (directory / "parent").exists():
        parent = int((directory / "parent").read_text())
        asleep |= {candidate["pid"] for incident in incidents[first] for candidate in incident["candidates"] if candidate["ppid"] == parent}
    swapping = SWAPPING_PAGES if int((directory / "swap_total_kb").read_text()) else 0
    victim = SPLIT_RSS_PAGES if kernel in SPLIT_RSS_KERNELS else 0
    for method in others:
        comparison = MethodComparison(asleep, swapping, victim)
        comparison.compare(incidents[first], incidents[method])
        results[method]["agreed"] = comparison.compared
        results[method]["problems"] += [f"told otherwise than by {first}: {problem}" for problem in comparison.problems]
        print(f"{name}: {comparison.compared} values of {method} compared with {first}, {len(comparison.problems)} differ")
        for problem in comparison.problems:
            print(f"FAIL {problem}")


def make(options, scenarios, needs, methods, names, output, ask):
    """Boots the guest and leaves in `output` what is to be judged. What went wrong, where that is not the fault of one run; None:
    nothing."""
    panics = scenarios[names[0]].panics
    if panics:
        output = output / f"{names[0]}-{methods[0]}"
    for name in names:  # what an earlier boot left must not pass for this one's
        shutil.rmtree(output / name, ignore_errors=True)
    for method in methods:
        shutil.rmtree(output / f"tracer-{names[0]}-{method}", ignore_errors=True)
    status = boot(options, needs, methods, names, output, ask)
    if panics and status == GUEST_PANICKED:
        collect_after_panic(output, output / names[0], methods[0])
        return None
    if options.oomtrace is not None:
        deal_out_incidents(output, methods, names)
    return f"the guest failed with status {status}" if status != 0 or panics else None


def judged_runs(options, scenarios, chosen, methods, output, verified):
    """{(scenario, method): result}, and what the verifier said: `verified`, or where that is None what the first guest tells."""
    results = {}
    for name in chosen:  # those that cannot be had, too
        for method in methods:
            if why_not(options.kernel, scenarios[name], method):
                results[name, method] = judge(options, scenarios[name], name, method, output)
    for needs, together, names in boots_of(options.kernel, scenarios, chosen, methods):
        problem = None
        if not options.no_boot:
            ask = options.oomtrace is not None and not verified and not scenarios[names[0]].panics
            problem = make(options, scenarios, needs, together, names, output, ask)
            if ask:
                verified = read_verified(output / "doctor.txt")
        of_boot = {
            (name, method): judge(options, scenarios[name], name, method, output) for name in names for method in together
        }
        for name in names if options.oomtrace else ():
            compare_methods(options.kernel, scenarios[name], name, {method: of_boot[name, method] for method in together}, output)
        # A guest fails when a run in it did: that one has a problem of its own.
        if problem and not any(result["problems"] for result in of_boot.values()):
            for result in of_boot.values():
                result["problems"] = [problem]
            print(f"FAIL {problem}")
        results |= of_boot
    return results, verified


def main(arguments):
    scenarios = load_scenarios()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oomtrace", type=pathlib.Path, help="the program; without it the kernel's reports alone are checked")
    parser.add_argument("--explain-with", type=pathlib.Path, help="an oomtrace for this host, where the other is for another one")
    parser.add_argument("--workload", type=pathlib.Path, required=True, help="the oom_workload program")
    parser.add_argument("--kernel", default="6.12", help="a kernel of kernels.txt")
    parser.add_argument("--method", action="append", choices=METHODS, help="repeatable; default: all")
    parser.add_argument("--scenario", action="append", choices=scenarios, help="repeatable; default: all")
    parser.add_argument("--output", type=pathlib.Path, help="keep what the guest left here")
    parser.add_argument("--timeout", type=int, default=600, help="seconds for one boot")
    parser.add_argument("--again", type=int, default=0, help="make scenarios that failed once more, so many times, and say so")
    parser.add_argument("--no-boot", action="store_true", help="judge again what an earlier run left in --output")
    parser.add_argument("--json", type=pathlib.Path, help="write the results of all runs here")
    options = parser.parse_args(arguments)

    methods = (options.method or METHODS) if options.oomtrace else ("none",)
    chosen = options.scenario or list(scenarios)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        output = options.output or pathlib.Path(temporary)
        results, verified = judged_runs(options, scenarios, chosen, methods, output, None)
        for _ in range(0 if options.no_boot else options.again):
            failed = [name for name in chosen if any(results[name, method]["problems"] for method in methods)]
            if not failed:
                break
            print(f"==== kernel {options.kernel}: {len(failed)} scenarios again ====")
            for name in failed:  # for whoever asks why
                for directory in {directory_of(output, scenarios[name], name, method) for method in methods}:
                    shutil.rmtree(f"{directory}.failed", ignore_errors=True)
                    if directory.exists():
                        directory.rename(f"{directory}.failed")
            again, verified = judged_runs(options, scenarios, failed, methods, output, verified)
            for run, result in again.items():
                before = results[run]["problems"] + results[run].get("failed_before", [])
                results[run] = result | {"failed_before": before}
    results = [results[name, method] for name in chosen for method in methods]
    of_programs = [
        f"{method}, {program}: the verifier processed {count:,} instructions, more than {MAX_VERIFIED_INSTRUCTIONS:,}"
        for method, programs in (verified or {}).items()
        for program, count in programs.items()
        if count > MAX_VERIFIED_INSTRUCTIONS
    ]
    if verified == {}:
        of_programs.append("the guest did not tell what the verifier processed")
    if options.kernel in KERNELS_WITHOUT_TRAMPOLINES and "fentry" in (verified or {}):
        of_programs.append("fentry programs are attached where there are no BPF trampolines")
    for problem in of_programs:
        print(f"FAIL {problem}")
    if options.json:
        seconds = round(time.monotonic() - begin)
        table = {"kernel": options.kernel, "seconds": seconds, "verified": verified or {}, "runs": results}
        options.json.write_text(json.dumps(table, indent=1) + "\n")
    failed = sum(bool(result["problems"]) for result in results)
    skipped = sum(bool(result["skipped"]) for result in results)
    passed = len(results) - failed - skipped
    print(f"{passed} of {len(results)} runs passed on kernel {options.kernel}, {failed} failed, {skipped} skipped")
    for result in results:
        for how, problems in (("failed", result["problems"]), ("passed only when made again", result.get("failed_before"))):
            if problems:
                print(f"{how}: {result['scenario']}, {result['method']}: {'; '.join(problems)[:300]}")
                break
    return 0 if failed == 0 and not of_programs else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
