#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long the tracer takes from its start until it watches: programs verified, loaded and attached.

Exit status: 0 the bound was kept, 1 it was not.
"""

import argparse
import sys

from figures import Figures
from watched_tracer import WatchedTracer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oomtrace", required=True)
    parser.add_argument("--method", default="auto", help="attach method (%(default)s)")
    parser.add_argument("--repeat", type=int, default=10, help="starts (%(default)s)")
    parser.add_argument("--bound-ms", type=float, default=300, help="median (%(default)s)")
    parser.add_argument("--json", help="write the figures here")
    options = parser.parse_args()

    figures = Figures("start")
    samples = []
    for _ in range(options.repeat):
        with WatchedTracer(options.oomtrace, options.method) as tracer:
            samples.append((tracer.watching_ns - tracer.started_ns) / 1e6)
            if status := tracer.stop():
                figures.problems.append(f"oomtrace ended with status {status}")
    figures.add("start to watching", "ms", samples, bound=options.bound_ms)
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
