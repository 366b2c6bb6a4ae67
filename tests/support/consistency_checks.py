# SPDX-License-Identifier: Apache-2.0
"""What an incident says twice in different words: sums and their parts, times and how long after the invocation, the ranking and the
candidates. And what /proc said of the processes and the settings while they were there."""

NS_PER_TICK = 10_000_000  # of the times in /proc/PID/stat: USER_HZ is 100
STEPS = {"signalled": "signalled_ns", "marked": "marked_ns", "exited": "exited_ns", "memory_released": "released_ns"}


def check_sums(checks, incident):
    for what in ("candidates", "kills"):
        for task in incident[what] or []:
            parts = [task[f"rss_{kind}_bytes"] for kind in ("anon", "file", "shmem")]
            if None not in parts:
                checks.expect(f"rss of {task['pid']} among the {what}", task["rss_bytes"], sum(parts))
    returned = [kill["returned_bytes"] for kill in incident["kills"] or [] if kill["returned_bytes"] is not None]
    checks.expect("memory that came back", incident["after"]["returned_bytes"], sum(returned) if returned else None)
    # The kernel does not count those that share the victim's memory.
    counted = [kill for kill in incident["kills"] or [] if kill["signalled"] and kill["why"] != "shares_mm"]
    checks.expect("kills listed", incident["checks"]["kills"]["listed"], len(counted))


def check_ranking(checks, incident):
    victim, verdict = incident["victim"], incident["verdict"]["victim"]
    eligible = [candidate for candidate in incident["candidates"] or [] if candidate["eligible"]]
    if victim is None or verdict is None or victim["points"] is None or not eligible:
        return
    checks.expect("tasks weighed", verdict["weighed"], len(incident["candidates"]))
    checks.expect("tasks eligible", verdict["eligible"], len(eligible))
    points = sorted((candidate["points"] for candidate in eligible), reverse=True)
    ranking = verdict["ranking"]
    checks.expect("points of the ranking", [entry["points"] for entry in ranking], points[: len(ranking)])
    scored = {(candidate["pid"], candidate["comm"], candidate["points"]) for candidate in eligible}
    checks.expect("tasks of the ranking", {(e["pid"], e["comm"], e["points"]) for e in ranking} - scored, set())
    if verdict["points"] is not None:
        checks.expect("parts of the score", sum(verdict["points"].values()), victim["points"])
    others = [candidate["points"] for candidate in eligible if candidate["pid"] != victim["pid"]]
    if victim["runner_up"] is not None:
        checks.expect("points of the runner-up", victim["runner_up"]["points"], max(others, default=None))
        checks.expect("margin", victim["runner_up"]["margin_points"], victim["points"] - victim["runner_up"]["points"])
    if victim["share_of_total"] is not None and incident["total_pages"]:
        share = victim["points"] / incident["total_pages"]
        checks.expect_between("share of the total", victim["share_of_total"], share - 1e-6, share + 1e-6)


def check_times(checks, incident):
    began, after = incident["monotonic_ns"], incident["after"]
    for entry in incident["timeline"]:
        checks.expect(f"time of {entry['event']}", entry["since_invocation_ns"], entry["monotonic_ns"] - began)
    shown = {(entry["event"], entry["monotonic_ns"]) for entry in incident["timeline"]}
    kills = incident["kills"] or []
    for kill in kills:
        for event, key in STEPS.items():
            if kill[key] is not None:
                checks.expect(f"{event} of {kill['tgid']} is in the timeline", (event, kill[key]) in shown, True)
    killed = [kill[key] for kill in kills for key in ("signalled_ns", "marked_ns") if kill[key] is not None]
    checks.expect("time to the kill", after["to_kill_ns"], min(killed) - began if killed else None)
    for kill in kills:
        if incident["victim"] is not None and kill["tgid"] == incident["victim"]["tgid"]:
            for what, key in (("to_exit_ns", "exited_ns"), ("to_release_ns", "released_ns")):
                checks.expect(what, after[what], kill[key] - began if kill[key] is not None else None)


def check_consistency(checks, incident):
    check_sums(checks, incident)
    check_ranking(checks, incident)
    check_times(checks, incident)


def check_against_proc(checks, incident, stat_lines, sysctl_lines):
    """`stat_lines`: /proc/PID/stat of processes that were there. `sysctl_lines`: name and value of settings of /proc/sys/vm."""
    tasks = [*(incident["candidates"] or []), *(incident["kills"] or [])]
    for line in stat_lines:
        pid, rest = int(line.split(" ", 1)[0]), line.rsplit(")", 1)[1].split()
        ppid, threads, start_ticks = int(rest[1]), int(rest[17]), int(rest[19])
        for task in tasks:
            # The kernel's log does not have it, and of a task that is leaving the threads may be gone.
            known = task["start_boottime_ns"] is not None and (task["threads"] is not None or task.get("eligible", True))
            if task["pid"] == pid and known:
                checks.expect(f"parent of {pid}", task["ppid"], ppid)
                checks.expect(f"threads of {pid}", task["threads"], threads)
                checks.expect(f"start of {pid} in ticks", task["start_boottime_ns"] // NS_PER_TICK, start_ticks)
    # The kernel's log, where an incident is known from it alone, does not have the settings.
    for line in sysctl_lines if incident["provenance"]["sysctls"]["source"] == "procfs" else ():
        name, *values = line.split()
        told = incident["sysctls"][name]
        checks.expect(f"vm.{name}", told if isinstance(told, list) else [told], [int(value) for value in values])
