# SPDX-License-Identifier: Apache-2.0
"""`oomtrace trace --json` as a child whose every output line gets the time at which it could be read."""

import dataclasses
import json
import os
import queue
import signal
import subprocess
import threading
import time


@dataclasses.dataclass(frozen=True)
class Line:
    monotonic_ns: int  # CLOCK_MONOTONIC, as the kernel's events
    text: str


def _read_lines(pipe, lines):
    rest = b""
    while chunk := os.read(pipe.fileno(), 1 << 20):
        now = time.monotonic_ns()
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            lines.put(Line(now, line.decode("utf-8", "surrogateescape")))
    lines.put(None)


class WatchedTracer:
    """`with WatchedTracer(program, method) as tracer:` is attached inside; RuntimeError with its log if it cannot."""

    def __init__(self, program, method, *options, patience=60):
        self._command = [str(program), "trace", "--json", "--attach", method, *options]
        self._patience = patience
        self._log = []

    def __enter__(self):
        self._output, self._log_lines = queue.SimpleQueue(), queue.SimpleQueue()
        self.started_ns = time.monotonic_ns()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._readers = [
            threading.Thread(target=_read_lines, args=(pipe, lines), daemon=True)
            for pipe, lines in ((self._process.stdout, self._output), (self._process.stderr, self._log_lines))
        ]
        for reader in self._readers:
            reader.start()
        try:
            self.watching_ns = self._wait_until_watching()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        self._process.stdout.close()
        self._process.stderr.close()

    @property
    def pid(self):
        return self._process.pid

    def next_incident(self):
        """(incident, when its line could be read)."""
        line = self._next(self._output)
        if line is None:
            raise RuntimeError(f"no incident came:\n{self.log()}")
        return json.loads(line.text), line.monotonic_ns

    def stop(self):
        """Ends it as a user would and returns its exit status."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=self._patience)

    def log(self):
        for reader in self._readers:
            if self._process.poll() is not None:
                reader.join()
        while not self._log_lines.empty():
            if line := self._log_lines.get():
                self._log.append(line.text)
        return "\n".join(self._log)

    def _wait_until_watching(self):
        while line := self._next(self._log_lines):
            self._log.append(line.text)
            if "watching" in line.text:
                return line.monotonic_ns
        raise RuntimeError(f"{' '.join(self._command)} is not watching:\n{self.log()}")

    def _next(self, lines):
        try:
            return lines.get(timeout=self._patience)
        except queue.Empty:
            return None
