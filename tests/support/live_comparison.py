# SPDX-License-Identifier: Apache-2.0
"""The incidents of `oomtrace explain --json` from a kernel log, against the live record of the same OOMs: same victim, same points of
every candidate that the kernel's table has, same verdict.

The log has less than the record has. What it cannot know is expected to differ, by reason: never for another cause than that."""

import collections
import re

# Of what a kernel prints of its memory after oomtrace has read it: what other processors did meanwhile.
MOVED_PAGES = 1024
PAGE = 4096

NO_TABLE = "the log has no task table"
UNKILLABLE = "the kernel's table has no task that cannot be killed, but for its oom_score_adj"
NO_SWAP_TOTAL = "the report of a cgroup does not say how much swap the host has, so that the score of an oom_score_adj is not known"
NO_SWAP_LINES = "the report of a cgroup has no line about the host's swap"
NO_SWAP_LIVE = "the live record does not have the host's swap"
OTHER_NODES = "the report leaves out the nodes that the allocation was not allowed to use"
NOT_PRINTED = "the kernel does not print this counter"
NOT_PER_NODE = "the kernel prints this counter for the whole host only"
NO_MEMORY_STAT = "the live record has no memory.stat of the cgroup"
MOVED = "free pages, watermarks and a cgroup's usage went on moving between the live reading and the report"
SWAPPED = "pages went out to swap, or came back, between the live reading and the report"
GAVE_UP_ITS_MEMORY = "a process that had memory at the live reading had given it up before the kernel printed its table"
EXITED = "the chosen one had been killed before, and had given up its memory when the kernel printed its table"
THREAD_ASKS = "the report does not name the process of a thread that asks"
ONLY_THE_KILL = "of this OOM the kernel printed no more than the line of the kill (its rate limit)"
NOBODY_WEIGHED = "with oom_kill_allocating_task or panic_on_oom the kernel weighs nobody, and prints its table all the same"
SHARERS_NOT_PRINTED = "the kernel does not print whom it kills for sharing the victim's memory"
HELD_BACK = "until 6.1 a thread of the victim that still runs may hold back changes of its counters, and hands them over as it dies"
OTHERS_BETWEEN = "lines of another report stand in between, so that the log's ledger is not known to be whole"
NO_POINTS_LIVE = "the live record does not have the score"

# By what the log lacks: mapped anonymous pages, file pages of a node (swap cache is in the total that it prints), and hence the rest.
HOLDERS_NOT_PRINTED = {"anon", "file_cache", "not_accounted", "other_kernel"}
VICTIMS_BEFORE = {"already_victim", "mmf_oom_skip"}
# What follows from the victim's row.
OF_THE_VICTIMS_ROW = {"victim.points", "victim.eligible", "victim.margin_points", "victim.ranking", "victim.larger", "summary"}
OF_THE_VICTIMS_ROW |= {"summary's trigger", "why_victim", "counterfactuals", "no_counterfactuals", "candidates that could be killed"}
HOLDERS_OF_THE_HOST = {"slab_reclaimable", "slab_unreclaimable"}


class LiveComparison:
    """What was compared of all incidents of a run, what differs, and what was expected to."""

    def __init__(self, victim_tolerance_pages=0, released_pages=0, swapping_pages=0):
        """See incident_comparison.Options."""
        self.compared = 0
        self._victim_tolerance_pages = victim_tolerance_pages
        self._released_pages = released_pages
        self._swapping_pages = swapping_pages
        self._held_back = frozenset()  # fields that follow from the victim's counters
        self.problems = []
        self.expected = collections.defaultdict(set)  # reason -> fields
        self._where = ""
        self._only_the_kill = False
        self._exited = False

    def check(self, field, live, log, *, reason=None):
        """`reason`: why the log may have something else here, where it is known to."""
        self.compared += 1
        if live == log:
            return
        if self._only_the_kill and not field.startswith(("outcome", "scope", "victim.comm", "victim.uid", "kills")):
            reason = ONLY_THE_KILL
        if self._exited and field in OF_THE_VICTIMS_ROW:
            reason = EXITED
        if field in self._held_back:
            reason = HELD_BACK
        if reason is not None:
            self.expected[reason].add(field)
            return
        self.problems.append(f"{self._where}{field}: the live record has {live!r}, the log {log!r}")

    def compare(self, live, explained):
        """Each incident of the log has its live record; a live record has one of the log unless the kernel printed no report."""
        left = list(live)
        for incident in explained:
            pid = _pid(incident)
            record = next((record for record in left if _pid(record) == pid and _same_end(record, incident)), None)
            if record is None:
                self.problems.append(f"the log's {incident['outcome']} of {pid} has no live record")
                continue
            left.remove(record)
            self._where = f"victim {pid}, "
            self._only_the_kill = incident["trigger"] is None and not incident["candidates"] and len(incident["kills"] or []) == 1
            self._exited = incident["outcome"] == "victim_already_dying" and pid in _rows_gone(record, incident)
            self._held_back = self._fields_held_back(record, incident)
            self._compare_outcome(record, incident)
            self._compare_candidates(record, incident)
            self._compare_why_now(record, incident)
            self._compare_why_victim(record, incident)

    def _fields_held_back(self, live, log):
        victim, other = live["victim"], log["victim"]
        if victim is None or other is None or victim["points"] is None or other["points"] is None:
            return frozenset()
        if not 0 < abs(victim["points"] - other["points"]) <= self._victim_tolerance_pages:
            return frozenset()
        candidate = f"candidate {victim['comm']}[{victim['pid']}].points"
        return frozenset({"victim.points", "victim.margin_points", candidate, "why_victim", "counterfactuals"})

    def _size_held_back(self, live, log):
        """Of a victim whose score was read before its last changes were handed over, and its size after, or the other way round."""
        sizes = [victim["rss_bytes"] for victim in (live["victim"], log["victim"]) if victim is not None]
        return len(sizes) == 2 and None not in sizes and 0 < abs(sizes[0] - sizes[1]) <= self._victim_tolerance_pages * PAGE

    def _compare_outcome(self, live, log):
        for field in ("outcome", "scope", "constraint"):
            self.check(field, live[field], log[field])
        if live["victim"] is not None and log["victim"] is not None:
            for field in ("tgid", "comm", "uid"):
                self.check(f"victim.{field}", live["victim"][field], log["victim"][field])
            why = _why_no_points(live["victim"], log, log["victim"])
            self.check("victim.points", live["victim"]["points"], log["victim"]["points"], reason=why)
        sharers = {kill["pid"] for kill in live["kills"] or [] if kill["why"] == "shares_mm"} - set(_pids(log["kills"]))
        self.check("kills that share the memory", [], sorted(sharers), reason=SHARERS_NOT_PRINTED)
        self.check("kills", sorted(set(_pids(live["kills"])) - sharers), _pids(log["kills"]))
        for field in ("pid", "comm"):
            self.check(f"trigger.{field}", live["trigger"][field], (log["trigger"] or {}).get(field))
        summaries = [incident["verdict"]["summary"] for incident in (live, log)]
        # The victim's size is of its counters, which are compared as such.
        if self._held_back or self._swapping_pages or self._size_held_back(live, log):
            summaries = [_without_size(summary) for summary in summaries]
        self.check("summary", *(_without_trigger(summary) for summary in summaries))
        # "asked by itself", "asked by biter[571, of process 570]"
        thread = None if log["trigger"] is None or log["trigger"]["tgid"] else THREAD_ASKS
        self.check("summary's trigger", *summaries, reason=thread)

    def _compare_candidates(self, live, log):
        records = {candidate["pid"]: candidate for candidate in live["candidates"] or []}
        if _nobody_weighed(live, log):
            self.check("candidates", [], [candidate["pid"] for candidate in log["candidates"]], reason=NOBODY_WEIGHED)
            return
        for candidate in log["candidates"] or []:
            name = f"candidate {candidate['comm']}[{candidate['pid']}]."
            record = records.get(candidate["pid"])
            if record is None:
                self.problems.append(f"{self._where}{name[:-1]} is not in the live record")
                continue
            for field in ("comm", "tgid", "uid", "oom_score_adj", "eligible", "skip_reason", "chosen"):
                self.check(name + field, record[field], candidate[field])
            self.check(name + "points", record["points"], candidate["points"], reason=_why_no_points(record, log, candidate))
        # A task that could have been killed cannot be left out of the table.
        listed = {candidate["pid"] for candidate in log["candidates"] or []}
        missing = [record["comm"] for pid, record in records.items() if record["eligible"] and pid not in listed]
        self.check("candidates that could be killed", [], missing, reason=None if log["candidates"] else NO_TABLE)

    def _compare_why_now(self, live, log):
        now, other = live["verdict"]["now"], log["verdict"]["now"]
        moved = self._compare_zones(now["zones"], other["zones"], _other_nodes_left_out(log))
        self.check("now.shortage", now["shortage"], other["shortage"], reason=MOVED if moved else None)
        for field in ("requested_bytes", "highest_zone"):
            self.check(f"now.{field}", now[field], other[field])
        limit, limit_log = now["limit"] or {}, other["limit"] or {}
        usage_moved = self._usage_moved(live, limit.get("usage_bytes"), limit_log.get("usage_bytes"))
        # It is the usage without what the processes have, and none where that is little.
        outside = "not_in_processes_bytes"
        exited = GAVE_UP_ITS_MEMORY if _gave_up_their_memory(live, log) else None
        self.check(f"now.{outside}", now[outside], other[outside], reason=MOVED if usage_moved else exited)
        for field in sorted({*limit, *limit_log}):
            reason = MOVED if field == "usage_bytes" and usage_moved else None
            self.check(f"now.limit.{field}", limit.get(field), limit_log.get(field), reason=reason)
        not_read = NO_SWAP_LIVE if live["provenance"]["swap"]["source"] == "absent" else None
        self.check("now.swap", now["swap"], other["swap"], reason=NO_SWAP_LINES if _no_swap_lines(log) else not_read)
        left_out = OTHER_NODES if _other_nodes_left_out(log) and not other["free_on_other_nodes_bytes"] else None
        elsewhere = "free_on_other_nodes_bytes"
        self.check(f"now.{elsewhere}", now[elsewhere], other[elsewhere], reason=left_out)
        if now["held"] is None or other["held"] is None:
            # Live, no group's memory.stat is read; a log has it.
            stat = NO_MEMORY_STAT if live["scope"] == "memcg" and not now["held"] else None
            self.check("now.held", now["held"], other["held"], reason=stat)
            return
        of_the_usage = MOVED if usage_moved and live["scope"] == "memcg" else None
        self.check("now.held_of_bytes", now["held_of_bytes"], other["held_of_bytes"], reason=of_the_usage)
        ours = {held["holder"]: held["bytes"] for held in other["held"]}
        for held in now["held"]:
            holder = held["holder"]
            reason = NOT_PRINTED if holder in HOLDERS_NOT_PRINTED else None
            if holder in HOLDERS_OF_THE_HOST and holder not in ours and _other_nodes_left_out(log):
                reason = NOT_PER_NODE
            elif holder == "kernel" and live["scope"] == "memcg" and holder not in ours:
                reason = NO_MEMORY_STAT  # cgroup v1 counts the kernel's memory as a whole, memory.stat takes it apart
            elif reason is None and holder in ours and abs(ours[holder] - held["bytes"]) <= MOVED_PAGES * PAGE:
                reason = MOVED
            self.check(f"now.held.{holder}", held["bytes"], ours.get(holder), reason=reason)

    def _usage_moved(self, record, live, log):
        if live is None or log is None or live == log:
            return False
        # What earlier victims give back is gone from the later reading: the report's, but where the mark of the victim, which the
        # kernel sets after it has reported, is all that tells of the OOM.
        before, after = (log, live) if record["tracer"]["attach_method"] == "tracepoint" else (live, log)
        return -MOVED_PAGES * PAGE <= before - after <= (MOVED_PAGES + self._released_pages) * PAGE

    def _only_swapped(self, live, log):
        """Of what a score is made of: pages went out to swap or came back, and all else is the same."""
        if live is None or log is None or abs(live["rss_pages"] - log["rss_pages"]) > self._swapping_pages:
            return False
        return {**live, "rss_pages": live["rss_pages"] + live["swap_pages"], "swap_pages": 0} == {
            **log, "rss_pages": log["rss_pages"] + log["swap_pages"], "swap_pages": 0
        }  # fmt: skip

    def _compare_zones(self, live, log, others_left_out):
        """Whether a zone has moved in between."""
        moved = False
        ours = {(zone["node"], zone["zone"]): zone for zone in log or []}
        for zone in live or []:
            name = f"now.zone {zone['node']} {zone['zone']}"
            other = ours.pop((zone["node"], zone["zone"]), None)
            if other is None:
                away = others_left_out and zone["reason"] == "node_not_allowed"
                self.check(name, zone["reason"], None, reason=OTHER_NODES if away else None)
                continue
            sizes = ("free_bytes", "min_bytes", "lowmem_reserve_bytes")
            differences = [abs(zone[size] - other[size]) for size in sizes]
            has_moved = 0 < max(differences) <= MOVED_PAGES * PAGE
            moved |= has_moved
            for field in (*sizes, "reason", "short_by_bytes", "largest_block_bytes", "unusable_bytes"):
                self.check(f"{name}.{field}", zone[field], other[field], reason=MOVED if has_moved else None)
        self.check("zones that only the log has", [], sorted(ours))
        return moved

    def _compare_why_victim(self, live, log):
        verdict, other = live["verdict"], log["verdict"]
        why, why_log = verdict["victim"], other["victim"]
        unknown = None
        if _nobody_weighed(live, log):
            unknown = NOBODY_WEIGHED
        elif not log["candidates"]:
            unknown = NO_TABLE
        elif _swap_total_unknown(log) and any(candidate["points"] is None for candidate in log["candidates"]):
            unknown = NO_SWAP_TOTAL
        between = OTHERS_BETWEEN if any("another report" in what for what in log["completeness"]["missing"]) else None
        weighed = unknown if unknown in (NOBODY_WEIGHED, NO_TABLE) else None
        if weighed is None and why_log["weighed"] == len(log["candidates"]) < why["weighed"]:
            weighed = UNKILLABLE
        self.check("victim.weighed", why["weighed"], why_log["weighed"], reason=weighed)
        self.check("victim.reasons", why["reasons"], why_log["reasons"], reason=between if unknown in (None, NOBODY_WEIGHED) else unknown)
        for field in ("eligible", "points", "margin_points", "ranking", "larger", "elsewhere_bytes"):
            swapped = SWAPPED if field == "points" and self._only_swapped(why[field], why_log[field]) else None
            self.check(f"victim.{field}", why[field], why_log[field], reason=swapped or unknown)
        text, text_log = verdict["why_victim"], other["why_victim"]
        if text is not None and text_log is not None:  # "the only one of 75 tasks": see victim.weighed
            text = text.replace(f" of {why['weighed']} tasks", " of the tasks")
            text_log = text_log.replace(f" of {why_log['weighed']} tasks", " of the tasks")
            if why["points"] != why_log["points"] and self._only_swapped(why["points"], why_log["points"]):
                text, text_log = (re.sub(r"[0-9.]+ [KMGT]?i?B\b", "some bytes", each) for each in (text, text_log))
        self.check("why_victim", text, text_log, reason=unknown or between)
        # What another oom_score_adj had done is told only where all scores are known.
        untold = NO_SWAP_TOTAL if _swap_total_unknown(log) else unknown or between
        for field in ("counterfactuals", "no_counterfactuals", "disagreements"):
            self.check(field, verdict[field], other[field], reason=untold)

    def table(self):
        lines = [f"explained from the log: {self.compared} values compared with the live record, {len(self.problems)} differ"]
        for reason, fields in sorted(self.expected.items()):
            shown = sorted(fields)
            more = f" and {len(shown) - 6} more" if len(shown) > 6 else ""
            lines.append(f"expected ({reason}): {', '.join(shown[:6])}{more}")
        return "\n".join(lines)


def _without_trigger(summary):
    return summary.partition("; asked by ")[0]


def _without_size(summary):
    return re.sub(r"(\[[0-9]+\]) \([0-9.]+ [KMGT]?i?B(?: \+ [0-9.]+ [KMGT]?i?B in swap)?\)", r"\1", summary, count=1)


def _pid(incident):
    return incident["victim"]["pid"] if incident["victim"] else None


def _pids(processes):
    return sorted(process["pid"] for process in processes or [])


def _same_end(live, log):
    """Of incidents without a victim, or with the same one: the outcome tells them apart."""
    return live["outcome"] == log["outcome"] or live["victim"] is not None


def _rows_gone(live, log):
    """{pid: candidate of the live record} that have no row in the kernel's table. It lists every process that has memory, but for
    its own threads and init."""
    listed = set(_pids(log["candidates"]))
    return {record["pid"]: record for record in (live["candidates"] or []) if record["pid"] not in listed} if listed else {}


def _gave_up_their_memory(live, log):
    # One that was killed before may have let go of its mm already, and its memory not be back yet.
    return any(record["rss_bytes"] or record["skip_reason"] in VICTIMS_BEFORE for record in _rows_gone(live, log).values())


def _nobody_weighed(live, log):
    for_another_reason = log["outcome"] == "panic" or "oom_kill_allocating_task" in (log["kernel_message"] or "")
    return for_another_reason and not live["candidates"] and bool(log["candidates"])


def _swap_total_unknown(log):
    return log["scope"] == "memcg" and log["total_pages"] is None


def _no_swap_lines(log):
    return log["scope"] == "memcg" and log["swap"]["total_bytes"] is None


def _other_nodes_left_out(log):
    return log["constraint"] in ("cpuset", "memory_policy")


def _why_no_points(live, log, process):
    """Why the log has no points of a process whose score the live record has, or the record none."""
    if live["points"] is None:
        return NO_POINTS_LIVE
    if process["points"] is not None:
        return None
    if not log["candidates"]:
        return NO_TABLE
    return NO_SWAP_TOTAL if _swap_total_unknown(log) and process["oom_score_adj"] else None
