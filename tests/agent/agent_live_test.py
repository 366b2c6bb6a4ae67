#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`oomtrace agent` on this machine's own kernel, through real OOMs in scratch memory cgroups.

usage: agent_live_test.py --oomtrace PROGRAM --workload PROGRAM [unittest arguments]
Exit status: 0 passed, 1 failed, 77 everything was skipped. Skips are printed with their reason.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

from agent_run import AgentRun  # noqa: E402
from scratch_cgroup import ScratchCgroup  # noqa: E402

ALL_SKIPPED = 77
MIB = 1 << 20
LIMIT = 24 * MIB

programs = argparse.Namespace()


def run_out_of_memory(group, name="eater"):
    """The exit status of the one that ate: killed."""
    command = [programs.workload, "eat", "--name", name, "--cgroup", group.directory, "--max", str(4 * LIMIT)]
    return subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, check=False).returncode


class AgentTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.directory = pathlib.Path(holder.name)

    def agent(self, *options, **config):
        names = {name.replace("__", ".").replace("_", "-"): value for name, value in config.items()}
        agent = AgentRun(programs.oomtrace, self.directory, options, names)
        return self.enterContext(agent)

    def group(self, name="agent-test"):
        return self.enterContext(ScratchCgroup(f"oomtrace-{name}-{os.getpid()}", LIMIT))

    def test_an_oom_is_counted_kept_and_served(self):
        json_file = self.directory / "incidents.jsonl"
        textfiles = self.directory / "textfile"
        textfiles.mkdir()
        agent = self.agent(json_file=json_file, metrics__textfile=textfiles)
        group = self.group()
        before = agent.metrics()
        killed = 'oomtrace_oom_invocations_total{scope="memcg",constraint="memcg",outcome="killed"}'
        chosen = 'oomtrace_kills_total{scope="memcg",why="chosen"}'
        self.assertEqual((before[killed], before[chosen]), (0, 0))
        self.assertEqual(agent.get("/healthz")[0], 200)
        self.assertEqual(agent.get("/readyz")[0], 200)

        for _ in range(3):
            self.assertEqual(run_out_of_memory(group), -signal.SIGKILL)
        incidents = agent.wait_for_incidents(3)
        self.assertEqual([incident["victim"]["comm"] for incident in incidents], ["eater"] * 3)
        self.assertEqual([incident["memcg_path"] for incident in incidents], [group.path] * 3)

        own = pathlib.Path("/proc/self/oom_score_adj")
        adjustment = own.read_text()
        own.write_text("999")
        own.write_text(adjustment)

        after = agent.metrics()
        self.assertEqual((after[killed], after[chosen]), (3, 3))
        changes = "oomtrace_oom_score_adj_changes_total"
        self.assertGreaterEqual(after[changes] - before[changes], 2)  # others may change theirs
        self.assertEqual(after["oomtrace_kernel_oom_kills_total"] - before["oomtrace_kernel_oom_kills_total"], 3)
        lost = {name: value for name, value in after.items() if name.startswith("oomtrace_records_lost_total") and value}
        self.assertEqual(lost, {})

        # The same incident by every way out.
        identifier = incidents[0]["id"]
        status, headers, text = agent.get(f"/api/v1/incidents/{identifier}")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/json; charset=utf-8"))
        whole = json.loads(text)
        self.assertEqual(whole["victim"]["pid"], incidents[0]["victim"]["pid"])
        lines = [json.loads(line) for line in json_file.read_text().splitlines()]
        self.assertEqual(lines[-1], whole)
        shown = agent.command_output("show", identifier, "--store", agent.store, "--json")
        self.assertEqual(json.loads(shown.stdout), whole)
        history = agent.command_output("history", "--store", agent.store, "--cgroup", group.path, "--json")
        self.assertEqual(len(history.stdout.splitlines()), 3, history.stderr)
        status, _, page = agent.get(f"/incidents/{identifier}")
        self.assertEqual(status, 200)
        self.assertIn("eater", page)
        self.assertIn(identifier, agent.get("/")[2])
        self.assertIn(chosen + " 3", (textfiles / "oomtrace.prom").read_text())
        self.assertEqual(agent.stop(), 0)

    def test_a_second_agent_is_refused(self):
        agent = self.agent()
        second = subprocess.run(agent.command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"another agent is running, pid {agent.process.pid}", second.stderr)

    def test_a_bad_configuration_is_refused_with_its_line(self):
        config = self.directory / "bad.conf"
        config.write_text("# ours\nattach = sideways\n")
        for extra in ([], ["--check-config"]):
            refused = subprocess.run(
                [programs.oomtrace, "agent", "--config", config, *extra], capture_output=True, text=True, timeout=60, check=False
            )
            self.assertEqual(refused.returncode, 2)
            self.assertIn(f"{config}: line 2: ", refused.stderr)
        config.write_text("attach = auto\n")
        fine = subprocess.run(
            [programs.oomtrace, "agent", "--config", config, "--check-config"], capture_output=True, timeout=60, check=False
        )
        self.assertEqual(fine.returncode, 0)

    def test_a_reload_takes_up_what_it_can_and_says_what_it_cannot(self):
        agent = self.agent(store__max_incidents=100)
        group = self.group()
        for _ in range(3):
            run_out_of_memory(group)
        agent.wait_for_incidents(3)
        text = agent.config.read_text().replace("store.max-incidents = 100", "store.max-incidents = 1")
        agent.config.write_text(text + "ring-size = 16M\n")
        agent.process.send_signal(signal.SIGHUP)
        agent.wait_until(lambda: "the configuration was read again" in agent.log(), "it has reloaded")
        self.assertIn("ring-size is another now, which takes a restart", agent.log())
        agent.url = agent.log().rsplit("serving ", 1)[1].split("/\n")[0] if "serving" in agent.log() else agent.url
        history = lambda: agent.command_output("history", "--store", agent.store, "--json").stdout.splitlines()  # noqa: E731
        agent.wait_until(lambda: len(history()) == 1, "the store has shrunk to its new limit")
        agent.config.write_text("attach = sideways\n")
        agent.process.send_signal(signal.SIGHUP)
        agent.wait_until(lambda: "the configuration stays as it was" in agent.log(), "it has refused")
        self.assertIsNone(agent.process.poll())
        self.assertEqual(agent.stop(), 0)

    def test_serving_comes_back_when_what_stopped_it_is_mended(self):
        agent = self.agent()
        sound = agent.config.read_text()
        agent.config.write_text(sound + f"web.auth-file = {self.directory / 'nobody'}\n")
        agent.process.send_signal(signal.SIGHUP)
        agent.wait_until(lambda: "nothing is served until" in agent.log(), "it serves no more")
        agent.config.write_text(sound)
        agent.process.send_signal(signal.SIGHUP)
        agent.wait_until(lambda: agent.log().count("serving http") == 2, "it serves again")
        agent.url = agent.log().rsplit("serving ", 1)[1].split("/\n")[0]
        self.assertEqual(agent.get("/readyz")[0], 200)

    def test_what_is_kept_survives_kill_9(self):
        group = self.group()
        with AgentRun(programs.oomtrace, self.directory) as agent:
            for _ in range(2):
                run_out_of_memory(group)
            kept = {incident["id"] for incident in agent.wait_for_incidents(2)}
            agent.process.kill()
        with AgentRun(programs.oomtrace, self.directory) as agent:
            run_out_of_memory(group)
            self.assertLess(kept, {incident["id"] for incident in agent.wait_for_incidents(3)})
            self.assertEqual(agent.stop(), 0)

    def test_a_disk_that_is_gone_does_not_end_the_trace(self):
        place = self.directory / "data"
        agent = self.agent(store=place / "deep" / "incidents.db")
        group = self.group()
        run_out_of_memory(group)
        counted = 'oomtrace_kills_total{scope="memcg",why="chosen"}'
        agent.wait_until(lambda: agent.metrics()[counted] == 1, "the kill is counted")
        self.assertEqual(agent.metrics()["oomtrace_store_up"], 0)
        self.assertEqual(agent.metrics()["oomtrace_ready"], 0)
        status, _, reason = agent.get("/readyz")
        self.assertEqual((status, reason), (503, "not ready: the store cannot be used: No such file or directory\n"))
        self.assertIn("store: ", agent.log())
        (place / "deep").mkdir(parents=True)
        agent.wait_until(lambda: agent.metrics()["oomtrace_store_up"] == 1, "the store has come back")
        self.assertEqual(len(agent.wait_for_incidents(1)), 1)
        self.assertEqual(agent.get("/readyz")[:1], (200,))

    def test_what_the_log_still_holds_comes_in_once(self):
        json_file = self.directory / "incidents.jsonl"
        config = {"since-boot": "true", "json-file": json_file}
        group = self.group("backlog")  # the log holds the kills of the other tests too
        with AgentRun(programs.oomtrace, self.directory, config=config) as agent:
            run_out_of_memory(group)
            agent.wait_until(lambda: agent.incidents("?cgroup=" + group.path), "the kill is kept")
            agent.process.kill()
        run_out_of_memory(group, "unseen")
        for _ in range(2):
            with AgentRun(programs.oomtrace, self.directory, config=config) as agent:
                agent.wait_until(lambda: agent.get("/readyz")[0] == 200, "it is ready")
                agent.wait_until(lambda: len(agent.incidents("?cgroup=" + group.path)) >= 2, "the other kill is kept")
                self.assertEqual(agent.stop(), 0)
        told = [json.loads(line) for line in json_file.read_text().splitlines()]
        ours = [(incident["victim"]["comm"], incident["before_start"]) for incident in told if incident["memcg"]["path"] == group.path]
        self.assertEqual(ours, [("eater", False), ("unseen", True)])

    def test_without_a_store_the_log_is_told_once_too(self):
        json_file = self.directory / "incidents.jsonl"
        config = {"since-boot": "true", "json-file": json_file, "store": "none"}
        group = self.group("backlog-no-store")
        kills = lambda agent: [incident["victim"]["comm"] for incident in agent.incidents("?limit=1000&cgroup=" + group.path)]  # noqa: E731
        with AgentRun(programs.oomtrace, self.directory, config=config) as agent:
            run_out_of_memory(group)
            agent.wait_until(lambda: kills(agent), "the kill is told")
            agent.process.kill()
        run_out_of_memory(group, "unseen")
        for _ in range(2):
            with AgentRun(programs.oomtrace, self.directory, config=config) as agent:
                # What is shown in memory has both again: there is nothing else to show.
                agent.wait_until(lambda: len(kills(agent)) >= 2, "both kills are shown")
                self.assertEqual(kills(agent), ["unseen", "eater"])
                self.assertEqual(agent.stop(), 0)
        told = [json.loads(line) for line in json_file.read_text().splitlines()]
        ours = [(incident["victim"]["comm"], incident["before_start"]) for incident in told if incident["memcg"]["path"] == group.path]
        self.assertEqual(ours, [("eater", False), ("unseen", True)])

    def test_it_costs_nothing_while_nothing_happens(self):
        agent = self.agent()
        run_out_of_memory(self.group())
        agent.wait_for_incidents(1)
        time.sleep(2)
        before = agent.context_switches()
        time.sleep(5)
        self.assertEqual(agent.context_switches(), before)
        print(f"resident after an incident: {agent.status_number('VmRSS') / 1024:.1f} MiB")
        self.assertLessEqual(agent.status_number("VmRSS"), 18 * 1024)
        begin = time.monotonic()
        size = len(agent.get("/metrics")[2])
        print(f"a scrape: {size / 1024:.0f} KiB in {(time.monotonic() - begin) * 1000:.1f} ms, connection and client included")
        self.assertLess(size, 256 * 1024)

    def test_capabilities_are_let_go_of(self):
        agent = self.agent()
        kept = None
        for line in pathlib.Path(f"/proc/{agent.process.pid}/status").read_text().splitlines():
            if line.startswith("CapEff:"):
                kept = int(line.split()[1], 16)
        names = {1 << 2: "CAP_DAC_READ_SEARCH", 1 << 14: "CAP_IPC_LOCK", 1 << 38: "CAP_PERFMON"}
        names |= {1 << 39: "CAP_BPF"}
        self.assertEqual(kept & ~sum(names), 0, f"{kept:x}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oomtrace", type=pathlib.Path, required=True)
    parser.add_argument("--workload", type=pathlib.Path, required=True)
    _, rest = parser.parse_known_args(namespace=programs)
    if os.geteuid() != 0:
        print("skipped: needs root")
        return ALL_SKIPPED
    result = unittest.main(argv=[sys.argv[0], *rest], exit=False, verbosity=2).result
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
