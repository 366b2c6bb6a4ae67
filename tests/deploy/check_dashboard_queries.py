#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_dashboard_queries.py [--prometheus URL] [--dashboard FILE] [--metrics PAGE] [--expect-data]

Every query of the Grafana dashboard, its variables filled in: uses only metrics that the agent serves (docs/metrics.md) or that
the recording rules make, and, with --prometheus, is run on that server, which must take it. With --expect-data, queries without
"> 0" and the like must also return something there. Exit status 0: all are good."""

import argparse
import json
import pathlib
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

import yaml

import metric_catalogue

TOP = metric_catalogue.TOP
# What Grafana fills in for a panel that shows an hour of samples from every 15 s.
BUILT_IN = {"__range": "3600s", "__rate_interval": "60s", "__interval": "15s", "__range_s": "3600"}
# A query of this kind may well find nothing: it shows what is above a bound, what a recording rule has made by then, or series that begin
# with the first OOM of their kind.
SELECTIVE = re.compile(r"[><=]=? *[0-9]|\w:\w|oomtrace_zone_|oomtrace_victims_total")
SELECTOR = re.compile(r"\{[^}]*\}")
LABEL_VALUES = re.compile(r"label_values\((?:(?P<selector>.+), *)?(?P<label>\w+)\)$")


def walk(panels):
    for panel in panels:
        yield panel
        yield from walk(panel.get("panels", []))


def filled_in(expression, variables):
    def value_of(match):
        name = match[1] or match[2]
        if name not in variables:
            raise ValueError(f"${name} is no variable of the dashboard")
        return variables[name]

    return re.sub(r"\$(?:(\w+)|\{(\w+)(?::\w+)?\})", value_of, expression)


def queries(dashboard):
    """(where, expression, instant) of every query: of panels, of annotations, and of what fills the variables."""
    variables = dict(BUILT_IN)
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            variables[variable["name"]] = variable["allValue"] or ".+"
    found = []
    for panel in walk(dashboard["panels"]):
        for target in panel.get("targets", []):
            where = f"panel \"{panel['title']}\" {target['refId']}"
            found.append((where, filled_in(target["expr"], variables), target["instant"]))
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            found.append((f"annotation \"{annotation['name']}\"", filled_in(annotation["expr"], variables), False))
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            asked = LABEL_VALUES.match(variable["definition"])
            if asked is None:
                raise ValueError(f"variable {variable['name']}: {variable['definition']} is not understood here")
            found.append((f"variable {variable['name']}", filled_in(asked["selector"], variables), True))
    return found


def names_wrong(expression, served, recorded):
    wrong = [f"the agent serves no {name}" for name in sorted(metric_catalogue.used(expression) - served)]
    wrong += [f"no rule records {name}" for name in sorted(metric_catalogue.recorded_used(expression) - recorded)]
    return wrong


def run_on(server, expression, instant):
    """(error, number of series) of Prometheus' answer."""
    parameters = {"query": expression}
    if not instant:
        now = float(ask(server, "query", {"query": "time()"})["data"]["result"][1])
        parameters |= {"start": now - 3600, "end": now, "step": 15}
    answer = ask(server, "query" if instant else "query_range", parameters)
    if answer["status"] != "success":
        return answer.get("error", "no reason given"), 0
    return "", len(answer["data"]["result"])


def ask(server, what, parameters):
    url = f"{server.rstrip('/')}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as refused:  # a query that does not parse, with the reason in the body
        return json.load(refused)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prometheus", metavar="URL")
    parser.add_argument("--dashboard", type=pathlib.Path, default=TOP / "deploy/grafana/oomtrace.json")
    parser.add_argument("--metrics", type=pathlib.Path, default=metric_catalogue.PAGE)
    parser.add_argument("--rules", type=pathlib.Path, default=TOP / "deploy/prometheus/oomtrace.rules.yml")
    parser.add_argument("--expect-data", action="store_true")
    arguments = parser.parse_args()

    served = metric_catalogue.served(arguments.metrics)
    recorded = metric_catalogue.recorded(yaml.safe_load(arguments.rules.read_text(encoding="utf-8")))
    all_queries = queries(json.loads(arguments.dashboard.read_text(encoding="utf-8")))
    wrong, empty = [], []
    for where, expression, instant in all_queries:
        for reason in names_wrong(expression, served, recorded):
            wrong.append(f"{where}: {reason}: {expression}")
        if arguments.prometheus:
            error, series = run_on(arguments.prometheus, expression, instant)
            if error:
                wrong.append(f"{where}: {error}: {expression}")
            elif series == 0:
                empty.append(f"{where}: {expression}")
                if arguments.expect_data and not SELECTIVE.search(SELECTOR.sub("", expression)):
                    wrong.append(f"{where}: no data: {expression}")
    for line in wrong:
        print(line, file=sys.stderr)
    if arguments.prometheus and not arguments.expect_data:
        for line in empty:
            print(f"no data (not an error): {line}")
    print(f"{len(all_queries)} queries, {len(wrong)} wrong" + (f", {len(empty)} without data" if arguments.prometheus else ""))
    return 1 if wrong or not all_queries else 0


if __name__ == "__main__":
    sys.exit(main())
