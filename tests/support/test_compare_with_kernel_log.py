# SPDX-License-Identifier: Apache-2.0
"""The comparison must see every difference: incidents that agree with stored reports are broken one value at a time."""

import contextlib
import copy
import io
import json
import pathlib
import tempfile
import unittest

import compare_with_kernel_log
import kernel_report
from compare_with_kernel_log import compare
from incident_comparison import CONSTRAINTS, NODE_STATS, ZONE_STATS, Options, kernel_bytes

DATA = pathlib.Path(__file__).parent.parent / "data" / "kernel_reports"
PAGE = 4096
UNLIMITED = 9007199254740988 * 1024
GROUPS = (
    "outcome trigger allocation constraint memcg nodes swap sysctls candidates points victim kills after host".split()
)


def reports_of(name):
    return kernel_report.parse_reports((DATA / name).read_text(errors="surrogateescape"))


def counter_like(log):
    unlimited = log.limit_bytes == UNLIMITED
    limit = None if unlimited else log.limit_bytes
    return {"usage_bytes": log.usage_bytes, "max_bytes": limit, "max_unlimited": unlimited, "failcnt": log.failcnt}


def points_of(task, total_pages):
    if task.oom_score_adj == -1000:
        return None
    own = task.rss_pages + task.swap_pages + task.pgtables_bytes // PAGE
    return own + task.oom_score_adj * (total_pages // 1000)


def candidate_like(task, report, total_pages):
    points = points_of(task, total_pages)
    return {
        "pid": task.pid,
        "tgid": task.tgid,
        "uid": task.uid,
        "comm": task.name,
        "oom_score_adj": task.oom_score_adj,
        "total_vm_bytes": task.total_vm_pages * PAGE,
        "rss_anon_bytes": task.rss_anon_pages * PAGE,
        "rss_file_bytes": task.rss_file_pages * PAGE,
        "rss_shmem_bytes": task.rss_shmem_pages * PAGE,
        "swap_bytes": task.swap_pages * PAGE,
        "pgtables_bytes": task.pgtables_bytes,
        "points": points,
        "eligible": points is not None,
        "skip_reason": "none" if points is not None else "oom_score_adj_min",
        "chosen": task.pid == report.summary.pid,
    }


def process_like(kill):
    sizes = ("total_vm", "rss_anon", "rss_file", "rss_shmem", "pgtables")
    process = {f"{size}_bytes": getattr(kill, f"{size}_bytes") for size in sizes}
    return {"pid": kill.pid, "comm": kill.name, "uid": kill.uid, "oom_score_adj": kill.oom_score_adj, **process}


def zone_like(zone):
    exact = ("free", "min", "low", "high", "boost", "present", "managed", "reserved_highatomic", "free_pcp", "free_cma")
    return {
        "name": zone.name,
        **{f"{key}_bytes": zone.counters[key] for key in exact},
        "free_highatomic_bytes": zone.counters.get("free_highatomic"),
        "lowmem_reserve_bytes": [pages * PAGE for pages in zone.lowmem_reserve_pages],
        "stat_bytes": {own: zone.counters.get(key) for key, own in ZONE_STATS.items()},
        "free_blocks": [vars(block).copy() for block in zone.free_blocks],
    }


def node_like(number, report):
    stats = {own: report.nodes[number].get(key) for key, own in NODE_STATS.items()}
    for key in ("slab_reclaimable", "slab_unreclaimable", "kernel_misc_reclaimable"):
        stats[key] = report.totals_pages[key] * PAGE
    stats["file_pages"] = report.page_counts["pagecache pages"] * PAGE
    return {
        "node": number,
        "kswapd_failures": 16 if report.all_unreclaimable[number] else 0,
        "stat_bytes": stats,
        "zones": [zone_like(zone) for zone in report.zones if zone.node == number],
    }


def incident_like(report):
    """The incident of a tracer that saw just what the report says (with the newer Tasks table)."""
    summary = report.summary
    memory = report.memcg.get("memory")
    total_pages = report.total_ram_pages() if memory is None else memory.limit_bytes // PAGE
    levels = []
    if memory is not None:
        swap = counter_like(report.memcg["swap"])
        own = {"memory": counter_like(memory), "swap": swap, "memory_and_swap": None, "kmem": None}
        paths = sorted({summary.oom_memcg, summary.task_memcg}, reverse=True)
        levels = [
            {**own, "path": path, "fired": path == summary.oom_memcg, "victim_lives_here": path == summary.task_memcg}
            for path in paths
        ]
    else:
        levels = [{"path": summary.task_memcg, "fired": False, "victim_lives_here": True}]
    chosen = next(task for task in report.tasks if task.pid == summary.pid)
    victim = process_like(report.kills[0])
    init = candidate_like(report.tasks[0], report, total_pages) | {"pid": 1, "tgid": 1, "eligible": False, "points": None}
    return {
        "outcome": "group_kill" if report.group_path else "killed",
        "scope": "memcg" if memory else "global",
        "constraint": CONSTRAINTS[summary.constraint],
        "kernel_message": report.kills[0].message,
        "total_pages": total_pages,
        "host": {"page_size": PAGE},
        "tracer": {"attach_method": "fentry"},
        "trigger": {
            "pid": report.trigger_pid,
            "comm": report.trigger_name,
            "uid": report.trigger_uid,
            "oom_score_adj": report.trigger_oom_score_adj,
            "cpuset": summary.cpuset,
        },
        "allocation": {
            "gfp_mask": hex(report.gfp_mask),
            "gfp_flags": list(reversed(report.gfp_flags)),
            "order": report.order,
            "nodemask": summary.nodemask,
            "nodemask_known": True,
            "mems_allowed": summary.mems_allowed,
        },
        "memcg": {
            "path": summary.oom_memcg,
            "limit_bytes": memory and memory.limit_bytes,
            "usage_bytes": memory and memory.usage_bytes,
            "levels": levels,
        },
        "nodes": [node_like(number, report) for number in report.nodes],
        "swap": {"total_bytes": report.swap_total_bytes, "free_bytes": report.swap_free_bytes},
        "hugetlb": {"page_size_bytes": 2 << 20, "pages_total": 0, "pages_free": 0},
        "candidates": [init | {"skip_reason": "init", "chosen": False}]
        + [candidate_like(task, report, total_pages) for task in report.tasks],
        "victim": {
            **victim,
            "tgid": chosen.tgid,
            "points": points_of(chosen, total_pages),
            "cgroup": summary.task_memcg,
        },
        "kills": [{**victim, "marked": True}],
        "timeline": [],
        "checks": {"kernel_log": {"compared": 100, "mismatches": []}},
        "provenance": {group: {"source": "observed", "note": None} for group in GROUPS},
    }


OPTIONS = Options(swap_total_pages=0)


def leaves(value, path=()):
    """The path of every value that is no container."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, path + (key,))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, path + (index,))
    else:
        yield path


def set_leaf(incident, path, change):
    *way, last = path
    for step in way:
        incident = incident[step]
    incident[last] = change(incident[last])


def other(value):
    """A value of the same kind that is wrong."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + PAGE
    if isinstance(value, str):
        return hex(int(value, 16) + 1) if value.startswith("0x") else value + "x"
    return "something"


# Fields that the report does not have, so that nothing can be said about them.
NOT_IN_REPORT = {
    ("provenance",),
    ("checks", "kernel_log", "compared"),  # a number that has to be large enough
    ("candidates", 0),  # process 1, which is not in the table
    ("hugetlb", "page_size_bytes"),
}
NOT_IN_MEMCG_REPORT = {("swap",), ("hugetlb",), ("nodes",), ("victim", "cgroup")}


def is_in_report(path, memcg):
    skipped = NOT_IN_REPORT | (NOT_IN_MEMCG_REPORT if memcg else set())
    if any(path[: len(prefix)] == prefix for prefix in skipped):
        return False
    if path[-1] == "kswapd_failures":
        return False  # only whether it is at its limit, see Movement
    if path[0] == "memcg" and path[1] == "levels" and path[-1] not in ("path", "fired", "victim_lives_here"):
        return path[2] == 1  # the counters of the level that fired; the one below comes first
    return True


class OneValueWrong(unittest.TestCase):
    def check_report(self, report, memcg):
        incident = incident_like(report)
        ledger = compare([incident], [report], OPTIONS, method="fentry")
        self.assertEqual([str(mismatch) for mismatch in ledger.mismatches], [])
        self.assertGreater(ledger.total_compared(), 80)
        self.assertEqual(ledger.moved, {})
        tried = 0
        for path in leaves(incident):
            if not is_in_report(path, memcg):
                continue
            value = incident
            for step in path:
                value = value[step]
            if value is None and path[-1] not in ("nodemask", "path", "points"):
                continue  # another kernel's counter, or a limit of which max_unlimited says that there is none
            wrong = copy.deepcopy(incident)
            set_leaf(wrong, path, other)
            with self.subTest(path):
                found = compare([wrong], [report], OPTIONS, method="fentry").mismatches
                self.assertTrue(found)
            tried += 1
        return tried

    def test_global(self):
        for report in reports_of("global-6.12.txt") + reports_of("global-7.3.txt"):
            self.assertGreater(self.check_report(report, memcg=False), 150)

    def test_memcg(self):
        for report in reports_of("memcg_v2-6.12.txt"):
            self.assertGreater(self.check_report(report, memcg=True), 60)


class Nulls(unittest.TestCase):
    def setUp(self):
        self.report = reports_of("global-6.12.txt")[0]
        self.incident = incident_like(self.report)

    def compare(self):
        return compare([self.incident], [self.report], OPTIONS)

    def test_null_that_nothing_explains_is_a_mismatch(self):
        self.incident["allocation"]["gfp_mask"] = None
        self.assertEqual([mismatch.field for mismatch in self.compare().mismatches], ["allocation.gfp_mask"])

    def test_what_the_tracer_found_itself(self):
        own = self.incident["checks"]["kernel_log"]
        own["compared"] = 3
        own["mismatches"] = [{"field": "victim.pid", "ours": "1", "kernel": "2"}]
        fields = [mismatch.field for mismatch in self.compare().mismatches]
        self.assertEqual([field.rpartition(": ")[2] for field in fields],
                         ["checks.kernel_log.mismatches", "checks.kernel_log.compared"])

    def test_null_that_provenance_explains_is_not_offered(self):
        why = {"source": "absent", "note": "no tracepoint carries it"}
        self.incident["provenance"]["allocation"] = why
        self.incident["allocation"].update(gfp_mask=None, gfp_flags=None, order=None, nodemask=None, nodemask_known=False)
        ledger = self.compare()
        self.assertEqual(ledger.mismatches, [])
        fields = {"allocation.gfp_mask", "allocation.gfp_flags", "allocation.order", "allocation.nodemask"}
        self.assertEqual(ledger.not_offered["allocation: no tracepoint carries it"], fields)

    def test_wrong_value_is_a_mismatch_whatever_provenance_says(self):
        self.incident["provenance"]["allocation"] = {"source": "absent", "note": None}
        self.incident["allocation"]["order"] = 3
        self.assertEqual([mismatch.field for mismatch in self.compare().mismatches], ["allocation.order"])

    def test_groups_that_are_absent(self):
        for group in ("candidates", "nodes", "kills"):
            self.incident["provenance"][group] = {"source": "absent", "note": "lost"}
            self.incident[group] = None
        self.incident["candidates"] = None
        ledger = self.compare()
        self.assertEqual(ledger.mismatches, [])
        self.assertEqual(ledger.not_offered["nodes: lost"], {"zones"})
        self.assertEqual(ledger.compared["tasks"] + ledger.compared["zones"] + ledger.compared["nodes"], 0)


class Sets(unittest.TestCase):
    def setUp(self):
        self.report = reports_of("global-6.12.txt")[0]
        self.incident = incident_like(self.report)

    def fields(self):
        return {mismatch.field for mismatch in compare([self.incident], [self.report], OPTIONS).mismatches}

    def test_candidate_that_was_missed(self):
        pid = self.incident["candidates"].pop(3)["pid"]
        self.assertIn(f"tasks.{pid}", self.fields())

    def test_candidate_that_is_not_in_the_table(self):
        extra = self.incident["candidates"][3] | {"pid": 4242}
        self.incident["candidates"].append(extra)
        self.assertIn("tasks.4242", self.fields())
        extra["skip_reason"] = "kernel_thread"
        self.assertNotIn("tasks.4242", self.fields())

    def test_candidate_on_its_way_out_may_have_no_row(self):
        gone = {key: None for key in self.incident["candidates"][3]} | {"pid": 4242, "eligible": False, "chosen": False}
        self.incident["candidates"].append(gone | {"comm": "gone", "skip_reason": "mmf_oom_skip"})
        self.assertEqual(self.fields(), set())
        self.incident["candidates"][-1]["skip_reason"] = "already_victim"
        self.assertEqual(self.fields(), {"tasks.stopped_the_scan"})

    def test_order_of_candidates(self):
        self.incident["candidates"].reverse()
        self.assertIn("tasks.order", self.fields())

    def test_zone_and_node_that_were_missed(self):
        self.incident["nodes"][0]["zones"].pop()
        self.assertEqual(self.fields(), {"zones.0.DMA32"})
        self.incident["nodes"].pop()
        self.assertIn("nodes.0", self.fields())

    def test_a_zone_that_the_report_leaves_out_is_no_mismatch(self):
        zones = self.incident["nodes"][0]["zones"]
        zones.append(zones[0] | {"name": "Normal"})
        self.assertEqual(self.fields(), set())

    def test_kill_that_was_missed(self):
        self.incident["kills"] = []
        self.assertEqual(self.fields(), {"kills.marked"})

    def test_missing_reaper_event(self):
        kill = self.report.kills[0]
        self.report.reaped.append(kernel_report.Reaped(kill.pid, kill.name, 0, 0, 0))
        self.assertEqual(self.fields(), {f"kills.{kill.pid}.reaped"})
        self.incident["timeline"].append({"event": "reaper_finished", "tgid": kill.pid})
        self.assertEqual(self.fields(), set())


class Movement(unittest.TestCase):
    def setUp(self):
        self.report = reports_of("global-6.12.txt")[0]
        self.incident = incident_like(self.report)

    def compare(self, **tolerances):
        return compare([self.incident], [self.report], Options(**tolerances))

    def test_free_memory(self):
        zone = self.incident["nodes"][0]["zones"][1]
        zone["free_bytes"] += 3 * PAGE
        self.assertEqual([mismatch.field for mismatch in self.compare().mismatches], ["zones.0.DMA32.free"])
        self.assertEqual(len(self.compare(free_tolerance_pages=2).mismatches), 1)
        ledger = self.compare(free_tolerance_pages=3)
        self.assertEqual(ledger.mismatches, [])
        self.assertEqual(ledger.moved, {"zones.0.DMA32.free": (3 * PAGE, "bytes")})
        self.assertIn("moved: zones.0.DMA32.free by +12288 bytes", ledger.table())

    def test_watermarks_have_no_tolerance(self):
        self.incident["nodes"][0]["zones"][1]["low_bytes"] += PAGE
        self.assertEqual(len(self.compare(free_tolerance_pages=99, counter_tolerance_pages=99).mismatches), 1)

    def test_boost_that_kswapd_took_back_between_the_two_reads(self):
        own, log = self.incident["nodes"][0]["zones"][1], self.report.zones[1].counters
        marks = ("min", "low", "high")

        def boosted(more):
            return {"boost": more, **{key: log[key] - log["boost"] + more for key in marks}}

        for method, own_pages, printed_pages in (("fentry", 4, 1), ("kprobe", 4, 0), ("tracepoint", 0, 4), ("tracepoint", 1, 4)):
            with self.subTest(method=method, own=own_pages, printed=printed_pages):
                self.incident["tracer"]["attach_method"] = method
                own.update({f"{key}_bytes": value for key, value in boosted(own_pages * PAGE).items()})
                log.update(boosted(printed_pages * PAGE))
                ledger = self.compare()
                self.assertEqual(ledger.mismatches, [])
                self.assertEqual(ledger.moved, {"zones.0.DMA32.boost": ((own_pages - printed_pages) * PAGE, "bytes")})
                own["low_bytes"] += PAGE
                self.assertEqual([mismatch.field for mismatch in self.compare().mismatches], ["zones.0.DMA32.low"])
        # One that has grown differs.
        self.incident["tracer"]["attach_method"] = "fentry"
        own.update({f"{key}_bytes": value for key, value in boosted(PAGE).items()})
        self.assertEqual([mismatch.field for mismatch in self.compare().mismatches][-1], "zones.0.DMA32.boost")

    def test_running_task(self):
        eater = self.incident["candidates"][-1]
        eater["rss_anon_bytes"] -= PAGE
        eater["points"] -= 1
        self.assertEqual(len(self.compare(task_tolerance_pages=1).mismatches), 3)
        self.assertEqual(self.compare(task_tolerance_pages=1, running=frozenset({"eater"})).mismatches, [])

    def test_victim_whose_threads_hand_over_their_counts(self):
        victim = self.incident["victim"]["pid"]
        candidate = next(candidate for candidate in self.incident["candidates"] if candidate["pid"] == victim)
        candidate["rss_anon_bytes"] -= PAGE
        self.incident["victim"]["rss_anon_bytes"] -= PAGE
        self.assertEqual(len(self.compare().mismatches), 3)
        self.assertEqual(self.compare(victim_tolerance_pages=1).mismatches, [])
        self.incident["candidates"][2]["rss_anon_bytes"] -= PAGE
        self.assertEqual(len(self.compare(victim_tolerance_pages=1).mismatches), 2)

    def test_process_that_shares_the_memory_of_a_victim_whose_threads_hand_over_their_counts(self):
        sharer = self.incident["candidates"][2]
        sharer["rss_anon_bytes"] -= PAGE
        self.assertEqual(len(self.compare(victim_tolerance_pages=1).mismatches), 2)
        self.incident["kills"].append(self.incident["kills"][0] | {"pid": sharer["pid"], "marked": False})
        self.assertEqual(self.compare(victim_tolerance_pages=1).mismatches, [])

    def test_memcg_usage(self):
        self.report = reports_of("memcg_v2-6.12.txt")[0]
        self.incident = incident_like(self.report)
        self.incident["memcg"]["usage_bytes"] -= PAGE
        self.assertEqual(len(self.compare(swap_total_pages=0).mismatches), 1)
        self.assertEqual(self.compare(swap_total_pages=0, counter_tolerance_pages=1).mismatches, [])
        self.assertEqual(self.compare(swap_total_pages=0, released_pages=1).mismatches, [])

    def test_kswapd(self):
        for failures, problems in ((12, []), (11, ["nodes.0.all_unreclaimable"])):
            self.incident["nodes"][0]["kswapd_failures"] = failures
            self.assertEqual([mismatch.field for mismatch in self.compare().mismatches], problems)

    def test_counters(self):
        self.incident["nodes"][0]["stat_bytes"]["page_tables"] += PAGE
        self.assertEqual(len(self.compare().mismatches), 1)
        self.assertEqual(self.compare(counter_tolerance_pages=1).mismatches, [])


class Matching(unittest.TestCase):
    def setUp(self):
        self.reports = reports_of("memcg_v2-6.12.txt")
        self.incidents = [incident_like(report) for report in self.reports]

    def fields(self, incidents, reports):
        return [mismatch.field for mismatch in compare(incidents, reports, OPTIONS).mismatches]

    def test_all(self):
        self.assertEqual(self.fields(self.incidents, self.reports), [])

    def test_report_without_incident(self):
        self.assertEqual(self.fields(self.incidents[:1], self.reports), ["report"])
        self.assertEqual(self.fields([], self.reports), ["report", "report"])

    def test_incident_without_report(self):
        self.assertEqual(self.fields(self.incidents, self.reports[:1]), ["report"])

    def test_wrong_order(self):
        self.assertEqual(self.fields(self.incidents[::-1], self.reports), ["report.order"])

    def test_incident_of_which_the_kernel_prints_nothing(self):
        silent = self.incidents[0] | {"outcome": "aborted", "victim": None}
        self.assertEqual(self.fields([silent, *self.incidents], self.reports), [])

    def test_swap_enters_total_pages(self):
        fields = [mismatch.field for mismatch in compare(self.incidents, self.reports, Options(swap_total_pages=7)).mismatches]
        self.assertIn("choice.total_pages", fields)


class Constraints(unittest.TestCase):
    """A global OOM that a mask of nodes confines: what the scores are relative to, and what may not be left out."""

    def setUp(self):
        self.report = reports_of("global-6.12.txt")[0]
        self.present = sum(zone.counters["present"] for zone in self.report.zones) // PAGE
        self.swap = self.report.swap_total_bytes // PAGE

    def incident(self, method, **values):
        incident = incident_like(self.report)
        incident["tracer"]["attach_method"] = method
        incident["total_pages"] = self.present + self.swap
        incident.update(values)
        for candidate in incident["candidates"]:
            if candidate["points"] is not None:
                task = next(task for task in self.report.tasks if task.pid == candidate["pid"])
                candidate["points"] = points_of(task, incident["total_pages"])
        chosen = next(task for task in self.report.tasks if task.pid == self.report.summary.pid)
        incident["victim"]["points"] = points_of(chosen, incident["total_pages"])
        return incident

    def fields(self, incident):
        return [mismatch.field for mismatch in compare([incident], [self.report], OPTIONS).mismatches]

    def test_total_pages_are_those_present_on_the_nodes(self):
        for constraint, nodemask in (("CONSTRAINT_CPUSET", None), ("CONSTRAINT_MEMORY_POLICY", [0])):
            self.report.summary.constraint = constraint
            self.report.summary.nodemask = nodemask
            incident = self.incident("tracepoint")
            self.assertEqual(self.fields(incident), [], constraint)
            incident["total_pages"] += 1
            self.assertEqual(self.fields(incident), ["choice.total_pages"], constraint)

    def test_nodes_that_are_not_printed_leave_the_total_open(self):
        self.report.summary.constraint = "CONSTRAINT_MEMORY_POLICY"
        self.report.summary.nodemask = [0, 1]
        self.assertEqual(self.fields(self.incident("tracepoint", total_pages=self.present + 1)), [])

    def test_every_method_has_to_tell_the_constraint(self):
        self.report.summary.constraint = "CONSTRAINT_MEMORY_POLICY"
        self.report.summary.nodemask = [0]
        for method in ("fentry", "kprobe", "tracepoint"):
            self.assertEqual(self.fields(self.incident(method, constraint="none")), ["choice.constraint"], method)

    def test_every_method_has_to_tell_a_sysrq(self):
        self.report.order = -1
        for method in ("fentry", "kprobe", "tracepoint"):
            incident = incident_like(self.report) | {"tracer": {"attach_method": method}}
            self.assertEqual(self.fields(incident), ["choice.scope"], method)
            self.assertEqual(self.fields(incident | {"scope": "sysrq"}), [], method)


class OldReports(unittest.TestCase):
    def test_table_without_the_parts_of_rss(self):
        newer = reports_of("global-6.12.txt")[0]
        incident = incident_like(newer)
        for task in newer.tasks:
            task.rss_anon_pages = task.rss_file_pages = task.rss_shmem_pages = None
        self.assertEqual(compare([incident], [newer], OPTIONS).mismatches, [])
        incident["candidates"][2]["rss_file_bytes"] += PAGE
        self.assertNotEqual(compare([incident], [newer], OPTIONS).mismatches, [])


class Names(unittest.TestCase):
    def test_bytes_that_are_no_utf8(self):
        self.assertEqual(kernel_bytes("caf\ufffde9"), b"caf\xe9")
        self.assertEqual(kernel_bytes("caf\udce9"), b"caf\xe9")
        self.assertEqual(kernel_bytes("café"), "café".encode())
        self.assertIsNone(kernel_bytes(None))


class CommandLine(unittest.TestCase):
    def run_main(self, incidents, *arguments):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "incidents.jsonl"
            # Written as they ended, which need not be the order in which they began.
            lines = [json.dumps(incident | {"episode": episode}) for episode, incident in enumerate(incidents, 1)]
            path.write_text("".join(line + "\n" for line in reversed(lines)))
            output = io.StringIO()
            log = str(DATA / "memcg_v2-6.12.txt")
            with contextlib.redirect_stdout(output):
                status = compare_with_kernel_log.main(["--json", str(path), "--log", log, "--swap-total-kb", "0", *arguments])
            return status, output.getvalue()

    def test_status(self):
        incidents = [incident_like(report) for report in reports_of("memcg_v2-6.12.txt")]
        status, output = self.run_main(incidents, "--expect", "2", "--method", "fentry", "--min-compared", "100")
        self.assertEqual(status, 0, output)
        self.assertIn("2 incidents, 2 reports", output)
        self.assertEqual(self.run_main(incidents, "--expect", "3")[0], 1)
        self.assertEqual(self.run_main(incidents, "--method", "kprobe")[0], 1)
        self.assertEqual(self.run_main(incidents, "--min-compared", "100000")[0], 1)
        self.assertEqual(self.run_main([])[0], 1)
        incidents[0]["victim"]["uid"] += 1
        status, output = self.run_main(incidents)
        self.assertEqual(status, 1)
        self.assertIn("MISMATCH incident 1: victim.uid: oomtrace has 1002", output)

    def test_nothing_compared_is_a_failure(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as empty, contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(compare_with_kernel_log.main(["--json", empty.name, "--log", empty.name]), 1)


if __name__ == "__main__":
    unittest.main()
