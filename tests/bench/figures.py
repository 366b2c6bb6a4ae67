# SPDX-License-Identifier: Apache-2.0
"""What a benchmark measured: a table on stdout, a JSON file, and an exit status that says whether the bounds were kept."""

import dataclasses
import json
import os
import pathlib
import platform
import statistics

PASSED, FAILED, SKIPPED = 0, 1, 77


@dataclasses.dataclass(frozen=True)
class Figure:
    name: str
    unit: str
    samples: tuple
    bound: float | None  # the median may be this much, and no more
    note: str

    @property
    def median(self):
        return statistics.median(self.samples)

    @property
    def kept(self):
        return self.bound is None or self.median <= self.bound


class Figures:
    """Collects figures and problems. A problem (a lost candidate, a kill that never came) fails whatever the figures are."""

    def __init__(self, benchmark):
        self.benchmark = benchmark
        self.problems = []
        self._figures = []
        self._load_before = os.getloadavg()[0]

    def add(self, name, unit, samples, *, bound=None, note=""):
        if samples:
            self._figures.append(Figure(name, unit, tuple(samples), bound, note))
        else:
            self.problems.append(f"{name}: nothing was measured")

    def finish(self, json_path):
        """Prints, writes `json_path` (unless None) and returns the exit status."""
        print(self._table())
        for problem in self.problems:
            print(f"FAIL {problem}")
        missed = [figure for figure in self._figures if not figure.kept]
        for figure in missed:
            print(f"FAIL {figure.name}: {_number(figure.median)} {figure.unit}, the bound is {_number(figure.bound)}")
        if json_path:
            pathlib.Path(json_path).write_text(json.dumps(self._as_json(), indent=1) + "\n", encoding="utf-8")
        return FAILED if missed or self.problems or not self._figures else PASSED

    def _as_json(self):
        figures = [
            {**dataclasses.asdict(figure), "median": figure.median, "kept": figure.kept} for figure in self._figures
        ]
        return {"benchmark": self.benchmark, "machine": self._machine(), "figures": figures, "problems": self.problems}

    def _machine(self):
        return {
            "kernel": platform.release(),
            "arch": platform.machine(),
            "cpus": os.cpu_count(),
            "load_average_before": self._load_before,
            "load_average_after": os.getloadavg()[0],
        }

    def _table(self):
        rows = [("figure", "median", "min", "max", "samples", "bound", "unit", "")]
        for figure in self._figures:
            numbers = [_number(value) for value in (figure.median, min(figure.samples), max(figure.samples))]
            bound = "" if figure.bound is None else "<= " + _number(figure.bound)
            rows.append((figure.name, *numbers, str(len(figure.samples)), bound, figure.unit, figure.note))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        machine = self._machine()
        lines = [
            f"{self.benchmark}: kernel {machine['kernel']}, {machine['cpus']} CPUs,"
            f" load average {machine['load_average_before']:.1f} before, {machine['load_average_after']:.1f} after"
        ]
        for row in rows:
            cells = [cell.ljust(width) if at in (0, 6, 7) else cell.rjust(width) for at, (cell, width) in enumerate(zip(row, widths))]
            lines.append("  ".join(cells).rstrip())
        return "\n".join(lines)


def _number(value):
    if isinstance(value, int) or value == int(value):
        return f"{int(value)}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.4f}"
