#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the log tells agrees with a kept live record; with one thing in the record falsified it does not."""

import copy
import json
import lzma
import os
import pathlib
import re
import subprocess
import unittest

import live_comparison

REPORTS = pathlib.Path(__file__).resolve().parents[1] / "data" / "kernel_reports" / "vm"


def explain(name):
    command = [os.environ["OOMTRACE"], "explain", "--json", REPORTS / f"{name}.dmesg.txt.xz"]
    run = subprocess.run(command, capture_output=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def live_record(name):
    with lzma.open(REPORTS / f"{name}.incidents.jsonl.xz") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def compare(live, explained, **options):
    comparison = live_comparison.LiveComparison(**options)
    comparison.compare(live, explained)
    return comparison


class OfAGlobalOom(unittest.TestCase):
    """The log of one has every score, so that nothing of the verdict on the victim may differ."""

    @classmethod
    def setUpClass(cls):
        cls.live = live_record("6.1-global-kprobe")
        cls.explained = explain("6.1-global-kprobe")

    def test_agrees(self):
        comparison = compare(self.live, self.explained)
        self.assertEqual(comparison.problems, [])
        self.assertGreater(comparison.compared, 200)
        self.assertEqual(set(comparison.expected), {live_comparison.NOT_PRINTED, live_comparison.UNKILLABLE})

    def test_counters_that_a_dying_thread_hands_over(self):
        victim = self.live[0]["victim"]
        chosen = next(one for one in self.live[0]["candidates"] if one["pid"] == victim["pid"])
        before = victim["points"]
        self.addCleanup(lambda: (victim.update(points=before), chosen.update(points=before)))
        for more, fits in (100, True), (101, False):
            victim["points"] = chosen["points"] = before + more
            comparison = compare(self.live, self.explained, victim_tolerance_pages=100)
            self.assertEqual(not comparison.problems, fits, comparison.problems)
            self.assertEqual(live_comparison.HELD_BACK in comparison.expected, fits)

    def test_each_thing_falsified(self):
        def now(record):
            return record["verdict"]["now"]

        def why(record):
            return record["verdict"]["victim"]

        def candidate(record):
            return next(one for one in record["candidates"] if one["eligible"] and not one["chosen"])

        changes = {
            "outcome": lambda r: r.update(outcome="panic"),
            "victim": lambda r: r["victim"].update(pid=1),
            "victim name": lambda r: r["victim"].update(comm="other"),
            "victim points": lambda r: r["victim"].update(points=r["victim"]["points"] + 1),
            "kills": lambda r: r["kills"].clear(),
            "trigger": lambda r: r["trigger"].update(pid=1),
            "candidate points": lambda r: candidate(r).update(points=candidate(r)["points"] - 1),
            "candidate name": lambda r: candidate(r).update(comm="other"),
            "candidate gone": lambda r: r["candidates"].remove(candidate(r)),
            "candidate more": lambda r: r["candidates"].append(dict(candidate(r), pid=1 << 21)),
            "candidate unkillable": lambda r: candidate(r).update(eligible=False, skip_reason="init"),
            "summary": lambda r: r["verdict"].update(summary="Something else."),
            "shortage": lambda r: now(r).update(shortage="none_when_read"),
            "swap": lambda r: now(r).update(swap="full"),
            "zone gone": lambda r: now(r)["zones"].pop(),
            "zone's reason": lambda r: now(r)["zones"][0].update(reason="enough"),
            "zone far away": lambda r: now(r)["zones"][0].update(free_bytes=1 << 30),
            "zone elsewhere": lambda r: now(r).update(free_on_other_nodes_bytes=4096),
            "held": lambda r: now(r)["held"].append({"holder": "hugetlb", "bytes": 1 << 30}),
            "held of": lambda r: now(r).update(held_of_bytes=1),
            "weighed": lambda r: why(r).update(weighed=2),
            "reasons": lambda r: why(r).update(reasons=["only_eligible"]),
            "margin": lambda r: why(r).update(margin_points=1),
            "ranking": lambda r: why(r)["ranking"].reverse(),
            "sentence": lambda r: r["verdict"].update(why_victim="Something else."),
            "counterfactuals": lambda r: r["verdict"]["counterfactuals"].pop(),
            "disagreements": lambda r: r["verdict"]["disagreements"].append({}),
        }
        for name, change in changes.items():
            with self.subTest(name):
                live = copy.deepcopy(self.live)
                change(live[0])
                self.assertNotEqual(compare(live, self.explained).problems, [])

    def test_the_size_of_the_victim_in_the_summary(self):
        live = copy.deepcopy(self.live)
        size = re.search(r"\([0-9.]+ MiB\)", live[0]["verdict"]["summary"])[0]
        victim = live[0]["victim"]
        chosen = next(one for one in live[0]["candidates"] if one["pid"] == victim["pid"])
        original = live[0]["verdict"]["summary"]
        points = victim["points"]
        for summary, more, fits in (
            (original.replace(size, "(1.0 MiB)"), 100, True),
            (original.replace(size, "(1.0 MiB)"), 0, False),
            (original.replace(f" {size}", ""), 100, True),
            (original.replace(victim["comm"], "other"), 100, False),
        ):
            live[0]["verdict"]["summary"] = summary
            victim["points"] = chosen["points"] = points + more
            comparison = compare(live, self.explained, victim_tolerance_pages=100)
            self.assertEqual(not comparison.problems, fits, comparison.problems)

    def test_what_follows_from_a_usage_that_moved(self):
        live, explained = live_record("7.3.4-memcg-fentry"), explain("7.3.4-memcg-fentry")
        now = live[0]["verdict"]["now"]
        usage = now["limit"]["usage_bytes"]
        for moved_by, fits in (4096, True), (1 << 30, False), (0, False):
            now["limit"]["usage_bytes"] = usage + moved_by
            now["not_in_processes_bytes"] = 1 << 20
            comparison = compare(live, explained)
            self.assertEqual(not comparison.problems, fits, comparison.problems)

    def test_what_a_dying_process_gave_back(self):
        live, explained = live_record("7.3.4-memcg-fentry"), explain("7.3.4-memcg-fentry")
        pages = live_comparison.MOVED_PAGES + 100
        live[0]["verdict"]["now"]["limit"]["usage_bytes"] = (
            explained[0]["verdict"]["now"]["limit"]["usage_bytes"] + pages * live_comparison.PAGE
        )
        for released, fits in (100, True), (99, False):
            comparison = compare(live, explained, released_pages=released)
            self.assertEqual(not comparison.problems, fits, comparison.problems)

    def test_a_process_that_exited_before_the_table_was_printed(self):
        live, explained = live_record("7.3.4-memcg-fentry"), explain("7.3.4-memcg-fentry")
        live[0]["verdict"]["now"]["not_in_processes_bytes"] = 1 << 20
        candidates = live[0]["candidates"]
        gone = candidates[0] | {"pid": 1 << 20, "eligible": False, "skip_reason": "oom_skip"}
        for rss, why, fits in ((1 << 20, "oom_skip", True), (None, "mmf_oom_skip", True), (None, "no_mm", False)):
            live[0]["candidates"] = [*candidates, gone | {"rss_bytes": rss, "skip_reason": why}]
            comparison = compare(live, explained)
            self.assertEqual(not comparison.problems, fits, comparison.problems)

    def test_pages_that_went_out_to_swap_in_between(self):
        live = copy.deepcopy(self.live)
        points = live[0]["verdict"]["victim"]["points"]
        verdict = live[0]["verdict"]
        said = verdict["why_victim"]
        self.assertIn(" MiB", said)
        for swapped, swapping, fits in ((1, 1, True), (2, 1, False)):
            points.update(rss_pages=points["rss_pages"] + swapped, swap_pages=points["swap_pages"] - swapped)
            verdict["why_victim"] = re.sub("[0-9.]+ MiB", "0.25 MiB", said, count=1)
            self.assertEqual(not compare(live, self.explained, swapping_pages=swapping).problems, fits)

    def test_a_report_without_a_record(self):
        self.assertIn("has no live record", compare(self.live[:1], self.explained).problems[0])


class WhatALogCannotKnow(unittest.TestCase):
    def expected(self, name):
        comparison = compare(live_record(name), explain(name))
        self.assertEqual(comparison.problems, [])
        return comparison.expected

    def test_swap_of_the_host_in_the_report_of_a_cgroup(self):
        expected = self.expected("6.12-swap_memcg-fentry")
        self.assertIn("victim.points", expected[live_comparison.NO_SWAP_TOTAL])

    def test_nodes_that_were_not_allowed(self):
        expected = self.expected("6.12-numa_cpuset-fentry")
        self.assertIn("now.free_on_other_nodes_bytes", expected[live_comparison.OTHER_NODES])
        # The kernel's totals are of all nodes: the explanation must not take them for those of the allowed ones.
        self.assertIn("now.held.slab_unreclaimable", expected[live_comparison.NOT_PER_NODE])

    def test_reports_of_which_the_rate_limit_left_one_line(self):
        self.assertIn("trigger.pid", self.expected("6.12-burst-fentry")[live_comparison.ONLY_THE_KILL])

    def test_a_table_of_tasks_that_nobody_weighed(self):
        for name in ("6.12-allocating_task-fentry", "5.10-panic-kprobe"):
            with self.subTest(name):
                self.assertIn("candidates", self.expected(name)[live_comparison.NOBODY_WEIGHED])

    def test_kills_that_are_not_printed(self):
        self.assertIn("kills that share the memory", self.expected("6.12-shared_mm-fentry")[live_comparison.SHARERS_NOT_PRINTED])

    def test_no_table(self):
        self.assertIn("victim.ranking", self.expected("6.12-no_dump_tasks-fentry")[live_comparison.NO_TABLE])

    def test_what_cgroup_v1_counts_as_a_whole(self):
        self.assertIn("now.held.kernel", self.expected("5.10-memcg_v1-kprobe")[live_comparison.NO_MEMORY_STAT])
        live, explained = live_record("5.10-memcg_v1-kprobe"), explain("5.10-memcg_v1-kprobe")
        live[0]["verdict"]["now"]["held"][0]["holder"] = "sockets"
        self.assertNotEqual(compare(live, explained).problems, [])

    def test_the_process_of_a_thread(self):
        self.assertIn("summary's trigger", self.expected("7.3.4-memcg-fentry")[live_comparison.THREAD_ASKS])


if __name__ == "__main__":
    unittest.main()
