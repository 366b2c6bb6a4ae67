# SPDX-License-Identifier: Apache-2.0
"""The parser against reports of real kernels (tests/data/kernel_reports/) and against logs that are cut or mixed up."""

import pathlib
import re
import unittest

import kernel_report
from kernel_report import FreeBlocks, Kill, MemcgCounter, Summary, Task

DATA = pathlib.Path(__file__).parent.parent / "data" / "kernel_reports"


def read(name):
    return (DATA / name).read_text(errors="surrogateescape")


def parse(name):
    return kernel_report.parse_reports(read(name))


KILLING_NOBODY = {"no_killable_task-6.12.txt": [None, None], "no_killable_task-6.12-arm64.txt": [None], "already_exiting-6.12.txt": [1171, None]}


class EveryStoredReport(unittest.TestCase):
    def test_is_read_whole(self):
        # Reports of 2.6 that were pasted into pages are for `oomtrace explain`.
        files = sorted(set(DATA.glob("*.txt")) - set(DATA.glob("seed-*")) - {DATA / name for name in KILLING_NOBODY})
        self.assertGreaterEqual(len(files), 9)
        for file in files:
            text = read(file.name)
            reports = kernel_report.parse_reports(text)
            with self.subTest(file.name):
                self.assertEqual(len(reports), text.count(" invoked oom-killer:"))
                for report in reports:
                    self.assertEqual(report.unread_lines, [])
                    self.assertIsNotNone(report.trigger_pid)
                    self.assertIsNotNone(report.summary)
                    self.assertIn(report.summary.pid, [task.pid for task in report.tasks])
                    self.assertEqual(report.kills[0].pid, report.summary.pid)
                    self.assertEqual(report.kills[0].name, report.summary.task)
                    if report.summary.oom_memcg is None:
                        self.assertTrue(report.zones and report.nodes and report.totals_pages)
                        self.assertIsNotNone(report.swap_total_bytes)
                    else:
                        self.assertEqual(report.memcg_stats_path, report.summary.oom_memcg)
                        self.assertIn("memory", report.memcg)
                        self.assertGreater(len(report.memcg_stats), 20)

    def test_is_read_where_nobody_is_killed(self):
        for name, victims in KILLING_NOBODY.items():
            reports = parse(name)
            self.assertEqual([report.kills[0].pid if report.kills else None for report in reports], victims)
            self.assertTrue(all(report.trigger_pid and report.memcg["memory"] for report in reports))

    def test_has_sizes_that_add_up(self):
        for file in sorted(DATA.glob("*.txt")):
            for report in parse(file.name):
                with self.subTest(file.name, time=report.time):
                    for task in report.tasks:
                        if task.rss_anon_pages is not None:
                            parts = task.rss_anon_pages + task.rss_file_pages + task.rss_shmem_pages
                            self.assertEqual(task.rss_pages, parts)
                    for zone in report.zones:
                        blocks = sum(free.block_bytes * free.count for free in zone.free_blocks)
                        self.assertEqual(blocks, zone.free_blocks_total_bytes)
                        self.assertLessEqual(zone.counters["min"], zone.counters["low"])
                        self.assertLessEqual(zone.counters["managed"], zone.counters["present"])
                        for free in zone.free_blocks:
                            self.assertEqual(free.types == "", free.count == 0)


class GlobalReport(unittest.TestCase):
    def setUp(self):
        self.reports = parse("global-6.12.txt")

    def test_trigger_and_allocation(self):
        first = self.reports[0]
        self.assertEqual(first.time, 7.169503)
        self.assertEqual((first.trigger_name, first.trigger_pid, first.trigger_uid), ("eater", 162, 0))
        self.assertEqual(first.gfp_mask, 0x140DCA)
        self.assertEqual(first.gfp_flags, ["GFP_HIGHUSER_MOVABLE", "__GFP_COMP", "__GFP_ZERO"])
        self.assertEqual((first.order, first.trigger_oom_score_adj), (0, 0))
        self.assertEqual(first.kernel, "6.12.117+deb12-cloud-amd64")

    def test_memory(self):
        first = self.reports[0]
        self.assertEqual(first.totals_pages["slab_unreclaimable"], 1854)
        self.assertEqual(first.totals_pages["kernel_misc_reclaimable"], 0)
        self.assertEqual(first.nodes[0]["isolated(anon)"], 0)
        self.assertEqual(first.nodes[0]["pagetables"], 1368 * 1024)
        self.assertEqual(first.all_unreclaimable, {0: True})
        self.assertEqual((first.swap_free_bytes, first.swap_total_bytes), (0, 0))
        self.assertEqual(first.page_counts["pagecache pages"], 3838)
        self.assertEqual(first.page_counts["in swap cache"], 0)
        self.assertEqual(first.total_ram_pages(), 130942 - 16609)
        self.assertEqual(first.hugepages[1], {"node": 0, "total": 0, "free": 0, "surp": 0, "size": 2048})

    def test_zones(self):
        first, second = self.reports
        self.assertEqual([zone.name for zone in first.zones], ["DMA", "DMA32"])
        zone = second.zone(0, "DMA32")
        self.assertEqual(zone.counters["boost"], 2048 * 1024)
        self.assertEqual(zone.counters["min"], 4628 * 1024)
        self.assertEqual(zone.counters["reserved_highatomic"], 0)
        self.assertEqual(zone.counters["free_pcp"], 15336 * 1024)
        self.assertEqual(first.zone(0, "DMA").lowmem_reserve_pages, [0, 421, 421, 421, 421])
        blocks = first.zone(0, "DMA32").free_blocks
        self.assertEqual(len(blocks), 11)
        self.assertEqual(blocks[1], FreeBlocks(8192, 2, "ME"))
        self.assertEqual(blocks[10], FreeBlocks(4 << 20, 0, ""))

    def test_tasks_and_choice(self):
        first = self.reports[0]
        self.assertEqual(len(first.tasks), 6)
        self.assertEqual(
            first.tasks[4], Task(161, 1001, 161, 30000, 29908, 278528, 0, 300, "sacrifice (1)", 28160, 724, 1024)
        )
        self.assertEqual(
            first.summary, Summary("CONSTRAINT_NONE", None, "/", [0], None, "/", "sacrifice (1)", 161, 1001)
        )
        sizes = [kib * 1024 for kib in (120000, 112640, 2896, 4096)]
        kill = Kill("Out of memory", 161, "sacrifice (1)", *sizes, uid=1001, pgtables_bytes=272 * 1024, oom_score_adj=300)
        self.assertEqual(first.kills, [kill])

    def check_foreign_memory_report(self, before):
        """A "page allocation failure" has the same Mem-Info; it may come from the victim itself, or from another CPU."""
        text = read("global-6.12.txt")
        memory = text[text.index("Mem-Info:") : text.index("[    7.173553] Tasks state")].replace("free:2016kB", "free:999kB")
        failure = (
            "[    7.2] eater: page allocation failure: order:0, mode:0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), "
            "nodemask=(null),cpuset=/,mems_allowed=0\n[    7.2] " + memory
        )
        position = text.index(before)
        mixed = kernel_report.parse_reports(text[:position] + failure + text[position:])
        for mixed_report, report in zip(mixed, self.reports, strict=True):
            mixed_report.lines, mixed_report.unread_lines = report.lines, report.unread_lines
            self.assertEqual(mixed_report, report)

    def test_memory_report_of_another_kind_after_the_kill(self):
        self.check_foreign_memory_report("[    7.742976] eater invoked")

    def test_memory_report_of_another_kind_before_the_choice(self):
        self.check_foreign_memory_report("[    7.173553] Tasks state")

    def test_old_table_without_the_parts_of_rss(self):
        report = parse("global-5.10.txt")[0]
        task = report.tasks[-1]
        self.assertEqual((task.name, task.rss_anon_pages), ("eater", None))
        self.assertGreater(task.rss_pages, 100 << 20 >> 12)
        self.assertEqual(list(report.swap_cache_stats), ["add", "delete", "find_success", "find_total"])
        self.assertNotIn("boost", report.zones[0].counters)

    def test_newest_kernel(self):
        report = parse("global-7.3.txt")[0]
        self.assertEqual(report.memcg_protection_bytes, (0, 0))
        self.assertIn("free_highatomic", report.zones[0].counters)
        self.assertIn("Balloon", report.nodes[0])


class MemcgReport(unittest.TestCase):
    def test_v2(self):
        first, second = parse("memcg_v2-6.12.txt")
        self.assertEqual((first.trigger_name, first.trigger_pid), ("biter", 181))
        self.assertEqual(
            first.memcg,
            {
                "memory": MemcgCounter(64 << 20, 64 << 20, 131),
                "swap": MemcgCounter(0, 9007199254740988 * 1024, 0),
            },
        )
        self.assertEqual(first.memcg_stats["anon"], 61665280)
        self.assertEqual(first.memcg_stats["numa_hint_faults"], 0)
        self.assertEqual(
            first.summary,
            Summary("CONSTRAINT_MEMCG", None, "/", [0], "/limited", "/limited/holders", "sacrifice (2)", 173, 1001),
        )
        self.assertEqual(second.summary.task_memcg, "/limited/eaters")

    def test_v1(self):
        (report,) = parse("memcg_v1-6.1.txt")
        self.assertEqual(set(report.memcg), {"memory", "memory+swap", "kmem"})
        self.assertEqual(report.memcg["memory"].limit_bytes, 64 << 20)
        self.assertEqual(report.summary.oom_memcg, "/limited")

    def test_group_kill_and_sysrq_in_kmsg_form(self):
        for kernel in ("5.10", "6.12"):
            with self.subTest(kernel):
                group, sysrq = parse(f"group_and_sysrq-{kernel}.kmsg.txt")
                self.assertEqual(group.group_path, "/limited")
                self.assertEqual(
                    [kill.name for kill in group.kills], ["eater", "member2", "member1", "eater"]
                )
                self.assertEqual(group.memcg_stats["pagetables"] > 0 if kernel == "6.12" else 0, kernel == "6.12")
                self.assertIn("anon", group.memcg_stats)
                self.assertEqual(sysrq.order, -1)
                self.assertEqual(sysrq.summary.task, "biggest")


class Carriers(unittest.TestCase):
    """The same report through the programs that carry kernel logs."""

    def bodies(self):
        return [re.sub(r"^\[ *[\d.]+\] ", "", line) for line in read("memcg_v2-6.12.txt").splitlines()]

    def check(self, lines):
        reports = kernel_report.parse_reports("\n".join(lines))
        plain = parse("memcg_v2-6.12.txt")
        self.assertEqual(len(reports), len(plain))
        for carried, original in zip(reports, plain):
            carried.time = original.time
            self.assertEqual(carried, original)

    def test_raw_dmesg_with_levels(self):
        self.check("<6>[    7.1695030] " + body for body in self.bodies())

    def test_printk_caller(self):
        self.check("[    7.1695030][  T123] " + body for body in self.bodies())

    def test_dmesg_with_wall_clock(self):
        self.check("[Sun Nov 22 06:14:00 2026] " + body for body in self.bodies())

    def test_journal(self):
        self.check("Nov 22 06:14:00 guest kernel: " + body for body in self.bodies())

    def test_syslog(self):
        self.check("Nov 22 06:14:00 guest kernel: [    7.1695030] " + body for body in self.bodies())

    def test_no_prefix_and_carriage_returns(self):
        self.check(body + "\r" for body in self.bodies())


class CutLogs(unittest.TestCase):
    def test_kill_whose_header_was_held_back_is_a_report_of_its_own(self):
        text = read("memcg_v2-6.12.txt")
        kills = [line for line in text.splitlines() if "Killed process" in line]
        reports = kernel_report.parse_reports("\n".join(kills))
        self.assertEqual([report.kills[0].pid for report in reports], [173, 180])
        self.assertIsNone(reports[0].summary)

    def test_every_prefix_of_a_log_is_read_without_error(self):
        lines = read("global-6.12.txt").splitlines()
        for count in range(len(lines)):
            reports = kernel_report.parse_reports("\n".join(lines[:count]))
            self.assertLessEqual(len(reports), 2)

    def test_truncated_task_row_is_no_task(self):
        text = read("memcg_v2-6.12.txt").replace("    65536        0             0 plain", "    65536", 1)
        first = kernel_report.parse_reports(text)[0]
        self.assertNotIn("plain", [task.name for task in first.tasks])
        self.assertEqual(len(first.tasks), 3)
        self.assertEqual(len(first.unread_lines), 1)

    def test_names_that_look_like_something_else(self):
        for name in ("7 of 9", "a) total-vm:1kB", "x,pid=1,uid=2", "oom_reaper: x", " lead", "[1] 2 3"):
            with self.subTest(name):
                text = read("memcg_v2-6.12.txt").replace("sacrifice (2)", name)
                first = kernel_report.parse_reports(text)[0]
                self.assertEqual([task.name for task in first.tasks], ["plain", name, "protected", "eater"])
                self.assertEqual((first.summary.task, first.summary.pid), (name, 173))
                self.assertEqual((first.kills[0].name, first.kills[0].pid), (name, 173))


class SingleLines(unittest.TestCase):
    def parse_after_kill(self, *lines):
        kill = (
            "Out of memory: Killed process 7 (x) total-vm:40kB, anon-rss:8kB, file-rss:4kB, shmem-rss:0kB, UID:5 pgtables:12kB "
            "oom_score_adj:-3"
        )
        return kernel_report.parse_reports("\n".join((kill, *lines)))

    def test_reaper(self):
        (report,) = self.parse_after_kill(
            "oom_reaper: reaped process 7 (x), now anon-rss:0kB, file-rss:4kB, shmem-rss:8kB",
            "oom_reaper: unable to reap pid:7 (x)",
        )
        self.assertEqual(report.reaped, [kernel_report.Reaped(7, "x", 0, 4096, 8192)])
        self.assertEqual(report.unable_to_reap, [(7, "x")])

    def test_reaper_line_goes_to_the_report_that_killed(self):
        other = "Out of memory: Killed process 8 (y) total-vm:40kB, anon-rss:8kB, file-rss:4kB, shmem-rss:0kB"
        first, second = self.parse_after_kill(
            other, "oom_reaper: reaped process 7 (x), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB"
        )
        self.assertEqual((len(first.reaped), len(second.reaped)), (1, 0))
        self.assertIsNone(second.kills[0].uid)

    def test_rest(self):
        (report,) = self.parse_after_kill(
            "oom killer 7 (x) has mm pinned by 9 (y z)",
            "Out of memory: OOM victim 7 (x) is already exiting. Skip killing the task",
        )
        self.assertEqual(report.mm_pinned_by, [(7, "x", 9, "y z")])
        self.assertEqual(report.already_exiting, [(7, "x")])

    def test_no_victim(self):
        (report,) = kernel_report.parse_reports(
            "a b invoked oom-killer: gfp_mask=0xdc0(GFP_KERNEL|__GFP_ZERO), order=2, oom_score_adj=-1000\n"
            "Out of memory and no killable processes...\n"
            "Kernel panic - not syncing: System is deadlocked on memory"
        )
        self.assertEqual((report.trigger_name, report.order), ("a b", 2))
        self.assertTrue(report.no_killable_process)
        self.assertEqual(report.panic, "System is deadlocked on memory")

    def test_older_invoked_line_with_nodemask(self):
        (report,) = kernel_report.parse_reports(
            "sh invoked oom-killer: gfp_mask=0x6200ca(GFP_HIGHUSER_MOVABLE), nodemask=(null), order=0, oom_score_adj=0"
        )
        self.assertEqual(report.gfp_mask, 0x6200CA)

    def test_summary_with_nodes(self):
        (report,) = kernel_report.parse_reports(
            "oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=0,2-4,cpuset=a,b,mems_allowed=0-5,global_oom,"
            "task_memcg=/x,task=y,pid=3,uid=4294967294"
        )
        self.assertEqual(report.summary.nodemask, [0, 2, 3, 4])
        self.assertEqual(report.summary.cpuset, "a,b")
        self.assertEqual(report.summary.mems_allowed, [0, 1, 2, 3, 4, 5])
        self.assertEqual(report.summary.uid, 4294967294)


if __name__ == "__main__":
    unittest.main()
