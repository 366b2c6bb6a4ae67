#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What kernel_trace.py reads and notices, on traces of Linux 7.3 and, of the kills, 6.1."""

import copy
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import kernel_trace  # noqa: E402
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

KILL_TRACE = """\
    innocent (1)-526     [001] .....    55.914217: oom_score_adj_update: pid=526 comm=innocent (1) oom_score_adj=800
           eater-530     [001] d....    59.008082: signal_generate: sig=9 errno=0 code=128 comm=innocent (1) pid=526 grp=1 res=0
           eater-530     [001] .....    59.019408: mark_victim: pid=526 comm=innocent (1) total-vm=93200kB anon-rss=92208kB file-rss:656kB shmem-rss:0kB uid=1001 pgtables=216kB oom_score_adj=800
           eater-530     [001] ..s..    61.056747: wake_reaper: pid=526
      oom_reaper-32      [001] .....    61.057545: start_task_reaping: pid=526
      oom_reaper-32      [001] .N...    62.196700: finish_task_reaping: pid=526
    innocent (1)-526     [000] .....    62.203301: sched_process_exit: comm=innocent (1) pid=526 prio=120
"""
KILL = {
    "pid": 526,
    "comm": "innocent (1)",
    "threads": 1,
    "signalled": True,
    "marked": True,
    "signalled_ns": 59_008_070_000,
    "marked_ns": 59_019_400_000,
    "exited_ns": 62_203_310_000,
    "released_ns": 63_000_000_000,
    "reaper": {"woken_ns": 61_056_750_000, "started_ns": 61_057_550_000, "finished_ns": 62_196_710_000, "skipped_ns": None},
}


class KillTrace(unittest.TestCase):
    def problems(self, *kills, trace=KILL_TRACE):
        checks = SetupChecks()
        kernel_trace.check_kills_against_trace(checks, [{"kills": list(kills)}], kernel_trace.read_trace(trace))
        return checks.problems

    def test_the_same(self):
        self.assertEqual(self.problems(KILL), [])

    def test_a_kill_that_is_not_told_or_was_none(self):
        self.assertIn("victims that were marked", self.problems()[0])
        self.assertIn("victims that were marked", self.problems(KILL, trace="")[0])

    def test_each_step(self):
        for key in ("signalled_ns", "marked_ns", "exited_ns"):
            for wrong in (None, KILL[key] + 1_000_000_000):
                self.assertEqual(len(self.problems(KILL | {key: wrong})), 1, key)
        for step, time_ns in KILL["reaper"].items():
            for wrong in (None, 1) if time_ns else (1,):
                self.assertEqual(len(self.problems(KILL | {"reaper": KILL["reaper"] | {step: wrong}})), 1, step)

    def test_what_comes_after_the_memory_is_not_waited_for(self):
        early = KILL | {"released_ns": 61_300_000_000, "exited_ns": None, "reaper": dict.fromkeys(KILL["reaper"])}
        self.assertEqual(self.problems(early), [])


class RetryTrace(unittest.TestCase):
    def problems(self, *changes, trace=TRACE):
        """With INCIDENT changed: (part of before, key, value)."""
        incident = copy.deepcopy(INCIDENT)
        for part, key, value in changes:
            incident["before"][part][key] = value
        checks = SetupChecks()
        kernel_trace.check_before_against_trace(checks, incident, kernel_trace.read_trace(trace))
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
                    wrong += 1_000_000_000
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
            kernel_trace.read_trace(TRACE + "CPU:0 [LOST 3 EVENTS]\n")


if __name__ == "__main__":
    unittest.main()
