# SPDX-License-Identifier: Apache-2.0
"""The Grafana dashboard: its shape, its metrics, and every query run on a real Prometheus (Debian package prometheus)."""

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import check_dashboard_queries as checker
import metric_catalogue

FILE = metric_catalogue.TOP / "deploy" / "grafana" / "oomtrace.json"
DASHBOARD = json.loads(FILE.read_text(encoding="utf-8"))
SCRIPT = pathlib.Path(checker.__file__)
RULES = metric_catalogue.TOP / "deploy" / "prometheus" / "oomtrace.rules.yml"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Shape(unittest.TestCase):
    def test_panels_have_numbers_and_places_of_their_own(self):
        panels = list(checker.walk(DASHBOARD["panels"]))
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = {}
        for panel in panels:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), taken, f"{panel['title']} lies over {taken.get((x, y))}")
                    taken[x, y] = panel["title"]

    def test_every_panel_takes_the_data_source_that_was_chosen(self):
        for panel in checker.walk(DASHBOARD["panels"]):
            for thing in [panel, *panel.get("targets", [])]:
                if panel["type"] not in ("row", "text"):
                    self.assertEqual(thing["datasource"], {"type": "prometheus", "uid": "${datasource}"}, panel["title"])
            if panel["type"] not in ("row", "text"):
                self.assertTrue(panel["description"], panel["title"])

    def test_it_can_be_imported_anywhere(self):
        self.assertIsNone(DASHBOARD["id"])
        self.assertEqual(DASHBOARD["templating"]["list"][0]["type"], "datasource")
        self.assertNotIn("__inputs", DASHBOARD)

    def test_every_metric_of_the_catalogue_for_reading_is_shown(self):
        shown = set()
        for _, expression, _ in checker.queries(DASHBOARD):
            shown |= metric_catalogue.used(expression)
        families = {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in metric_catalogue.served()}
        unshown = families - {name.removesuffix("_bucket") for name in shown}
        # How often values were compared and could be, and when the agent was started: for the rules and for the curious.
        self.assertEqual(unshown, {"oomtrace_kernel_log_values_compared_total", "oomtrace_start_time_seconds"})


class Queries(unittest.TestCase):
    def check(self, *arguments):
        return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)

    def test_metrics_are_those_that_the_agent_serves(self):
        checked = self.check()
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_a_metric_that_is_not_served_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            bad = pathlib.Path(folder) / "bad.json"
            bad.write_text(FILE.read_text(encoding="utf-8").replace("oomtrace_kills_total", "oomtrace_kils_total"), encoding="utf-8")
            checked = self.check("--dashboard", bad)
        self.assertEqual(checked.returncode, 1)
        self.assertIn("the agent serves no oomtrace_kils_total", checked.stderr)

    @unittest.skipUnless(shutil.which("prometheus"), "prometheus is not installed (Debian package prometheus)")
    def test_a_real_prometheus_takes_every_query(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            url = f"http://127.0.0.1:{free_port()}"
            (folder / "prometheus.yml").write_text(f"rule_files: [{json.dumps(str(RULES))}]\n", encoding="utf-8")
            bad = folder / "bad.json"
            bad.write_text(FILE.read_text(encoding="utf-8").replace("sum by (scope, why) (", "sum by (scope, why) (("), encoding="utf-8")
            with open(folder / "log", "w", encoding="utf-8") as log:
                server = subprocess.Popen(
                    ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                     f"--web.listen-address={url.removeprefix('http://')}"], stdout=log, stderr=log)  # fmt: skip
            try:
                self.assertTrue(is_ready(url), (folder / "log").read_text(encoding="utf-8"))
                good = self.check("--prometheus", url)
                self.assertEqual(good.returncode, 0, good.stdout + good.stderr)
                torn = self.check("--prometheus", url, "--dashboard", bad)
                self.assertEqual(torn.returncode, 1, "a query that does not parse was not noticed")
                self.assertIn("parse error", torn.stderr)
            finally:
                server.terminate()
                server.wait(timeout=20)


def is_ready(url):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url + "/-/ready", timeout=2):
                return True
        except OSError:
            time.sleep(0.1)
    return False


if __name__ == "__main__":
    unittest.main()
