#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What retry_trace.py reads and notices, on a trace of Linux 7.3."""

import copy
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import retry_trace  # noqa: E402
from setup_checks import SetupChecks  # noqa: E402

TRACE = """\
# tracer: nop
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
      fragmenter-119     [000] .....    16.552174: reclaim_retry_zone: node=0 zone=DMA32    order=2 reclaimable=122 available=32869 min_wmark=624 no_progress_loops=0 wmark_check=0
      fragmenter-119     [000] .....    16.552214: compact_retry: order=2 priority=COMPACT_PRIO_SYNC_LIGHT compaction_result=withdrawn retries=0 max_retries=16 should_retry=1
      fragmenter-119     [000] .....    16.641000: sys_fcntl(fd: 0xfed, cmd: 0x407, arg: 0x100000)
      fragmenter-119     [000] .....    16.641080: reclaim_retry_zone: node=0 zone=DMA32    order=2 reclaimable=11630 available=36387 min_wmark=624 no_progress_loops=0 wmark_check=0
      fragmenter-119     [000] .....    16.641100: reclaim_retry_zone: node=0 zone=DMA      order=2 reclaimable=0 available=448 min_wmark=23 no_progress_loops=0 wmark_check=0
   sacrifice (1)-7       [001] .....    16.641101: reclaim_retry_zone: node=0 zone=DMA      order=0 reclaimable=0 available=1 min_wmark=23 no_progress_loops=3 wmark_check=0
      fragmenter-119     [000] .....    16.644000: compact_retry: order=2 priority=COMPACT_PRIO_SYNC_LIGHT compaction_result=withdrawn retries=0 max_retries=16 should_retry=1
      fragmenter-119     [001] .....    16.649600: reclaim_retry_zone: node=0 zone=DMA32    order=2 reclaimable=11600 available=36380 min_wmark=624 no_progress_loops=0 wmark_check=0
      fragmenter-119     [001] .....    16.649705: reclaim_retry_zone: node=0 zone=DMA      order=2 reclaimable=0 available=448 min_wmark=23 no_progress_loops=0 wmark_check=0
      fragmenter-119     [001] .....    16.649751: compact_retry: order=2 priority=COMPACT_PRIO_SYNC_FULL compaction_result=failed retries=0 max_retries=16 should_retry=0
      fragmenter-119     [001] .....    16.700000: reclaim_retry_zone: node=0 zone=DMA32    order=2 reclaimable=9 available=9 min_wmark=624 no_progress_loops=1 wmark_check=0
"""


def zone(name, index, reclaimable, available, min_wmark):
    pages = {"reclaimable_bytes": reclaimable, "available_bytes": available, "min_wmark_bytes": min_wmark}
    return {"node": 0, "index": index, "name": name, "wmark_check": False} | {key: count * 4096 for key, count in pages.items()}


INCIDENT = {
    "scope": "global",
    "monotonic_ns": 16_650_458_857,
    "trigger": {"pid": 119},
    "before": {
        "reclaim": {
            "rounds": 2,
            "duration_ns": 9_378_000,
            "order": 2,
            "no_progress_loops": 0,
            "zones": [zone("DMA32", 1, 11600, 36380, 624), zone("DMA", 0, 0, 448, 23)],
            "zones_left_out": 0,
        },
        "compaction": {
            "checks": 2,
            "duration_ns": 6_458_000,
            "order": 2,
            "priority": "sync_full",
            "result": "complete",
            "retries": 0,
            "max_retries": 16,
            "again": False,
        },
    },
}


class RetryTrace(unittest.TestCase):
    def problems(self, *changes, trace=TRACE):
        """With INCIDENT changed: (part of before, key, value)."""
        incident = copy.deepcopy(INCIDENT)
        for part, key, value in changes:
            incident["before"][part][key] = value
        checks = SetupChecks()
        retry_trace.check_against_trace(checks, incident, retry_trace.read_trace(trace))
        self.assertGreater(checks.checked, 5)
        return checks.problems

    def test_the_same(self):
        self.assertEqual(self.problems(), [])

    def test_a_round_that_was_missed_or_is_of_another_request(self):
        self.assertIn("rounds of reclaim in the trace", self.problems(("reclaim", "rounds", 1))[0])
        self.assertIn("rounds of reclaim in the trace", self.problems(("reclaim", "rounds", 3))[0])

    def test_a_compaction_that_was_missed(self):
        self.assertIn("compactions in the trace", self.problems(("compaction", "checks", 0))[0])

    def test_each_value(self):
        for part, values in INCIDENT["before"].items():
            for key, value in values.items():
                if key in ("zones", "zones_left_out"):
                    continue
                wrong = {"priority": "async", "result": "skipped"}.get(key, not value if isinstance(value, bool) else value or 1)
                if isinstance(wrong, int) and not isinstance(wrong, bool):
                    wrong += 100_000_000
                self.assertEqual(len(self.problems((part, key, wrong))), 1, key)

    def test_a_zone_of_the_last_round(self):
        for key in ("name", "reclaimable_bytes", "available_bytes", "min_wmark_bytes", "wmark_check"):
            zones = copy.deepcopy(INCIDENT["before"]["reclaim"]["zones"])
            zones[0][key] = "Normal" if key == "name" else not zones[0][key]
            self.assertEqual(len(self.problems(("reclaim", "zones", zones))), 1, key)
        self.assertEqual(len(self.problems(("reclaim", "zones", INCIDENT["before"]["reclaim"]["zones"][:1]))), 1)

    def test_without_the_system_calls_the_last_round_alone_is_compared(self):
        trace = "".join(line for line in TRACE.splitlines(keepends=True) if "sys_fcntl" not in line)
        self.assertEqual(self.problems(("reclaim", "rounds", 3), trace=trace), [])

    def test_a_line_that_cannot_be_read(self):
        with self.assertRaises(ValueError):
            retry_trace.read_trace(TRACE + "CPU:0 [LOST 3 EVENTS]\n")


if __name__ == "__main__":
    unittest.main()
