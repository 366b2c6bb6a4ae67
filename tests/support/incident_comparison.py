# SPDX-License-Identifier: Apache-2.0
"""Compares one incident of `oomtrace trace --json` with the kernel's report of the same OOM, field by field.

Sizes are compared exactly, but for what moves while the kernel prints: free pages, the counters that are kept in batches per
CPU, and tasks that run. The Tasks table is printed after the choice, so that a running task may have grown by then.
"""

import dataclasses
import re

CONSTRAINTS = {
    "CONSTRAINT_NONE": "none",
    "CONSTRAINT_CPUSET": "cpuset",
    "CONSTRAINT_MEMORY_POLICY": "memory_policy",
    "CONSTRAINT_MEMCG": "memcg",
}
# Candidates that have a row in the Tasks table whatever happens. Kernel threads, init and tasks of other nodes have none; one
# that is on its way out has one as long as it has memory.
PRINTED = {"none", "oom_score_adj_min", "in_vfork"}
ZONE_STATS = {
    "active_anon": "active_anon",
    "inactive_anon": "inactive_anon",
    "active_file": "active_file",
    "inactive_file": "inactive_file",
    "unevictable": "unevictable",
    "writepending": "write_pending",
    "mlocked": "mlocked",
    "bounce": "bounce",
    "zspages": "zspages",
}
NODE_STATS = {
    "active_anon": "active_anon",
    "inactive_anon": "inactive_anon",
    "active_file": "active_file",
    "inactive_file": "inactive_file",
    "unevictable": "unevictable",
    "isolated(anon)": "isolated_anon",
    "isolated(file)": "isolated_file",
    "mapped": "mapped",
    "dirty": "dirty",
    "writeback": "writeback",
    "shmem": "shmem",
    "shmem_thp": "shmem_thp",
    "anon_thp": "anon_thp",
    "kernel_stack": "kernel_stack",
    "pagetables": "page_tables",
    "sec_pagetables": "sec_page_tables",
}
MAX_RECLAIM_RETRIES = 16
# Rounds in which kswapd may fail between the tracer's reading, at the start, and the kernel's, in its report.
KSWAPD_ROUNDS = 4
# Where there is swap, kswapd goes on making active pages inactive: seen to be 2,540 between the two readings on a busy host.
AGED_PAGES = 4096
OOM_SCORE_ADJ_MIN = -1000
# Trigger, allocation, victim and limit alone.
MIN_COMPARED_BY_ITSELF = 20
MIN_COMPARED_OF_A_KILL = 8


@dataclasses.dataclass
class Options:
    page_size: int = 4096
    swap_total_pages: int | None = None  # of the host, for the total_pages of a memcg OOM; None: not known
    free_tolerance_pages: int = 0
    counter_tolerance_pages: int = 0
    released_pages: int = 0  # what victims of earlier OOMs may still be giving back, for the usage of a memcg
    task_tolerance_pages: int = 0
    running: frozenset = frozenset()  # names of tasks that were running
    # kswapd and other CPUs go on moving pages of any task from memory to swap: seen to move by one page between the tracer's
    # reading and the kernel's table. The sum of both stays.
    swapping_pages: int = 0
    # Until 6.1 a thread keeps changes of rss to itself for up to 64 faults (SPLIT_RSS_COUNTING), each of up to 16 pages, and hands
    # them over when it exits: a killed thread on another CPU does so between the kernel's table, its mark and its last line.
    victim_tolerance_pages: int = 0


def kernel_bytes(text):
    """The bytes the kernel had: oomtrace writes one that is no UTF-8 as U+FFFD and two hex digits."""
    if text is None:
        return None
    pieces = re.split("\ufffd([0-9a-f]{2})", text)
    return b"".join(
        bytes([int(piece, 16)]) if index % 2 else piece.encode("utf-8", "surrogateescape") for index, piece in enumerate(pieces)
    )


class IncidentComparison:
    def __init__(self, incident, report, options, ledger):
        self.incident = incident
        self.report = report
        self.options = options
        self.ledger = ledger
        self.total_pages = self.total_pages_of_log()

    def run(self):
        self.check_own_comparison()
        self.compare_trigger()
        self.compare_allocation()
        self.compare_choice()
        self.compare_tasks()
        self.compare_victim()
        self.compare_kills()
        self.compare_memcg()
        self.compare_zones()
        self.compare_nodes()
        self.compare_swap()

    # ---- helpers ----

    def absent(self, group):
        """Why the incident may leave the group's values out, or None if it says that it has them."""
        provenance = self.incident["provenance"][group]
        if provenance["source"] != "absent":
            return None
        return f"{group}: {provenance['note'] or 'absent'}"

    def check(self, field, incident, log, group=None, **how):
        self.ledger.check(field, incident, log, absent=self.absent(group) if group else None, **how)

    def check_optional(self, field, incident, log, why, **how):
        self.ledger.check(field, incident, log, absent=why, **how)

    def page_counter_max(self):
        """What the kernel prints for no limit."""
        return (2**63 - 1) // self.options.page_size // 1024 * 1024 * self.options.page_size

    # ---- the parts ----

    def check_own_comparison(self):
        """oomtrace has held its record against the same report itself, and this reader of it does not find less."""
        if self.incident["tracer"]["attach_method"] == "kernel_log" or self.report.panic:
            return
        own = self.incident["checks"]["kernel_log"]
        self.check("checks.kernel_log.mismatches", own["mismatches"], [])
        # Of a report whose rate the kernel limits only the kill is left.
        enough = MIN_COMPARED_OF_A_KILL if "held back" in (own.get("note") or "") else MIN_COMPARED_BY_ITSELF
        self.check("checks.kernel_log.compared", own["compared"] >= enough, True)

    def compare_trigger(self):
        trigger = self.incident["trigger"] or {}
        report = self.report
        self.check("trigger.comm", kernel_bytes(trigger.get("comm")), kernel_bytes(report.trigger_name), "trigger")
        self.check("trigger.pid", trigger.get("pid"), report.trigger_pid, "trigger")
        self.check("trigger.uid", trigger.get("uid"), report.trigger_uid, "trigger")
        self.check("trigger.oom_score_adj", trigger.get("oom_score_adj"), report.trigger_oom_score_adj, "trigger")
        if report.summary:
            cpuset = kernel_bytes(trigger.get("cpuset"))
            self.check("trigger.cpuset", cpuset, kernel_bytes(report.summary.cpuset), "trigger")

    def compare_allocation(self):
        allocation = self.incident["allocation"]
        report = self.report
        mask = allocation["gfp_mask"]
        self.check("allocation.gfp_mask", None if mask is None else int(mask, 16), report.gfp_mask, "allocation")
        if report.gfp_flags:
            flags = allocation["gfp_flags"]
            names = None if flags is None else sorted(flags)
            # As a set: the kernel changed the order in which it names them.
            self.check("allocation.gfp_flags", names, sorted(report.gfp_flags), "allocation")
        self.check("allocation.order", allocation["order"], report.order, "allocation")
        if report.summary:
            nodes = allocation["nodemask"] or "(null)"
            nodemask = nodes if allocation["nodemask_known"] else None
            self.check("allocation.nodemask", nodemask, report.summary.nodemask or "(null)", "allocation")
            self.check("allocation.mems_allowed", allocation["mems_allowed"], report.summary.mems_allowed, "trigger")

    def compare_choice(self):
        report, summary = self.report, self.report.summary
        if summary:
            self.check("choice.constraint", self.incident["constraint"], CONSTRAINTS[summary.constraint], "constraint")
            scope = "sysrq" if report.order == -1 else "memcg" if summary.oom_memcg is not None else "global"
            self.check("choice.scope", self.incident["scope"], scope, "constraint")
        if report.panic or report.no_killable_process:
            outcome = "panic" if report.panic else "no_killable_task"
        elif report.kills:
            outcome = "group_kill" if report.group_path else "killed"
        else:  # chosen, reported, and gone before it could be killed
            outcome = "victim_already_dying"
        self.check("choice.outcome", self.incident["outcome"], outcome, "outcome")
        if report.kills:
            self.check_optional(
                "choice.kernel_message", self.incident["kernel_message"], report.kills[0].message, "only a function hook has it"
            )
        from_the_report = self.incident["tracer"]["attach_method"] == "kernel_log"  # which does not tell the swap of a memcg OOM
        if self.total_pages is not None and not (from_the_report and self.incident["total_pages"] is None):
            self.check("choice.total_pages", self.incident["total_pages"], self.total_pages, "points")

    def total_pages_of_log(self):
        """What the candidates' scores are relative to, worked out from the report alone; None where it does not say."""
        report, options = self.report, self.options
        if report.summary is None:
            return None
        swap = options.swap_total_pages if report.swap_total_bytes is None else report.swap_total_bytes // options.page_size
        if report.summary.constraint == "CONSTRAINT_NONE":
            ram = report.total_ram_pages()
            return None if ram is None or swap is None else ram + swap
        if report.summary.constraint in ("CONSTRAINT_CPUSET", "CONSTRAINT_MEMORY_POLICY"):
            policy = report.summary.constraint == "CONSTRAINT_MEMORY_POLICY"
            present = self.present_pages_of_log(report.summary.nodemask if policy else report.summary.mems_allowed)
            return None if present is None or swap is None else present + swap
        memory = report.memcg.get("memory")
        if memory is None or swap is None:
            return None
        limit = memory.limit_bytes // options.page_size
        if "swap" in report.memcg:
            own_swap = report.memcg["swap"].limit_bytes // options.page_size
        elif "memory+swap" in report.memcg:
            own_swap = report.memcg["memory+swap"].limit_bytes // options.page_size - limit
        else:
            return None
        return limit + min(own_swap, swap)

    def present_pages_of_log(self, nodes):
        """Of all zones of these nodes; None where one of the nodes is not printed."""
        present = [(zone.node, zone.counters["present"]) for zone in self.report.zones if zone.node in nodes]
        if {node for node, _ in present} != set(nodes):
            return None
        return sum(size for _, size in present) // self.options.page_size

    def points_of_row(self, task):
        """The kernel's badness of a row of the Tasks table; None where the task can not be chosen or it can not be known."""
        total = self.incident["total_pages"] if self.total_pages is None else self.total_pages
        if task.oom_score_adj == OOM_SCORE_ADJ_MIN or total is None:
            return None
        return (
            task.rss_pages
            + task.swap_pages
            + task.pgtables_bytes // self.options.page_size
            + task.oom_score_adj * (total // 1000)
        )

    def compare_tasks(self):
        if not self.report.tasks:
            return
        why = self.absent("candidates")
        if why is not None:
            self.ledger.not_offered[why].add("tasks")
            return
        candidates = {candidate["pid"]: candidate for candidate in self.incident["candidates"]}
        printed = [task.pid for task in self.report.tasks]
        must = [pid for pid, candidate in candidates.items() if candidate["skip_reason"] in PRINTED]
        if not self.report.kills and self.report.summary:
            must = [pid for pid in must if pid != self.report.summary.pid]  # it lost its memory after it was chosen
        for pid in sorted(set(printed) - set(candidates)):
            self.ledger.fail(f"tasks.{pid}", "no such candidate", "a row of the Tasks table")
        for pid in sorted(set(must) - set(printed)):
            self.ledger.fail(f"tasks.{pid}", f"a candidate ({candidates[pid]['comm']})", "no row of the Tasks table")
        # The kernel goes through a memcg group by group; the walk of the tracepoint method goes through all tasks.
        if self.incident["scope"] != "memcg" or self.incident["tracer"]["attach_method"] != "tracepoint":
            order = [pid for pid in candidates if pid in set(printed)]
            self.check("tasks.order", order, [pid for pid in printed if pid in candidates])
        for task in self.report.tasks:
            if task.pid in candidates:
                self.compare_task(task, candidates[task.pid])
        self.compare_argmax()
        if self.report.summary and self.report.order != -1:
            # One of these would have ended the scan without a choice.
            stoppers = [pid for pid, candidate in candidates.items() if candidate["skip_reason"] == "already_victim"]
            self.check("tasks.stopped_the_scan", stoppers, [])

    def tolerance_of(self, task):
        """In pages, for a row of the Tasks table."""
        running = self.options.task_tolerance_pages if task.name in self.options.running else 0
        # The memory that the victim's counters are of has other names too: a thread's, where the leader has exited, and those of
        # the processes that share it.
        of_victim = {kill["pid"] for kill in self.incident["kills"] or []}
        if self.report.summary is not None:
            of_victim.add(self.report.summary.pid)
        killed = task.pid in of_victim or task.tgid in of_victim
        return max(running, self.options.victim_tolerance_pages if killed else 0)

    def compare_task(self, task, candidate):
        page_size = self.options.page_size
        pages = self.tolerance_of(task)
        sizes = {"tolerance": pages * page_size, "unit": "bytes"}
        moving = {"tolerance": max(pages, self.options.swapping_pages) * page_size, "unit": "bytes"}
        name = f"tasks.{task.name}[{task.pid}]"
        self.check(f"{name}.comm", kernel_bytes(candidate["comm"]), kernel_bytes(task.name))
        self.check(f"{name}.tgid", candidate["tgid"], task.tgid)
        self.check(f"{name}.uid", candidate["uid"], task.uid)
        self.check(f"{name}.oom_score_adj", candidate["oom_score_adj"], task.oom_score_adj)
        self.check(f"{name}.total_vm", candidate["total_vm_bytes"], task.total_vm_pages * page_size, **sizes)
        self.check(f"{name}.pgtables", candidate["pgtables_bytes"], task.pgtables_bytes, **sizes)
        self.check(f"{name}.swap", candidate["swap_bytes"], task.swap_pages * page_size, **moving)
        parts = [candidate[f"rss_{part}_bytes"] for part in ("anon", "file", "shmem")]
        # A log of a kernel before 6.8 has the sum alone.
        rss = candidate.get("rss_bytes") if None in parts else sum(parts)
        self.check(f"{name}.rss", rss, task.rss_pages * page_size, **moving)
        if self.options.swapping_pages:
            # What goes out to swap is in one of the two; pages of files come and go without it.
            swappable = [candidate[f"{size}_bytes"] for size in ("rss_anon", "rss_shmem", "swap")]
            printed = [task.rss_anon_pages, task.rss_shmem_pages, task.swap_pages]
            if None not in swappable and None not in printed:
                self.check(f"{name}.swappable", sum(swappable), sum(printed) * page_size, **sizes)
            else:
                held = None if rss is None else rss + candidate["swap_bytes"]
                self.check(f"{name}.rss_and_swap", held, (task.rss_pages + task.swap_pages) * page_size, **moving)
        for part in ("anon", "file", "shmem"):
            printed = getattr(task, f"rss_{part}_pages")
            log = None if printed is None else printed * page_size
            self.check(f"{name}.rss_{part}", candidate[f"rss_{part}_bytes"], log, **moving)

        field = f"points.{task.name}[{task.pid}]"
        self.check(f"{field}.eligible", candidate["eligible"], candidate["skip_reason"] == "none")
        if task.oom_score_adj == OOM_SCORE_ADJ_MIN:
            self.check(field, candidate["points"] is None, True)
            if candidate["skip_reason"] not in ("already_victim", "mmf_oom_skip"):  # these come first in the kernel's order
                self.check(f"{field}.skip_reason", candidate["skip_reason"], "oom_score_adj_min")
        elif candidate["eligible"]:
            self.check(field, candidate["points"], self.points_of_row(task), "points", tolerance=pages, unit="pages")

    def compare_argmax(self):
        """The choice follows from the kernel's own table: the highest score, and the later of two that are equal."""
        if self.report.summary is None or any("oom_kill_allocating_task" in kill.message for kill in self.report.kills):
            return
        candidates = {candidate["pid"]: candidate for candidate in self.incident["candidates"]}
        best = None
        for task in self.report.tasks:
            points = self.points_of_row(task)
            eligible = task.pid in candidates and candidates[task.pid]["eligible"]
            if points is not None and eligible and (best is None or points >= best[0]):
                best = (points, task.tgid)
        if best and self.report.kills:
            self.check("points.highest_is_victim", best[1], self.chosen_tgid())
        chosen = [candidate["tgid"] for candidate in candidates.values() if candidate["chosen"]]
        listed = any(task.tgid == self.chosen_tgid() for task in self.report.tasks)
        if chosen or listed or self.report.kills:  # one that exits before the table is printed has no row that could be marked
            self.check("points.chosen", chosen, [self.chosen_tgid()])

    def chosen_tgid(self):
        """The summary names the leader, even one that has exited and has no row, or (oom_kill_allocating_task) a thread."""
        row = next((task for task in self.report.tasks if task.pid == self.report.summary.pid), None)
        return row.tgid if row else self.report.summary.pid

    def compare_victim(self):
        victim, report = self.incident["victim"], self.report
        if victim is None:
            if report.kills:
                self.ledger.fail("victim", None, report.kills[0].pid)
            return
        if report.summary:
            summary = report.summary
            self.check("victim.pid_chosen", summary.pid in (victim["pid"], victim["tgid"]), True)
            self.check("victim.uid_chosen", victim["uid"], summary.uid)
            self.check("victim.comm_chosen", kernel_bytes(victim["comm"]), kernel_bytes(summary.task))
            self.check("victim.cgroup", kernel_bytes(victim["cgroup"]), kernel_bytes(summary.task_memcg))
        row = next((task for task in report.tasks if task.pid == victim["pid"]), None)
        if row:
            self.check("victim.tgid", victim["tgid"], row.tgid)
            how = {"tolerance": self.tolerance_of(row), "unit": "pages"}
            self.check("victim.points", victim["points"], self.points_of_row(row), "points", **how)
        if report.kills:
            self.compare_kill("victim", victim, report.kills[0])

    def compare_kill(self, name, process, kill):
        self.check(f"{name}.pid", process["pid"], kill.pid)
        self.check(f"{name}.comm", kernel_bytes(process["comm"]), kernel_bytes(kill.name))
        self.check(f"{name}.uid", process["uid"], kill.uid)
        self.check(f"{name}.oom_score_adj", process["oom_score_adj"], kill.oom_score_adj)
        for size in ("total_vm", "pgtables"):
            self.check(f"{name}.{size}", process[f"{size}_bytes"], getattr(kill, f"{size}_bytes"))
        pages = max(self.options.victim_tolerance_pages, self.options.swapping_pages)
        rss = {"tolerance": pages * self.options.page_size, "unit": "bytes"}
        for size in ("rss_anon", "rss_file", "rss_shmem"):
            self.check(f"{name}.{size}", process[f"{size}_bytes"], getattr(kill, f"{size}_bytes"), **rss)

    def compare_kills(self):
        why = self.absent("kills")
        if why is not None and self.report.kills:
            self.ledger.not_offered[why].add("kills")
            return
        kills = {kill["pid"]: kill for kill in self.incident["kills"] or []}
        printed = {kill.pid: kill for kill in reversed(self.report.kills)}  # a group's first victim is printed twice
        marked = [pid for pid, kill in kills.items() if kill["marked"]]
        self.check("kills.marked", sorted(marked), sorted(printed))
        for pid in kills.keys() & printed.keys():
            self.compare_kill(f"kills.{pid}", kills[pid], printed[pid])
        finished = {entry["tgid"] for entry in self.incident["timeline"] if entry["event"] == "reaper_finished"}
        for reaped in self.report.reaped:
            self.check(f"kills.{reaped.pid}.reaped", reaped.pid in finished, True, "after")

    def compare_memcg(self):
        report, memcg = self.report, self.incident["memcg"]
        if report.summary is None:
            return
        fired_path = kernel_bytes(report.summary.oom_memcg)
        if memcg["levels"] or self.absent("memcg") is None:
            self.check("memcg.levels_fired", self.levels_with("fired"), [] if fired_path is None else [fired_path])
            self.check("memcg.victim_level", self.levels_with("victim_lives_here"), [kernel_bytes(report.summary.task_memcg)])
        self.check("memcg.global", memcg["path"] is None, fired_path is None)
        if fired_path is None:
            return
        self.check("memcg.path", kernel_bytes(memcg["path"]), fired_path, "memcg")
        fired = next((level for level in memcg["levels"] or [] if level["fired"]), None)
        counters = {"memory": "memory", "swap": "swap", "memory+swap": "memory_and_swap", "kmem": "kmem"}
        # Other CPUs give back what they had charged in advance, and what was freed a moment ago.
        pages = self.options.counter_tolerance_pages + self.options.released_pages
        usage = {"tolerance": pages * self.options.page_size, "unit": "bytes"}
        for printed, key in counters.items():
            if printed not in report.memcg:
                continue
            counter, log = fired and fired[key], report.memcg[printed]
            limit = log.limit_bytes if log.limit_bytes < self.page_counter_max() else "unlimited"
            if counter is None:
                self.check(f"memcg.{key}", None, "a counter", "memcg")
                continue
            own_limit = "unlimited" if counter["max_unlimited"] else counter["max_bytes"]
            self.check(f"memcg.{key}.limit", own_limit, limit)
            self.check(f"memcg.{key}.usage", counter["usage_bytes"], log.usage_bytes, **usage)
            self.check(f"memcg.{key}.failcnt", counter["failcnt"], log.failcnt)
            if key == "memory":
                self.check("memcg.limit", memcg["limit_bytes"], None if limit == "unlimited" else limit)
                self.check("memcg.usage", memcg["usage_bytes"], log.usage_bytes, **usage)

    def levels_with(self, flag):
        return [kernel_bytes(level["path"]) for level in self.incident["memcg"]["levels"] or [] if level[flag]]

    def compare_zones(self):
        if not self.report.zones:
            return
        why = self.absent("nodes")
        if why is not None:
            self.ledger.not_offered[why].add("zones")
            return
        zones = {(node["node"], zone["name"]): zone for node in self.incident["nodes"] for zone in node["zones"]}
        for zone in self.report.zones:
            own = zones.get((zone.node, zone.name))
            if own is None:
                self.ledger.fail(f"zones.{zone.node}.{zone.name}", "no such zone", "printed")
            else:
                self.compare_zone(f"zones.{zone.node}.{zone.name}", own, zone)

    def compare_zone(self, name, own, zone):
        page_size = self.options.page_size
        own_boost, boost = own["boost_bytes"], zone.counters.get("boost")
        # kswapd takes it back as it works, between the two reads: a function hook reads the zones before the report, a tracepoint after.
        earlier, later = (boost, own_boost) if self.incident["tracer"]["attach_method"] == "tracepoint" else (own_boost, boost)
        taken_back = earlier - later if earlier and later is not None and later < earlier else 0
        for key in ("min", "low", "high"):
            own_mark, log = own[f"{key}_bytes"], zone.counters.get(key)
            self.check(f"{name}.{key}", own_mark - own_boost if taken_back else own_mark, log - boost if taken_back else log)
        self.check(f"{name}.boost", own_boost, boost, **({"tolerance": taken_back, "unit": "bytes"} if taken_back else {}))
        for key in ("present", "managed", "reserved_highatomic"):
            self.check(f"{name}.{key}", own[f"{key}_bytes"], zone.counters.get(key))
        reserve = [pages * page_size for pages in zone.lowmem_reserve_pages]
        self.check(f"{name}.lowmem_reserve", own["lowmem_reserve_bytes"], reserve)
        free = {"tolerance": self.options.free_tolerance_pages * page_size, "unit": "bytes"}
        self.check(f"{name}.free", own["free_bytes"], zone.counters.get("free"), **free)
        counter = {"tolerance": self.options.counter_tolerance_pages * page_size, "unit": "bytes"}
        aged = {"tolerance": AGED_PAGES * page_size, "unit": "bytes"} if self.options.swapping_pages else counter
        for key, how in (("free_pcp", free), ("free_cma", counter), ("free_highatomic", counter)):
            log = zone.counters.get(key)
            self.check_optional(f"{name}.{key}", own[f"{key}_bytes"], log, "this kernel's counter could not be read", **how)
        for key, own_key in ZONE_STATS.items():
            log = zone.counters.get(key)
            why = "this kernel has no such counter for a zone"
            how = aged if own_key in ("active_anon", "inactive_anon") else counter
            self.check_optional(f"{name}.{key}", own["stat_bytes"][own_key], log, why, **how)
        self.compare_free_blocks(name, own["free_blocks"] or [], zone.free_blocks, free)

    def compare_free_blocks(self, name, own, printed, free):
        self.check(f"{name}.free_blocks.sizes", [b["block_bytes"] for b in own], [b.block_bytes for b in printed])
        pairs = list(zip(own, printed))
        still = all(block["count"] == log.count for block, log in pairs)
        for block, log in pairs:
            field = f"{name}.free_blocks.{log.block_bytes // 1024}kB"
            self.check(field, block["count"] * log.block_bytes, log.count * log.block_bytes, **free)
            if still:  # which lists a block is on means nothing while blocks come and go
                self.check(f"{field}.types", block["types"], log.types)

    def compare_nodes(self):
        report, page_size = self.report, self.options.page_size
        if not report.nodes or self.absent("nodes") is not None:
            return
        nodes = {node["node"]: node for node in self.incident["nodes"]}
        free = {"tolerance": self.options.free_tolerance_pages * page_size, "unit": "bytes"}
        counter = {"tolerance": self.options.counter_tolerance_pages * page_size, "unit": "bytes"}
        why = "this kernel has no such counter for a node"
        for number, counters in report.nodes.items():
            if number not in nodes:
                self.ledger.fail(f"nodes.{number}", "no such node", "printed")
                continue
            for key, own_key in NODE_STATS.items():
                own = nodes[number]["stat_bytes"][own_key]
                # What reclaim on another CPU has taken off the lists at the moment comes and goes like free memory.
                how = free if own_key.startswith("isolated") else counter
                if self.options.swapping_pages and own_key in ("active_anon", "inactive_anon"):
                    how = {"tolerance": AGED_PAGES * page_size, "unit": "bytes"}
                self.check_optional(f"nodes.{number}.{key}", own, counters.get(key), why, **how)
            failures = nodes[number]["kswapd_failures"]
            if failures is None:  # read from a log
                self.check(f"nodes.{number}.all_unreclaimable", nodes[number]["all_unreclaimable"], report.all_unreclaimable[number])
                continue
            kernels = report.all_unreclaimable.get(number)
            # A report before a panic has a console to wait for: seen to be 0.34 s until this line, and fourteen rounds.
            rounds = MAX_RECLAIM_RETRIES if report.panic else KSWAPD_ROUNDS
            near = bool(kernels) and failures >= MAX_RECLAIM_RETRIES - rounds
            moving = {"tolerance": int(near or bool(self.options.swapping_pages))}  # what it gets out to swap sets it back to 0
            self.check(f"nodes.{number}.all_unreclaimable", failures >= MAX_RECLAIM_RETRIES, kernels, **moving)
        only_summed = ("slab_reclaimable", "slab_unreclaimable", "kernel_misc_reclaimable")
        totals = {key: report.totals_pages.get(key) for key in only_summed}
        totals["file_pages"] = report.page_counts.get("pagecache pages")
        for key, pages in totals.items():
            values = [node["stat_bytes"][key] for node in nodes.values()]
            own = None if None in values else sum(values)
            self.check_optional(f"nodes.all.{key}", own, None if pages is None else pages * page_size, why, **counter)

    def compare_swap(self):
        swap, report = self.incident["swap"], self.report
        moving = {"tolerance": self.options.counter_tolerance_pages * self.options.page_size, "unit": "bytes"}
        self.check("swap.total", swap["total_bytes"], report.swap_total_bytes, "swap")
        self.check("swap.free", swap["free_bytes"], report.swap_free_bytes, "swap", **moving)
        hugetlb = self.incident["hugetlb"]
        if report.hugepages and hugetlb["page_size_bytes"] is not None:
            sizes = [row for row in report.hugepages if row["size"] * 1024 == hugetlb["page_size_bytes"]]
            for key in ("total", "free"):
                self.check(f"swap.hugepages_{key}", hugetlb[f"pages_{key}"], sum(row[key] for row in sizes), "swap")
