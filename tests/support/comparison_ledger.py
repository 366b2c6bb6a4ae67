# SPDX-License-Identifier: Apache-2.0
"""The books of a comparison between oomtrace and the kernel's report: what was compared, what moved, what was not to be had."""

import collections
import dataclasses


@dataclasses.dataclass
class Mismatch:
    where: str
    field: str
    incident: object
    log: object

    def __str__(self):
        return f"{self.where}{self.field}: oomtrace has {self.incident!r}, the kernel's report {self.log!r}"


def _by_group(fields):
    return collections.Counter(field.partition(".")[0] for field in fields)


class Ledger:
    """Fields are named "group.rest"; the table has a row per group."""

    def __init__(self):
        self.compared = collections.Counter()
        self.moved = {}  # field -> (difference, unit), the largest seen
        self.not_offered = collections.defaultdict(set)  # why -> fields
        self.mismatches = []
        self.where = ""  # names the incident in mismatches

    def check(self, field, incident, log, *, tolerance=0, unit="", absent=None):
        """Compares one value with the log's; a log value of None is not in the report and is not compared.

        `absent` says why the incident may have None here; without it a None is a mismatch: it has to say what it does not know.
        """
        if log is None:
            return
        if incident is None and absent is not None:
            self.not_offered[absent].add(field)
            return
        group = field.partition(".")[0]
        self.compared[group] += 1
        if incident == log:
            return
        if tolerance and isinstance(incident, int) and isinstance(log, int) and abs(incident - log) <= tolerance:
            difference = incident - log
            if abs(difference) >= abs(self.moved.get(field, (0, unit))[0]):
                self.moved[field] = (difference, unit)
            return
        self.mismatches.append(Mismatch(self.where, field, incident, log))

    def fail(self, field, incident, log):
        """A difference of another kind than that of two values: something is there on one side only."""
        self.compared[field.partition(".")[0]] += 1
        self.mismatches.append(Mismatch(self.where, field, incident, log))

    def total_compared(self):
        return sum(self.compared.values())

    def table(self):
        """The whole of it as text."""
        columns = {
            "compared": self.compared,
            "moved": _by_group(self.moved),
            "not offered": _by_group(field for fields in self.not_offered.values() for field in fields),
            "mismatched": _by_group(mismatch.field for mismatch in self.mismatches),
        }
        lines = ["".join(f"{title:>12}" for title in ("group", *columns))]
        for group in sorted(set(self.compared) | set(columns["not offered"])):
            lines.append("".join(f"{cell:>12}" for cell in (group, *(count[group] for count in columns.values()))))
        lines.append("".join(f"{cell:>12}" for cell in ("all", *(count.total() for count in columns.values()))))
        for field, (difference, unit) in sorted(self.moved.items()):
            lines.append(f"moved: {field} by {difference:+d} {unit}".rstrip())
        for why, fields in sorted(self.not_offered.items()):
            lines.append(f"not offered ({why}): {', '.join(sorted(fields))}")
        lines.extend(f"MISMATCH {mismatch}" for mismatch in self.mismatches)
        return "\n".join(lines)
