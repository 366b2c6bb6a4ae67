# SPDX-License-Identifier: Apache-2.0
"""`oomtrace agent` as a child process of a test, with everything of it in a directory of its own."""

import json
import pathlib
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request


class AgentRun:
    """`with AgentRun(program, directory) as agent:` is attached and serves inside; RuntimeError with its log if it cannot."""

    def __init__(self, program, directory, options=(), config=None, patience=60):
        self.program = str(program)
        self.directory = pathlib.Path(directory)
        self.store = self.directory / "incidents.db"
        self.log_path = self.directory / "agent.log"
        self.config = self.directory / "agent.conf"
        self.url = None
        self.process = None
        self._patience = patience
        defaults = {
            "store": self.store,
            "lock-file": self.directory / "agent.lock",
            "web.listen-address": "127.0.0.1:0",
            "since-boot": "false",
            "journal": "false",
        }
        defaults.update(config or {})
        self.config.write_text("".join(f"{name} = {value}\n" for name, value in defaults.items()))
        self.command = [self.program, "agent", "--config", str(self.config), *map(str, options)]

    def __enter__(self):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        self.wait_until(lambda: "watching by" in self.log() or self.process.poll() is not None, "the agent watches")
        if self.process.poll() is not None:
            raise RuntimeError(f"{' '.join(self.command)} ended with {self.process.returncode}:\n{self.log()}")
        served = re.findall(r"serving (https?://\S+)/", self.log())
        self.url = served[-1] if served else None
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait_until(self, condition, what):
        deadline = time.monotonic() + self._patience
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited {self._patience} s in vain until {what}; the agent's log:\n{self.log()}")
            time.sleep(0.05)

    def get(self, path):
        """(status, headers, text)."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, dict(answer.headers), answer.read().decode()

    def metrics(self):
        """{series as it is written: value}."""
        series = {}
        for line in self.get("/metrics")[2].splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                series[name] = float(value)
        return series

    def incidents(self, query=""):
        status, _, text = self.get("/api/v1/incidents" + query)
        if status != 200:
            raise AssertionError(f"the list of incidents: {status} {text}")
        return json.loads(text)["incidents"]

    def wait_for_incidents(self, count):
        self.wait_until(lambda: len(self.incidents("?limit=1000")) >= count, f"{count} incidents are kept")
        return self.incidents("?limit=1000")

    def status_number(self, key):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise KeyError(key)

    def context_switches(self):
        """{thread: how often it has begun to run}"""
        switches = {}
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            lines = (task / "status").read_text().splitlines()
            switches[(task / "comm").read_text().strip()] = sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
        return switches

    def command_output(self, *arguments):
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)

    def stop(self, with_signal=signal.SIGTERM):
        self.process.send_signal(with_signal)
        return self.process.wait(timeout=self._patience)
