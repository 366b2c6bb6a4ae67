# SPDX-License-Identifier: Apache-2.0
"""The kernel's own trace (tracefs) of what came before and after an OOM: the retries of its allocator, the marks and signals of the
victims, the reaper, the exits. What incidents say of them, held against it."""

import collections
import dataclasses
import re

PAGE = 4096
# Three tracers and the trace come one after the other, on an emulated processor, and Linux 7.3 may run others in between.
CLOCKS_APART_NS = 500_000_000

LINE = re.compile(r"^\s*.*-(?P<pid>\d+)\s+\[\d+\]\s+\S+\s+(?P<s>\d+)\.(?P<us>\d{6}): (?P<what>\w+)(?:: (?P<fields>.*)|\(.*)$")
FIELD = re.compile(r"([\w-]+)=(\S+)")
# COMPACTION_FEEDBACK of include/trace/events/mmflags.h, and compact_result_to_feedback().
FEEDBACK = {"success": "progress", "complete": "failed"}
PRIORITIES = {"COMPACT_PRIO_SYNC_FULL": "sync_full", "COMPACT_PRIO_SYNC_LIGHT": "sync_light", "COMPACT_PRIO_ASYNC": "async"}

REAPER_STEPS = {
    "woken_ns": "wake_reaper",
    "started_ns": "start_task_reaping",
    "finished_ns": "finish_task_reaping",
    "skipped_ns": "skip_task_reaping",
}


@dataclasses.dataclass(frozen=True)
class Event:
    pid: int
    time_ns: int
    kind: str  # the event's name; "request": the task began another system call
    fields: dict


def read_trace(text):
    """The events in a trace file of tracefs, whose clock was `mono`."""
    events = []
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        found = LINE.match(line)
        if not found:
            raise ValueError(f"a line of the trace that cannot be read: {line!r}")
        kind = found["what"] if found["fields"] is not None else "request"
        fields = dict(FIELD.findall(found["fields"] or ""))
        events.append(Event(int(found["pid"]), int(found["s"]) * 10**9 + int(found["us"]) * 1000, kind, fields))
    return events


def rounds_of(events):
    """The events of the reclaim, a list per round: should_reclaim_retry() ends one where a zone would do, or with the last zone."""
    rounds = []
    for event in events:
        if event.kind != "reclaim_retry_zone":
            continue
        last = rounds[-1] if rounds else None
        zones = [(earlier.fields["node"], earlier.fields["zone"]) for earlier in last or ()]
        if (
            last is None
            or last[-1].fields["wmark_check"] == "1"
            or last[-1].fields["no_progress_loops"] != event.fields["no_progress_loops"]
            or (event.fields["node"], event.fields["zone"]) in zones
        ):
            rounds.append([])
        rounds[-1].append(event)
    return rounds


def expect_reclaim(checks, reclaim, rounds):
    zones = [
        {
            "node": int(event.fields["node"]),
            "name": event.fields["zone"],
            "reclaimable_bytes": int(event.fields["reclaimable"]) * PAGE,
            "available_bytes": int(event.fields["available"]) * PAGE,
            "min_wmark_bytes": int(event.fields["min_wmark"]) * PAGE,
            "wmark_check": event.fields["wmark_check"] == "1",
        }
        for event in rounds[-1]
    ]
    told = [{key: value for key, value in zone.items() if key != "index"} for zone in reclaim["zones"]]
    checks.expect("zones of the last round in the trace", told, zones[: len(told)] if reclaim["zones_left_out"] else zones)
    checks.expect("order in the trace", reclaim["order"], int(rounds[-1][-1].fields["order"]))
    checks.expect("no_progress_loops in the trace", reclaim["no_progress_loops"], int(rounds[-1][-1].fields["no_progress_loops"]))


def expect_compaction(checks, compaction, last):
    checks.expect("order of compaction in the trace", compaction["order"], int(last.fields["order"]))
    checks.expect("priority in the trace", compaction["priority"], PRIORITIES[last.fields["priority"]])
    feedback = FEEDBACK.get(compaction["result"], "withdrawn")
    checks.expect("result in the trace", feedback, last.fields["compaction_result"])
    for told, traced in (("retries", "retries"), ("max_retries", "max_retries"), ("again", "should_retry")):
        checks.expect(f"{traced} in the trace", int(compaction[told]), int(last.fields[traced]))


def check_before_against_trace(checks, incident, events):
    """Where the trace has the trigger's system calls, also how often it was tried again for this request, and since when."""
    if incident["before"] is None or incident["trigger"] is None:
        return
    now_ns = incident["monotonic_ns"]
    earlier = [event for event in events if event.pid == incident["trigger"]["pid"] and event.time_ns <= now_ns]
    begins = [number for number, event in enumerate(earlier) if event.kind == "request"]
    of_request = earlier[begins[-1] :] if begins else earlier
    reclaim, compaction = incident["before"]["reclaim"], incident["before"]["compaction"]
    rounds = rounds_of(of_request)
    compactions = [event for event in of_request if event.kind == "compact_retry"]
    if reclaim is not None and reclaim["rounds"]:
        checks.expect("rounds of reclaim are in the trace", bool(rounds), True)
        if rounds:
            expect_reclaim(checks, reclaim, rounds)
    if compaction is not None and compaction["checks"]:
        checks.expect("compactions are in the trace", bool(compactions), True)
        if compactions:
            expect_compaction(checks, compaction, compactions[-1])
    if not begins and earlier:
        return
    for what, ledger, told, first_events in (
        ("rounds of reclaim", reclaim, reclaim["rounds"], [events_of_round[0] for events_of_round in rounds]),
        ("compactions", compaction, compaction["checks"], compactions),
    ):
        checks.expect(f"{what} in the trace", told, len(first_events))
        if told and first_events:
            traced = now_ns - first_events[0].time_ns
            within = (traced - CLOCKS_APART_NS, traced + CLOCKS_APART_NS)
            checks.expect_between(f"time since the first of the {what}", ledger["duration_ns"], *within)


def expect_traced(checks, what, told_ns, traced, until_ns):
    """`traced`: the times of that event of that task. None was told: there was none until then."""
    if told_ns is None:
        checks.expect(f"{what} in the trace", [time_ns for time_ns in traced if time_ns < until_ns], [])
    else:
        apart = min((abs(time_ns - told_ns) for time_ns in traced), default=1 << 62)
        checks.expect_between(f"time between {what} and its trace", apart, 0, CLOCKS_APART_NS)


def check_kills_against_trace(checks, incidents, events):
    """Every victim that was marked is told, and no other; and each step on its way, when it was taken."""
    times = collections.defaultdict(list)
    for event in events:
        if "pid" in event.fields:
            times[event.kind, int(event.fields["pid"])].append(event.time_ns)
    kills = [kill for incident in incidents for kill in incident["kills"] or []]
    marked = sorted(kill["pid"] for kill in kills if kill["marked"])
    traced = sorted(pid for (kind, pid), when in times.items() for _ in when if kind == "mark_victim")
    checks.expect("victims that were marked", marked, traced)
    for kill in kills:
        what, pid = f"of {kill['comm']}", kill["pid"]
        # What came later than the memory came back, the incident does not wait for.
        until_ns = (kill["released_ns"] or 1 << 62) - CLOCKS_APART_NS
        if kill["signalled"]:
            expect_traced(checks, f"the signal {what}", kill["signalled_ns"], times["signal_generate", pid], until_ns)
        if kill["marked"]:
            expect_traced(checks, f"the mark {what}", kill["marked_ns"], times["mark_victim", pid], until_ns)
        if kill["threads"] == 1:
            expect_traced(checks, f"the exit {what}", kill["exited_ns"], times["sched_process_exit", pid], until_ns)
        for step, kind in REAPER_STEPS.items():
            expect_traced(checks, f"{kind} {what}", kill["reaper"][step], times[kind, pid], until_ns)
