#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`oomtrace agent` as the service that its package makes of it, in a Debian with systemd under QEMU, through kills in units, of the host
and of the agent itself: what service_steps.sh saw there, judged here.

usage: service_test.py --build build/release [--kernel NAME] [--output DIR] [--no-boot]
Exit status: 0 as it has to be, 1 not, 77 the guest cannot be made here, for the reason that is printed. Takes minutes, and root."""

import argparse
import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent.parent
sys.path.insert(0, str(TOP / "tests" / "support"))
sys.path.insert(0, str(HERE.parent))

import kernel_report  # noqa: E402
import scenario  # noqa: E402
from compare_with_kernel_log import compare  # noqa: E402
from setup_checks import SetupChecks  # noqa: E402

SKIPPED = 77
OUTPUT_INCOMPLETE = (FileNotFoundError, AttributeError, LookupError, TypeError, ValueError)
# What the agent keeps after the start, and what it is bounded by: capabilities(7).
CAPABILITIES = {"CAP_DAC_READ_SEARCH": 2, "CAP_IPC_LOCK": 14, "CAP_PERFMON": 38, "CAP_BPF": 39}
USER_UNITS = "/user.slice/user-1000.slice/user@1000.service/app.slice"
# Victims in the order of their deaths: their cgroup, and whether the agent saw it.
KILLS = {
    "hog": ("/system.slice/hog.service", "fentry"),
    "greedy": (f"{USER_UNITS}/greedy.service", "fentry"),
    "glutton": ("/system.slice/glutton.service", "fentry"),
    "hog-kprobe": ("/system.slice/hog-kprobe.service", "kprobe"),
    "hog-tracepoint": ("/system.slice/hog-tracepoint.service", "tracepoint"),
    "unseen": ("/system.slice/unseen.service", None),
    "stopped": ("/system.slice/stopped.service", None),
}
# All of Debian works on while the kernel prints, and reclaim with it.
OPTIONS = dataclasses.replace(scenario.OPTIONS, free_tolerance_pages=4096, counter_tolerance_pages=4096)
# Emulated: on a machine it is a fraction of that.
MOST_SECONDS_TO_STOP = 10


def properties(path):
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def process_status(path):
    return dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)


def json_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def metrics(path):
    lines = (line for line in path.read_text().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def seconds(path):
    return float(path.read_text())


class Judge(SetupChecks):
    def __init__(self, output):
        super().__init__()
        self.output = output
        self.reports = []

    def expect_match(self, what, text, pattern):
        self.checked += 1
        if not re.search(pattern, text, re.MULTILINE):
            self.problems.append(f"{what}: no {pattern!r} in {text!r}")

    def expect_healthy(self, what, looked):
        """`looked`: step/name of the guest's look()."""
        at = self.output / looked
        self.expect(f"{what}: state", properties(at.with_suffix(".show"))["ActiveState"], "active")
        self.expect(f"{what}: /healthz", at.with_suffix(".healthz").read_text(), "alive\n200\n")
        self.expect(f"{what}: /readyz", at.with_suffix(".readyz").read_text(), "ready\n200\n")
        self.expect(f"{what}: ready", metrics(at.with_suffix(".metrics"))["oomtrace_ready"], 1)

    def expect_attached(self, what, looked, method):
        attached = metrics((self.output / looked).with_suffix(".metrics"))
        for name in ("fentry", "kprobe", "tracepoint"):
            count = attached[f'oomtrace_hooks_attached{{method="{name}"}}']
            self.expect_between(f"{what}: hooks by {name}", count, *((4, 100) if name == method else (0, 0)))

    # ---- the steps ----

    def start(self):
        self.expect_healthy("started", "start/after")
        self.expect_attached("started", "start/after", "fentry")
        show = properties(self.output / "start/after.show")
        for name, value in {"Type": "notify", "NRestarts": "0", "WatchdogUSec": "10min", "StatusText": "watching by fentry"}.items():
            self.expect(f"started: {name}", show[name], value)
        self.expect_between("started: memory of its cgroup", int(show["MemoryCurrent"]), 1 << 20, 32 << 20)  # its MemoryMin
        self.expect("oom_score_adj", (self.output / "start/after.oom_score_adj").read_text(), "-1000\n")
        # Under fentry only the second programs of tracepoints are events of perf, for which the unit has to let it.
        links = (self.output / "start/after.links").read_text().split()
        self.expect("started: links of perf", links.count("perf"), 3)
        status = process_status(self.output / "start/after.status")
        kept = sum(1 << bit for bit in CAPABILITIES.values())
        for name in ("CapEff", "CapPrm", "CapBnd"):
            self.expect(f"started: {name}", int(status[name], 16), kept)
        self.expect("started: NoNewPrivs, Seccomp", (status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        self.expect_between("started: locked memory, KiB", int(status["VmLck"].split()[0]), 1 << 10, 32 << 10)
        exposure = re.search(r"Overall exposure level for oomtrace.service: ([\d.]+) (\w+)", (self.output / "start/security").read_text())
        self.expect_between("exposure", float(exposure[1]), 0, 4.4)
        print(f"{exposure[0]}; {int(show['MemoryCurrent']) / (1 << 20):.1f} MiB in its cgroup")

    def kills(self):
        self.expect_healthy("after three kills", "kills/after")
        at = self.output / "kills"
        history = json_lines(at / "after.history")
        self.expect("kept", [incident["victim"]["comm"] for incident in reversed(history)], list(KILLS)[:3])
        api = json.loads((at / "api").read_text())["incidents"]
        self.expect("/api/v1/incidents", [incident["id"] for incident in api], [incident["id"] for incident in history])
        units = [incident["victim"]["systemd_unit"] for incident in reversed(api)]
        self.expect("units of the API", units, ["hog.service", "user@1000.service", "glutton.service"])
        of = {incident["victim"]["comm"]: incident for incident in history}
        nothing = {"user_unit": None, "session": None, "owner_uid": None}
        users = {"slice": "app.slice", "unit": "user@1000.service", "user_unit": "greedy.service", "session": None, "owner_uid": 1000}
        for name, whose in {
            "hog": {"slice": "system.slice", "unit": "hog.service"} | nothing,
            "greedy": users,
            "glutton": {"slice": "system.slice", "unit": "glutton.service"} | nothing,
        }.items():
            self.expect(f"{name}: systemd", of[name]["victim"]["systemd"], whose)
        counted = metrics(at / "after.metrics")
        for series, count in {
            'oomtrace_kills_total{scope="memcg",why="chosen"}': 2,
            'oomtrace_kills_total{scope="global",why="chosen"}': 1,
            'oomtrace_victims_total{unit="hog.service"}': 1,
            'oomtrace_victims_total{unit="greedy.service"}': 1,
            'oomtrace_victims_total{unit="glutton.service"}': 1,
            "oomtrace_kernel_oom_kills_total": 3,
            "oomtrace_kills_unexplained_total": 0,
            "oomtrace_incidents_incomplete_total": 0,
            "oomtrace_kernel_log_mismatches_total": 0,
            "oomtrace_incidents_before_start_total": 0,
            "oomtrace_store_up": 1,
            "oomtrace_store_incidents": 3,
        }.items():
            self.expect(series, counted.get(series), count)
        self.journal_entries(at, of)

    def journal_entries(self, at, of):
        entries = json_lines(at / "after.journal")
        self.expect("in the journal", [entry["OOMTRACE_VICTIM_COMM"] for entry in entries], list(KILLS)[:3])
        for entry in entries:
            name = entry["OOMTRACE_VICTIM_COMM"]
            self.expect(f"journal, {name}: id", entry["OOMTRACE_INCIDENT_ID"], of[name]["id"])
            self.expect(f"journal, {name}: unit that wrote it", entry["_SYSTEMD_UNIT"], "oomtrace.service")
            self.expect(f"journal, {name}: cgroup", entry["OOMTRACE_VICTIM_CGROUP"], KILLS[name][0])
            self.expect(f"journal, {name}: priority", entry["PRIORITY"], "3")
            unit = "user@1000.service" if name == "greedy" else f"{name}.service"
            self.expect(f"journal, {name}: unit", (entry["OOMTRACE_VICTIM_UNIT"], entry["OBJECT_SYSTEMD_UNIT"]), (unit, unit))
            users = "greedy.service" if name == "greedy" else None
            self.expect(f"journal, {name}: unit of a user", entry.get("OOMTRACE_VICTIM_USER_UNIT"), users)
        mine = [entry for entry in json_lines(at / "unit.journal") if entry.get("MESSAGE_ID") == entries[0]["MESSAGE_ID"]]
        self.expect("among the lines of hog.service", [entry["OOMTRACE_INCIDENT_ID"] for entry in mine], [of["hog"]["id"]])
        catalog = (at / "catalog").read_text()
        self.expect("with text of the catalog", catalog.count("Subject: The kernel ran out of memory it may use (killed)"), 3)
        self.expect("placeholders left in it", re.findall(r"@\w+@", catalog), [])
        self.expect_match("catalog", catalog, f"    oomtrace show {of['hog']['id']}$")

    def other_methods(self):
        for method in ("kprobe", "tracepoint"):
            self.expect_healthy(method, f"other_methods/{method}")
            self.expect_attached(method, f"other_methods/{method}", method)

    def killed(self):
        state = (self.output / "killed/state_at_the_kill").read_text()
        self.expect("state of the service when a unit was killed meanwhile", state, "activating\n")
        self.expect_healthy("after kill -9", "killed/after")
        before, after = (properties(self.output / f"killed/{name}.show") for name in ("before", "after"))
        self.expect("restarts", (before["NRestarts"], after["NRestarts"]), ("0", "1"))
        self.expect("of before its start", metrics(self.output / "killed/after.metrics")["oomtrace_incidents_before_start_total"], 1)
        self.nothing_twice("killed/after", 6)

    def watchdog(self):
        before, fed, after = (properties(self.output / f"watchdog/{name}.show") for name in ("before", "fed", "after"))
        self.expect("watchdog", before["WatchdogUSec"], "16s")
        self.expect("fed: process, restarts", (fed["MainPID"], fed["NRestarts"]), (before["MainPID"], before["NRestarts"]))
        self.expect("not fed: restarts", int(after["NRestarts"]), int(before["NRestarts"]) + 1)
        self.expect_healthy("after the watchdog", "watchdog/after")

    def reload(self):
        for name, said in {
            "good": ["ring-size is another now, which takes a restart$", "the configuration was read again; serving "],
            "bad": ["/etc/oomtrace/agent.conf: line 3: --attach: .sideways. is none of auto, ", "the configuration stays as it was$"],
        }.items():
            log = (self.output / f"reload/{name}.log").read_text()
            for pattern in said:
                self.expect_match(f"{name} configuration", log, pattern)
            self.expect(f"{name} configuration: names what could be taken up", "max-connections is another" in log, False)
        before, after = (properties(self.output / f"reload/{name}.show")["MainPID"] for name in ("before", "after"))
        self.expect("process", after, before)
        self.expect_healthy("after the reloads", "reload/after")

    def stop(self):
        took = seconds(self.output / "stop/stopped") - seconds(self.output / "stop/asked")
        print(f"stopped in {took:.1f} s")
        self.expect_between("seconds to stop", took, 0, MOST_SECONDS_TO_STOP)
        show = properties(self.output / "stop/after.show")
        self.expect("stopped", (show["ActiveState"], show["Result"], show["ExecMainStatus"]), ("inactive", "success", "0"))
        self.expect_healthy("started again", "stop/again")
        self.nothing_twice("stop/again", 7)
        for incident in json_lines(self.output / "stop/again.history"):
            shown = self.output / "stop/incidents" / incident["id"]
            self.expect(f"show --json {incident['id']}", json.loads(shown.with_suffix(".json").read_text()), incident)
            self.expect_match(f"show {incident['id']}", shown.with_suffix(".txt").read_text(), r"^OOM KILL  " + incident["victim"]["comm"])

    def machines(self):
        """nspawn's machines, whose cgroups systemd makes: one that was started by hand, and one of its unit."""
        at = self.output / "machines"
        incidents = {incident["victim"]["comm"]: incident for incident in json_lines(at / "history")}
        nothing = {"user_unit": None, "session": None, "owner_uid": None}
        nspawns = {"runtime": "systemd-nspawn", "id": None, "name": None}
        for comm, machine, container, unit in (
            ("tail", "registered", None, "machine-registered.scope"),
            ("rev", "started", nspawns, "systemd-nspawn@started.service"),
        ):
            expected = {"machine": machine, "container": container, "pod": None, "systemd": {"slice": "machine.slice", "unit": unit} | nothing}
            for whose in ("victim", "memcg"):
                self.expect(f"{comm}: {whose}", {key: incidents[comm][whose][key] for key in expected}, expected)
            self.expect(f"{comm}: complete", incidents[comm]["completeness"]["missing"], [])

    def rootless_podman(self):
        """What a user runs has its name in the user's home, and the incidents have it as Podman itself does."""
        at = self.output / "rootless_podman"
        incidents = {incident["victim"]["comm"]: incident for incident in json_lines(at / "history")}
        pod = json.loads((at / "larder.inspect").read_text())["Id"]
        of_pod = {"uid": pod, "name": None, "namespace": None, "qos_class": None}
        statuses = dict(line.split() for line in (at / "statuses").read_text().splitlines())
        for comm, name, pod_of_it, slice_of_it in (
            ("tac", "alone", None, "user.slice"),
            ("shuf", "gone", None, "user.slice"),  # --rm: Podman has forgotten it by now
            ("sort", "in_pod", of_pod, f"user-libpod_pod_{pod}.slice"),
        ):
            self.expect(f"{name}: status", statuses[name], "137")
            identifier = (at / f"{name}.id").read_text()
            if name != "gone":
                (inspected,) = json.loads((at / f"{name}.inspect").read_text())
                podman_says = {key: inspected[key] for key in ("Id", "Name", "Pod")}
                self.expect(f"{name}: podman inspect", podman_says, {"Id": identifier, "Name": name, "Pod": pod if pod_of_it else ""})
            expected = {
                "container": {"runtime": "podman", "id": identifier, "name": name},
                "pod": pod_of_it,
                "machine": None,
                "systemd": {"slice": slice_of_it, "unit": "user@1000.service", "user_unit": f"libpod-{identifier}.scope"}
                | {"session": None, "owner_uid": 1000},
            }
            incident = incidents[comm]
            for whose in ("victim", "trigger", "memcg"):
                self.expect(f"{name}: {whose}", {key: incident[whose][key] for key in expected}, expected)
            self.expect(f"{name}: who", (incident["victim"]["uid"], incident["victim"]["exe"]), (1000, "/busybox"))
            self.expect(f"{name}: complete", incident["completeness"]["missing"], [])

    # ---- all along ----

    def nothing_twice(self, counted, number):
        """Store, journal and kernel tell of the same OOMs, once each, whatever was seen live or read from the kernel's log."""
        at = self.output / counted
        victims = list(KILLS)[:number]
        reports = kernel_report.parse_reports(at.with_suffix(".dmesg").read_text(errors="surrogateescape"))
        incidents = json_lines(at.with_suffix(".history"))
        entries = json_lines(at.with_suffix(".journal"))
        self.expect(f"{counted}: reports of the kernel", [kill.name for report in reports for kill in report.kills], victims)
        self.expect(f"{counted}: kept", sorted(incident["victim"]["comm"] for incident in incidents), sorted(victims))
        self.expect(f"{counted}: in the journal", [entry["OOMTRACE_VICTIM_COMM"] for entry in entries], victims)
        for incident in incidents:
            name = incident["victim"]["comm"]
            cgroup, method = KILLS[name]
            self.expect(f"{counted}: {name}: before the start", incident["before_start"], method is None)
            self.expect(f"{counted}: {name}: id of a log", incident["id"].startswith("log-"), method is None)
            self.expect(f"{counted}: {name}: cgroup", incident["victim"]["cgroup"], cgroup)
            self.expect(f"{counted}: {name}: complete", incident["completeness"]["missing"], [])
            self.expect(f"{counted}: {name}: mismatches", incident["checks"]["kernel_log"]["mismatches"], [])
            if method is None:
                continue
            self.expect_between(f"{counted}: {name}: compared by the agent", incident["checks"]["kernel_log"]["compared"], 20, 1 << 20)
            ledger = compare([incident], [report for report in reports if report.kills[0].name == name], OPTIONS, method=method)
            self.checked += ledger.total_compared()
            self.problems += [f"{counted}: {name}: {mismatch}" for mismatch in ledger.mismatches]

    def said(self):
        """Nothing of the agent's own log is a complaint, but for what reload() provoked."""
        for entry in json_lines(self.output / "agent.journal"):
            line = entry["MESSAGE"]
            if "MESSAGE_ID" in entry or re.match("oomtrace: info: ", line):
                continue
            expected = "ring-size is another|sideways|stays as it was|hint: \"oomtrace agent --help\""
            self.expect(f"said {line!r}", bool(re.search(expected, line)), True)

    def all(self):
        for step in (self.start, self.kills, self.other_methods, self.killed, self.watchdog, self.reload, self.stop, self.machines,
                     self.rootless_podman, self.said):
            try:
                step()
            except OUTPUT_INCOMPLETE as error:  # the other steps are to be judged all the same
                self.problems.append(f"{step.__name__} cannot be judged: {error!r}")


def boot(options, output):
    """Whether the guest did all its steps; None: it cannot be made here."""
    with tempfile.TemporaryDirectory() as directory:
        image = pathlib.Path(directory) / "image"
        made = subprocess.run([HERE / "make_image.sh", options.build, image], check=False)
        if made.returncode == SKIPPED:
            return None
        if made.returncode != 0:
            return False
        command = [TOP / "scripts" / "run_in_vm.sh", options.kernel, "--image", image, "--memory", "512M", "--output", output]
        return subprocess.run([*command, "--timeout", str(options.timeout)], check=False).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build directory, built: its package is made")
    parser.add_argument("--kernel", default="6.12", help="a kernel of kernels.txt")
    parser.add_argument("--output", type=pathlib.Path, help="keep what the guest left here")
    parser.add_argument("--timeout", type=int, default=1200, help="seconds for the guest")
    parser.add_argument("--no-boot", action="store_true", help="judge again what an earlier run left in --output")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        output = options.output or pathlib.Path(temporary)
        judge = Judge(output)
        if not options.no_boot:
            done = boot(options, output)
            if done is None:
                print("skipped: see above")
                return SKIPPED
            if not done:
                judge.problems.append("the guest did not come to its end")
        judge.all()
    for problem in judge.problems:
        print(f"FAIL {problem}")
    print(f"{judge.checked} values and statements checked, {len(judge.problems)} problems")
    return 0 if not judge.problems else 1


if __name__ == "__main__":
    sys.exit(main())
