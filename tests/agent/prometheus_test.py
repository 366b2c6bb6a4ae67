#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`oomtrace agent` under a real Prometheus, on this machine's own kernel: real OOMs in a scratch memory cgroup, their count read
back by PromQL, the alert of deploy/prometheus/oomtrace.rules.yml firing, and the incident fetched from the API and, where
chromium is installed, seen in its page.

usage: prometheus_test.py --oomtrace PROGRAM --workload PROGRAM
Exit status: 0 passed, 1 failed, 77 skipped with the reason.
"""

import argparse
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

from agent_run import AgentRun  # noqa: E402
from scratch_cgroup import ScratchCgroup  # noqa: E402

SKIPPED = 77
LIMIT = 24 << 20
OOMS = 6
RULES = HERE.parent.parent / "deploy/prometheus/oomtrace.rules.yml"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(what, ask, seconds=90):
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.5)


class Prometheus:
    def __init__(self, directory, target):
        self.port = free_port()
        config = directory / "prometheus.yml"
        rules = directory / "rules.yml"  # evaluated every second, not every minute
        rules.write_text(re.sub(r"(?m)^( *interval:) *\S+$", r"\1 1s", RULES.read_text()))
        config.write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            f"rule_files: [{json.dumps(str(rules))}]\n"
            "scrape_configs:\n"
            f"  - {{job_name: oomtrace, static_configs: [{{targets: [{json.dumps(target)}]}}]}}\n"
        )
        self.log = open(directory / "prometheus.log", "wb")  # noqa: SIM115
        self.process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={directory / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            stdout=self.log,
            stderr=self.log,
        )

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def value(self, expression):
        data = self.ask("query", query=expression)
        return float(data["result"][0]["value"][1]) if data and data["result"] else None

    def alerts(self):
        data = self.ask("alerts")
        return {alert["labels"]["alertname"]: alert for alert in data["alerts"]} if data else {}

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()


def page_in_a_browser(url, directory):
    """The text of the page as a browser has it; None without one."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return None
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={directory / 'chromium'}", "--dump-dom", url]
    seen = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return seen.stdout


def run(programs, directory):
    with AgentRun(programs.oomtrace, directory) as agent:
        prometheus = Prometheus(directory, agent.url.removeprefix("http://"))
        try:
            killed = 'sum(oomtrace_kills_total{scope="memcg",why="chosen"})'
            wait_for("the first scrape", lambda: prometheus.value(killed) == 0)
            # As Docker names the cgroup of a container.
            with ScratchCgroup(f"docker-{secrets.token_hex(32)}.scope", LIMIT) as group:
                for _ in range(OOMS):
                    command = [programs.workload, "eat", "--name", "eater", "--cgroup", group.directory, "--max", str(4 * LIMIT)]
                    status = subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, check=False).returncode
                    assert status == -signal.SIGKILL, f"the eater ended with {status}"
                    time.sleep(1)  # an increase is what Prometheus sees between two scrapes
                wait_for("PromQL to count the kills", lambda: prometheus.value(killed) == OOMS)
            print(f"PromQL counts {OOMS} kills")
            rules = prometheus.ask("rules")
            broken = [rule for group in rules["groups"] for rule in group["rules"] if rule.get("lastError")]
            assert not broken, broken
            alert = wait_for("the alert about the container", lambda: prometheus.alerts().get("OomContainerLoop"))
            print(f"alert {alert['state']}: {alert['annotations']['summary']}")
            assert alert["state"] == "firing", alert
            incident = agent.wait_for_incidents(OOMS)[0]
            whole = json.loads(agent.get(f"/api/v1/incidents/{incident['id']}")[2])
            assert whole["victim"]["comm"] == "eater", whole["victim"]
            page = page_in_a_browser(f"{agent.url}/incidents/{incident['id']}", directory)
            if page is None:
                print("the page was not looked at: no chromium is installed")
            else:
                for text in ("eater", str(whole["victim"]["pid"]), whole["memcg"]["path"]):
                    assert text in page, f"{text!r} is not in the page:\n{page}"
                print("the page, in a browser, has the victim and the limit")
            assert agent.stop() == 0
        finally:
            prometheus.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oomtrace", type=pathlib.Path, required=True)
    parser.add_argument("--workload", type=pathlib.Path, required=True)
    programs = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: needs root")
        return SKIPPED
    if shutil.which("prometheus") is None:
        print("skipped: prometheus is not installed")
        return SKIPPED
    with tempfile.TemporaryDirectory() as directory:
        run(programs, pathlib.Path(directory))
    return 0


if __name__ == "__main__":
    sys.exit(main())
