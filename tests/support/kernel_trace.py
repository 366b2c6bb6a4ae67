# SPDX-License-Identifier: Apache-2.0
"""The retries of an allocation before the OOM killer is invoked, as the kernel's own trace of its events oom:reclaim_retry_zone and
oom:compact_retry has them; and what incidents say of them, held against it."""

import dataclasses
import re

PAGE = 4096
# Three tracers and the trace come one after the other, on an emulated processor.
CLOCKS_APART_NS = 50_000_000

LINE = re.compile(r"^\s*.*-(?P<pid>\d+)\s+\[\d+\]\s+\S+\s+(?P<s>\d+)\.(?P<us>\d{6}): (?P<what>\w+)(?:: (?P<fields>.*)|\(.*)$")
# COMPACTION_FEEDBACK of include/trace/events/mmflags.h, and compact_result_to_feedback().
FEEDBACK = {"success": "progress", "complete": "failed"}
PRIORITIES = {"COMPACT_PRIO_SYNC_FULL": "sync_full", "COMPACT_PRIO_SYNC_LIGHT": "sync_light", "COMPACT_PRIO_ASYNC": "async"}


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
        fields = dict(pair.split("=", 1) for pair in (found["fields"] or "").split())
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


def check_against_trace(checks, incident, events):
    """Where the trace has the trigger's system calls, also how often it was tried again for this request, and since when."""
    if incident["scope"] != "global" or incident["before"] is None or incident["trigger"] is None:
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
    if not begins:
        return
    for what, told, number, first in (
        ("rounds of reclaim", reclaim["rounds"], len(rounds), rounds[0][0] if rounds else None),
        ("compactions", compaction["checks"], len(compactions), compactions[0] if compactions else None),
    ):
        checks.expect(f"{what} in the trace", told, number)
        if told and first:
            since = (reclaim if what.startswith("rounds") else compaction)["duration_ns"]
            traced = now_ns - first.time_ns
            checks.expect_between(f"time since the first of the {what}", since, traced - CLOCKS_APART_NS, traced + CLOCKS_APART_NS)
