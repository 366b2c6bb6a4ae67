# SPDX-License-Identifier: Apache-2.0
"""`oomtrace trace` as a child process of a test, and the kernel log of the time it ran."""

import json
import os
import pathlib
import signal
import subprocess
import time


class KernelLog:
    """What the kernel logs from now on, in the form of /dev/kmsg."""

    def __init__(self):
        self._file = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self._file, 0, os.SEEK_END)

    def read(self):
        records = []
        while True:
            try:
                records.append(os.read(self._file, 16384))
            except BlockingIOError:
                return b"".join(records).decode("utf-8", "surrogateescape")
            except BrokenPipeError:  # overwritten before it was read
                records.append(b"\n")

    def close(self):
        os.close(self._file)


class TracerRun:
    """`with TracerRun(program, method, directory) as tracer:` is attached inside; RuntimeError with its log if it cannot."""

    def __init__(self, program, method, directory, patience=60, options=()):
        self.json_path = pathlib.Path(directory) / "incidents.jsonl"
        self.log_path = pathlib.Path(directory) / "trace.log"
        self._command = [str(program), "trace", "--json", "--attach", method, *map(str, options)]
        self._patience = patience
        self._process = None

    def __enter__(self):
        with open(self.json_path, "wb") as output, open(self.log_path, "wb") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=log)
        deadline = time.monotonic() + self._patience
        while "watching" not in self.log():
            if self._process.poll() is not None or time.monotonic() > deadline:
                status = self._process.poll()
                self.__exit__()
                raise RuntimeError(f"{' '.join(self._command)} is not watching (status {status}):\n{self.log()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def incidents(self):
        """Those that are written so far."""
        with open(self.json_path, encoding="utf-8") as lines:
            incidents = [json.loads(line) for line in lines if line.endswith("\n")]
        # Written as they ended: of two in a row, the second may be over first.
        return sorted(incidents, key=lambda incident: incident["episode"])

    def wait_for(self, count, is_wanted):
        """Waits until `count` incidents are wanted ones and returns all the wanted; fewer when the patience runs out."""
        deadline = time.monotonic() + self._patience
        while True:
            wanted = [incident for incident in self.incidents() if is_wanted(incident)]
            if len(wanted) >= count or time.monotonic() > deadline or self._process.poll() is not None:
                return wanted
            time.sleep(0.05)

    def stop(self, with_signal=signal.SIGINT):
        """Ends it as a user would and returns its exit status."""
        self._process.send_signal(with_signal)
        return self.wait()

    def wait(self):
        """Until it ends by itself; returns its exit status."""
        return self._process.wait(timeout=self._patience)
