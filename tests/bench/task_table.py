# SPDX-License-Identifier: Apache-2.0
"""What the kernel's own table of tasks ("Tasks state (memory values in pages)") cost, from the times of its lines."""

import dataclasses
import re

# "[   4711]     0  4711 ...": the row of dump_task() in mm/oom_kill.c.
_ROW = re.compile(r"\[ *\d+\] +\d+ +\d+ +\d+ +\d+ ")


@dataclasses.dataclass(frozen=True)
class TableCost:
    rows: int
    ns_per_row: float


def cost_of_rows(times_ns):
    """From the times of the rows that are still in the log: the first row pays for none but itself. None: too few."""
    if len(times_ns) < 2:
        return None
    return TableCost(len(times_ns), (times_ns[-1] - times_ns[0]) / (len(times_ns) - 1))


def row_times_of_kmsg(text):
    """Records of /dev/kmsg ("6,1234,5678901234,-;text"), times in microseconds."""
    times = []
    for line in text.splitlines():
        head, _, message = line.partition(";")
        if _ROW.match(message):
            times.append(int(head.split(",")[2]) * 1000)
    return times


def row_times_of_dmesg(text):
    """Lines of dmesg ("[  123.456789] text")."""
    times = []
    for line in text.splitlines():
        stamped = re.match(r"(?:<\d+>)?\[ *(\d+)\.(\d{6})\] (.*)", line)
        if stamped and _ROW.match(stamped[3]):
            times.append((int(stamped[1]) * 1_000_000 + int(stamped[2])) * 1000)
    return times
