#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That two tracers of the same OOMs are only said to agree when they do: the incidents of a real run, and one thing in them falsified."""

import copy
import json
import pathlib
import unittest

from method_comparison import MethodComparison
from setup_checks import read_members

KEPT = pathlib.Path(__file__).resolve().parent.parent / "data" / "vm_run" / "memcg"  # of kernel 7.3.4
ASLEEP = {member.pid for member in read_members(KEPT / "expected") if not member.eater}
PAGE = 4096


def candidate_of(incident, name):
    return next(candidate for candidate in incident["candidates"] if candidate["comm"] == name)


class Compared(unittest.TestCase):
    def setUp(self):
        self.one = [json.loads(line) for line in (KEPT / "fentry" / "incidents.jsonl").read_text().splitlines()]
        self.other = copy.deepcopy(self.one)

    def problems(self, swapping_pages=0, victim_pages=0):
        comparison = MethodComparison(ASLEEP, swapping_pages, victim_pages)
        comparison.compare(self.one, self.other)
        self.assertGreater(comparison.compared, 0)
        return comparison.problems

    def test_the_same_twice(self):
        self.assertEqual(self.problems(), [])

    def test_one_value(self):
        def more(place, key, amount=1):
            place[key] += amount

        changes = {
            "constraint": lambda i: i.update(constraint="none"),
            "victim.uid": lambda i: more(i["victim"], "uid"),
            "kills": lambda i: i["kills"][0].update(why="oom_group"),
            "released_ns": lambda i: more(i["kills"][0], "released_ns", 3_000_000_000),
            "limit": lambda i: more(fired["memory"], "max_bytes", PAGE),
            "candidates that could be killed": lambda i: candidate_of(i, "plain").update(eligible=False),
            "rss_file_bytes": lambda i: more(candidate_of(i, "plain"), "rss_file_bytes", PAGE),
            "points": lambda i: more(candidate_of(i, "plain"), "points"),
            "zone 0 DMA.managed_bytes": lambda i: more(first_zone, "managed_bytes", PAGE),
            "zone 0 DMA.min_bytes without boost": lambda i: more(first_zone, "min_bytes", PAGE),
        }
        for field, change in changes.items():
            with self.subTest(field):
                kept = copy.deepcopy(self.other[0])
                first_zone = self.other[0]["nodes"][0]["zones"][0]
                fired = next(level for level in self.other[0]["memcg"]["levels"] if level["fired"])
                change(self.other[0])
                self.assertIn(field, " ".join(self.problems()))
                self.other[0] = kept

    def test_what_moves_or_is_not_offered(self):
        incident = self.other[0]
        candidate_of(incident, "eater")["rss_anon_bytes"] += PAGE
        candidate_of(incident, "plain")["memcg"] = None
        incident["total_pages"] = None
        zone = incident["nodes"][0]["zones"][0]
        zone["min_bytes"] += PAGE
        zone["low_bytes"] += PAGE
        zone["high_bytes"] += PAGE
        zone["boost_bytes"] += PAGE
        self.assertEqual(self.problems(), [])

    def test_pages_that_went_out_to_swap(self):
        plain = candidate_of(self.other[0], "plain")
        plain["rss_anon_bytes"] -= 3 * PAGE
        plain["swap_bytes"] += 3 * PAGE
        self.assertEqual(self.problems(swapping_pages=8), [])
        plain["swap_bytes"] += 9 * PAGE
        self.assertEqual(len(self.problems(swapping_pages=8)), 1)
        plain.update(dict.fromkeys(("rss_anon_bytes", "rss_file_bytes", "rss_shmem_bytes", "swap_bytes")))
        self.assertEqual(self.problems(swapping_pages=8), [])

    def test_a_victim_that_hands_over_what_its_threads_kept(self):
        victim, kill = self.other[0]["victim"], self.other[0]["kills"][0]
        candidate = next(candidate for candidate in self.other[0]["candidates"] if candidate["pid"] == victim["pid"])
        self.assertEqual((kill["pid"], victim["pid"] in ASLEEP), (victim["pid"], True))
        candidate["rss_anon_bytes"] += 2 * PAGE
        candidate["points"] += 2
        self.assertEqual(len(self.problems()), 2)
        self.assertEqual(self.problems(victim_pages=2), [])
        self.assertEqual(len(self.problems(victim_pages=1)), 2)
        candidate_of(self.other[0], "plain")["rss_anon_bytes"] += PAGE
        self.assertEqual(len(self.problems(victim_pages=2)), 1)

    def test_a_victim_of_before_that_one_still_saw(self):
        victim = candidate_of(self.one[0], self.one[0]["victim"]["comm"])
        self.other[1]["candidates"].append(dict(victim, pid=self.one[0]["kills"][0]["pid"], eligible=True))
        self.assertEqual(self.problems(), [])
        self.other[1]["candidates"].append(dict(victim, pid=99_999, eligible=True))
        self.assertEqual(len(self.problems()), 1)

    def test_an_incident_that_one_has_not(self):
        self.other.pop(0)
        self.assertEqual(len(self.problems()), 1)
        self.assertIn("incidents: ", self.problems()[0])


if __name__ == "__main__":
    unittest.main()
