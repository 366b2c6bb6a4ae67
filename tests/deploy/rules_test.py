# SPDX-License-Identifier: Apache-2.0
"""The Prometheus rules: promtool's checks and tests, and that these tests leave no alert out."""

import pathlib
import re
import shutil
import subprocess
import unittest

import yaml

import metric_catalogue
from program_help import OOMTRACE, long_options

FOLDER = metric_catalogue.TOP / "deploy" / "prometheus"
RULES = yaml.safe_load((FOLDER / "oomtrace.rules.yml").read_text(encoding="utf-8"))
TESTS = yaml.safe_load((FOLDER / "oomtrace.rules.test.yml").read_text(encoding="utf-8"))
ALERTS = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"] if "alert" in rule}
COMMAND = re.compile(r"oomtrace (history|show|explain|doctor)\b([^\",;:]*)")


@unittest.skipUnless(shutil.which("promtool"), "promtool is not installed (Debian package prometheus)")
class Promtool(unittest.TestCase):
    def run_promtool(self, *arguments):
        ran = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_the_rules_are_rules(self):
        self.run_promtool("check", "rules", "--lint-fatal", "oomtrace.rules.yml")

    def test_alerts_fire_where_they_should(self):
        self.run_promtool("test", "rules", "oomtrace.rules.test.yml")

    def test_the_scrape_example_is_a_configuration(self):
        self.run_promtool("check", "config", "scrape.example.yml")


class Rules(unittest.TestCase):
    def test_every_alert_is_tested_to_fire_and_to_be_silent(self):
        fires, silent = set(), set()
        for test in TESTS["tests"]:
            for case in test.get("alert_rule_test", []):
                (fires if case["exp_alerts"] else silent).add(case["alertname"])
        self.assertEqual(fires, set(ALERTS))
        self.assertEqual(silent, set(ALERTS))

    def test_metrics_are_those_that_the_agent_serves(self):
        served, recorded = metric_catalogue.served(), metric_catalogue.recorded(RULES)
        for group in RULES["groups"]:
            for rule in group["rules"]:
                with self.subTest(rule.get("alert", rule.get("record"))):
                    self.assertLessEqual(metric_catalogue.used(rule["expr"]), served)
                    self.assertLessEqual(metric_catalogue.recorded_used(rule["expr"]), recorded)

    def test_series_of_the_tests_are_of_metrics_that_the_agent_serves(self):
        series = {entry["series"].split("{")[0] for test in TESTS["tests"] for entry in test["input_series"]}
        self.assertLessEqual(series - {"up"}, metric_catalogue.served())

    def test_each_says_what_it_is_and_what_to_run(self):
        for name, rule in ALERTS.items():
            with self.subTest(name):
                self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"))
                self.assertEqual(set(rule["annotations"]), {"summary", "description"})
                self.assertRegex(rule["annotations"]["description"], "oomtrace |journalctl |Prometheus|scrape configuration")

    @unittest.skipUnless(OOMTRACE, "OOMTRACE does not say where the program is")
    def test_commands_in_annotations_exist(self):
        said = 0
        for name, rule in ALERTS.items():
            for command, rest in COMMAND.findall(rule["annotations"]["description"]):
                with self.subTest(name):
                    self.assertLessEqual(set(re.findall(r"--[\w.-]+", rest)), set(long_options(command)))
                said += 1
        self.assertGreater(said, len(ALERTS))


if __name__ == "__main__":
    unittest.main()
