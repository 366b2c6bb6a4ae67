#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""summarize_tests.py DIRECTORY: the end of scripts/test.sh.

Reads what that script left there (`steps`: name, exit status, seconds; ctest's JUnit files) and prints passed, failed and
skipped, with the reason of each skip. A test that is a whole program of GoogleTest counts as the cases that its output tells
of. Exit status 1 when anything failed, or when nothing was tested.
"""
import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree


def skip_reason(output: str) -> str:
    # GoogleTest: "<file>:<line>: Skipped", the reason, "[  SKIPPED ] name". Other programs: lines that begin with SKIP or skipped.
    told = re.search(r": Skipped\n(.*?)\n*\[  SKIPPED \]", output, re.DOTALL)
    if told and told.group(1).strip():
        return " ".join(told.group(1).split())
    if told := re.findall(r"^\s*(?:SKIP(?:PED)?|skipped)\b[:\s]*(.+)$", output, re.MULTILINE):
        return "; ".join(reason.strip() for reason in told)
    return "gave no reason"


VM_RUNS = r"^(?:failed|passed only when made again): .*"
PROGRAM = r"^\[==========\] Running (\d+) tests? from"


class Results:
    def __init__(self) -> None:
        self.passed = 0
        self.failed: list[str] = []
        self.skipped: dict[str, list[str]] = collections.defaultdict(list)
        self.told: list[str] = []  # of VM tests: which runs of them failed, for good or only at first

    def add(self, preset: str, case: ElementTree.Element) -> None:
        name = f"{preset}: {case.get('name')}"
        output = case.findtext("system-out") or ""
        skipped = case.find("skipped")
        self.told += [f"{name}: {line}" for line in re.findall(VM_RUNS, output, re.MULTILINE)]
        # The name of a single case is Suite.Case.
        if "." not in (case.get("name") or "") and re.search(PROGRAM, output, re.MULTILINE):
            self.add_program(name, case.get("status") == "run" or skipped is not None, output)
        elif case.get("status") == "run":
            self.passed += 1
        elif skipped is not None and (skipped.get("message") or "").startswith("SKIP_"):
            self.skipped[skip_reason(output)].append(name)
        elif case.get("status") == "disabled":
            self.skipped["disabled"].append(name)
        else:
            self.failed.append(name)

    def add_program(self, name: str, ended_well: bool, output: str) -> None:
        """A whole program of GoogleTest. A case that began and did not end, and a case that never began, have failed."""
        announced = int(re.search(PROGRAM, output, re.MULTILINE).group(1))
        failed_before = len(self.failed)
        parts = re.split(r"^\[ RUN      \] (\S+)\n", output, flags=re.MULTILINE)[1:]
        for case, told in zip(parts[::2], parts[1::2]):
            end = re.search(rf"^.*\[(       OK |  SKIPPED |  FAILED  )\] {re.escape(case)}(?=[ ,\n])", told, re.MULTILINE)
            if end is None or end.group(1) == "  FAILED  ":
                self.failed.append(f"{name}: {case}")
            elif end.group(1) == "  SKIPPED ":
                self.skipped[skip_reason(told[: end.end()])].append(f"{name}: {case}")
            else:
                self.passed += 1
        begun = len(parts) // 2
        if begun != announced or announced == 0:
            self.failed.append(f"{name}: {announced - begun} of {announced} cases did not run")
        elif not ended_well and len(self.failed) == failed_before:
            self.failed.append(f"{name}: after its last case")


def main() -> int:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    directory = pathlib.Path(sys.argv[1])
    failed_steps = []
    total_seconds = 0
    for line in (directory / "steps").read_text().splitlines():
        name, code, seconds = line.split()
        total_seconds += int(seconds)
        print(f"{name:<16} {'ok' if code == '0' else 'FAILED':<7} {int(seconds):>5} s")
        if code != "0":
            failed_steps.append(name)

    results = Results()
    for file in sorted(directory.glob("*.xml")):
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            results.add(file.stem, case)

    skipped = sum(map(len, results.skipped.values()))
    for reason, names in sorted(results.skipped.items()):
        print(f"skipped ({len(names)}): {reason}")
        for name in names:
            print(f"    {name}")
    for line in results.told:
        print(line)
    for name in results.failed:
        print(f"FAILED  {name}")
    for name in failed_steps:
        print(f"FAILED  step {name}: {directory / name}.log")
    print(f"{results.passed} passed, {len(results.failed)} failed, {skipped} skipped in {total_seconds} s")
    return 1 if results.failed or failed_steps or results.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
