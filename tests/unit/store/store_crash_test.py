#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills a process that stores incidents with SIGKILL at a random moment, again and again. After each time the store must open,
be whole, and hold every incident whose storing had been acknowledged.

Every few rounds a new store is begun, so that its creation is interrupted too. Exit status: 0 all was kept, 1 it was not.
"""

import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time


def killed_writer(writer, store, number, storing, seconds):
    """The ids that it acknowledged before it was killed: some time after its first acknowledgement if `storing`, else after its
    start. What it had written to the pipe counts: a line is one write()."""
    process = subprocess.Popen([writer, store, str(number)], stdout=subprocess.PIPE)
    first = process.stdout.readline() if storing else b""
    time.sleep(seconds)
    if process.poll() is not None:
        sys.exit(f"round {number}: the writer ended by itself, with status {process.returncode}")
    process.kill()
    acknowledged, _ = process.communicate()
    return (first + acknowledged).decode().splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writer", required=True, help="the program store_writer")
    parser.add_argument("--rounds", type=int, default=30, help="(%(default)s)")
    parser.add_argument("--rounds-per-store", type=int, default=10, help="(%(default)s)")
    parser.add_argument("--longest", type=float, default=0.3, help="seconds that a writer stores, at most (%(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()

    print(f"seed {options.seed}", flush=True)
    moments = random.Random(options.seed)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="oomtrace-crash-"))
    store = directory / "incidents.db"
    acknowledged, total, silent = set(), 0, 0
    for number in range(options.rounds):
        if number % options.rounds_per_store == 0:
            for path in directory.iterdir():
                path.unlink()
            acknowledged = set()
        # A quarter of them while it starts: while it creates the store, recovers or checks it.
        new = killed_writer(options.writer, store, number, moments.random() < 0.75, moments.uniform(0, options.longest))
        total += len(new)
        silent += not new
        acknowledged.update(new)
        # The unfinished file of a writer that was killed before it had begun is no store yet.
        if not store.exists():
            continue
        check = subprocess.run([options.writer, "--check", store], stdout=subprocess.PIPE, check=False)
        if check.returncode != 0:
            sys.exit(f"round {number}: the store is not whole; it is kept in {directory}")
        if lost := acknowledged - set(check.stdout.decode().splitlines()):
            sys.exit(f"round {number}: {len(lost)} acknowledged incidents are gone, {min(lost)} for one; "
                     f"the store is kept in {directory}")
        if strays := list(directory.glob("*.corrupt-*")):
            sys.exit(f"round {number}: {strays[0]} was moved aside")
    if total == 0:
        sys.exit("no incident was acknowledged in any round: this shows nothing")
    shutil.rmtree(directory)
    print(f"{options.rounds} kills, {silent} of them before the first acknowledgement; "
          f"{total} incidents acknowledged, none lost, none torn")


if __name__ == "__main__":
    main()
