# SPDX-License-Identifier: Apache-2.0
"""The names of the metrics that an agent serves, as PromQL has them, read from docs/metrics.md; and those that an expression uses."""

import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "metrics.md"

ROW = re.compile(r"^\| \[`(oomtrace_\w+)`\]\([^)]*\) \| (counter|gauge|histogram|info) \|")
# What a recording rule makes has a colon in its name.
NAME = re.compile(r"(?<![\w:])oomtrace_\w+(?![\w:])")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def served(page=PAGE):
    names = set()
    for line in page.read_text(encoding="utf-8").splitlines():
        row = ROW.match(line)
        if row is None:
            continue
        name, kind = row.groups()
        names.update({name + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name})
    if not names:
        raise ValueError(f"{page} lists no metrics")
    return names


def used(expression):
    """The names of oomtrace's metrics in `expression`; those in label values are none."""
    return set(NAME.findall(QUOTED.sub('""', expression)))


def recorded(rules):
    """The names that the recording rules of `rules`, a file of rules as YAML has it, make."""
    return {rule["record"] for group in rules["groups"] for rule in group["rules"] if "record" in rule}


RECORDED = re.compile(r"[A-Za-z_]\w*:\w+(?::\w+)*")


def recorded_used(expression):
    """The names of recording rules in `expression`."""
    return set(RECORDED.findall(QUOTED.sub('""', expression)))
