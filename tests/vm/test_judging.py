#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That a VM run turns red: a kept result of a real run passes, and with one thing in it falsified it fails."""

import contextlib
import io
import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest
import unittest.mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import run_vm_test  # noqa: E402

KEPT = HERE.parent / "data" / "vm_run"  # of kernel 7.3.4, scenario memcg, method fentry
SCENARIO, METHOD = "memcg", "fentry"


def judge_again(output, *how):
    """(exit status, what was printed)"""
    printed = io.StringIO()
    arguments = [*how, "--output", str(output), "--kernel", "newest", "--scenario", SCENARIO, "--method", METHOD]
    arguments += ["--oomtrace", os.environ["OOMTRACE"], "--workload", "oom_workload"]
    with contextlib.redirect_stdout(printed):
        status = run_vm_test.main(arguments)
    return status, printed.getvalue()


class KeptRun(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.output = pathlib.Path(directory.name)
        self.run_directory = self.output / SCENARIO
        self.traced = self.run_directory / METHOD
        shutil.copytree(KEPT / SCENARIO, self.run_directory)

    def rewrite_incidents(self, change):
        path = self.traced / "incidents.jsonl"
        incidents = [json.loads(line) for line in path.read_text().splitlines()]
        change(incidents)
        path.write_text("".join(json.dumps(incident) + "\n" for incident in incidents))

    def rewrite(self, name, old, new):
        path = self.run_directory / name
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def expect_failure(self, words):
        status, printed = judge_again(self.output, "--no-boot")
        self.assertEqual(status, 1, printed)
        self.assertIn("0 of 1 runs passed on kernel newest, 1 failed, 0 skipped", printed)
        self.assertRegex(printed, words)


class AsItWas(KeptRun):
    def test_passes(self):
        status, printed = judge_again(self.output, "--no-boot")
        self.assertEqual(status, 0, printed)
        self.assertIn("1 of 1 runs passed on kernel newest, 0 failed, 0 skipped", printed)


class Falsified(KeptRun):
    def test_one_value_of_an_incident(self):
        def more(key, amount=1):
            return lambda place: place.__setitem__(key, place[key] + amount)

        def fired(incident):
            return next(level for level in incident["memcg"]["levels"] if level["fired"])

        def weighed(incident):
            return next(candidate for candidate in incident["candidates"] if candidate["eligible"] and not candidate["chosen"])

        page = 4096
        changes = {
            "victim pid": lambda i: more("pid")(i["victim"]),
            "victim points": lambda i: more("points")(i["victim"]),
            "victim memory": lambda i: more("rss_anon_bytes", page)(i["victim"]),
            "victim name": lambda i: i["victim"].update(comm="other"),
            "kill": lambda i: i["kills"].append(dict(i["kills"][0], pid=1)),
            "no kill": lambda i: i["kills"].clear(),
            "kill reason": lambda i: i["kills"][0].update(why="oom_group"),
            "candidate gone": lambda i: i["candidates"].remove(weighed(i)),
            "candidate memory": lambda i: more("rss_file_bytes", page)(weighed(i)),
            "candidate page tables": lambda i: more("pgtables_bytes", page)(weighed(i)),
            "candidate oom_score_adj": lambda i: more("oom_score_adj")(weighed(i)),
            "candidate user": lambda i: more("uid")(weighed(i)),
            "trigger": lambda i: more("pid")(i["trigger"]),
            "program": lambda i: i["victim"].update(exe="/usr/bin/other"),
            "gfp_mask": lambda i: i["allocation"].update(gfp_mask="0x0"),
            "order": lambda i: i["allocation"].update(order=1),
            "constraint": lambda i: i.update(constraint="none"),
            "scope": lambda i: i.update(scope="global"),
            "outcome": lambda i: i.update(outcome="group_kill"),
            "limit": lambda i: more("max_bytes", page)(fired(i)["memory"]),
            "failcnt": lambda i: more("failcnt")(fired(i)["memory"]),
            "group": lambda i: i["memcg"].update(path="/other"),
            "total_pages": lambda i: more("total_pages")(i),
            "lost records": lambda i: more("records_lost")(i["completeness"]),
            "incomplete": lambda i: i["completeness"].update(complete=False),
            "candidate parent": lambda i: [more("ppid")(candidate) for candidate in i["candidates"]],
            "candidate start": lambda i: [more("start_boottime_ns", 10**7)(candidate) for candidate in i["candidates"]],
            "candidate sum": lambda i: more("rss_bytes", page)(weighed(i)),
            "setting": lambda i: more("swappiness")(i["sysctls"]),
            "runner-up": lambda i: more("points")(i["victim"]["runner_up"]),
            "ranking": lambda i: i["verdict"]["victim"]["ranking"].reverse(),
            "parts of the score": lambda i: more("adj_points")(i["verdict"]["victim"]["points"]),
            "timeline": lambda i: more("since_invocation_ns")(i["timeline"][-1]),
            "memory that came back": lambda i: more("returned_bytes", page)(i["after"]),
            "round of reclaim": lambda i: more("rounds")(i["before"]["reclaim"]),
            "own score check": lambda i: more("mismatched")(i["checks"]["scores"]),
        }
        for name, change in changes.items():
            with self.subTest(name):
                shutil.copytree(KEPT / SCENARIO, self.run_directory, dirs_exist_ok=True)
                self.rewrite_incidents(lambda incidents, change=change: change(incidents[0]))
                self.expect_failure("MISMATCH|FAIL")

    def test_an_incident_that_is_missing(self):
        self.rewrite_incidents(lambda incidents: incidents.pop())
        self.expect_failure("FAIL incidents: 1, expected 2")

    def test_an_incident_of_nothing(self):
        self.rewrite_incidents(lambda incidents: incidents.append(dict(incidents[1], episode=99)))
        self.expect_failure("MISMATCH.*no report of it")

    def test_a_step_of_a_kill_that_the_kernels_trace_has_otherwise(self):
        for key, step in (("signalled_ns", "signal"), ("marked_ns", "mark"), ("exited_ns", "exit")):
            with self.subTest(key):
                shutil.copytree(KEPT / SCENARIO, self.run_directory, dirs_exist_ok=True)
                self.rewrite_incidents(lambda incidents, key=key: incidents[0]["kills"][0].update({key: 1}))
                self.expect_failure(f"FAIL time between the {step} of .* and its trace")

    def test_data_that_was_lost(self):
        with (self.traced / "trace.log").open("a") as log:
            log.write("OOMTRACE LOST DATA  since it started: 1 hook call skipped (the hook was running already)\n")
        self.expect_failure("FAIL what it lost")

    def test_a_kill_that_only_the_kernel_counted(self):
        (self.run_directory / "oom_kills").write_text("3\n")
        self.expect_failure("FAIL oom_kill of /proc/vmstat: 3, expected 2")

    def test_the_kernels_report(self):
        self.rewrite("dmesg.txt", "oom_score_adj=0", "oom_score_adj=1")
        self.expect_failure("MISMATCH.*trigger.oom_score_adj")

    def test_the_verdict(self):
        changes = {
            "reason of the shortage": lambda i: i["verdict"]["now"].update(shortage="zones"),
            "limit": lambda i: i["verdict"]["now"]["limit"].update(limit_bytes=1),
            "sentence": lambda i: i["verdict"].update(summary="Something else."),
            "candidate score": lambda i: next(c for c in i["candidates"] if c["eligible"] and not c["chosen"]).update(points=1),
        }
        for name, change in changes.items():
            with self.subTest(name):
                shutil.copytree(KEPT / SCENARIO, self.run_directory, dirs_exist_ok=True)
                self.rewrite_incidents(lambda incidents, change=change: change(incidents[0]))
                self.expect_failure("FAIL explained from the log")

    def test_a_report_that_is_cut(self):
        path = self.run_directory / "dmesg.txt"
        lines = path.read_text().splitlines(keepends=True)
        row = next(number for number, line in enumerate(lines) if "plain" in line and "] [" in line)
        path.write_text("".join(lines[:row] + lines[row + 1 :]))
        self.expect_failure("FAIL explained from the log: .*candidates that could be killed")

    def test_the_tracers_exit_status(self):
        (self.traced / "tracer_status").write_text("1\n")
        self.expect_failure("FAIL exit status of oomtrace")

    def test_an_incident_that_is_cut(self):
        path = self.traced / "incidents.jsonl"
        path.write_text(path.read_text()[:4096])
        self.expect_failure("FAIL an incident did not come whole")

    def without_triggers(self):
        path = self.traced / "incidents.jsonl"
        incidents = [json.loads(line) | {"trigger": None} for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps(incident) + "\n" for incident in incidents))

    def test_an_incident_that_is_nothing_of_the_kind(self):
        self.without_triggers()
        self.expect_failure("FAIL cannot be judged: TypeError")

    def test_what_keeps_an_incident_from_being_judged_hides_nothing(self):
        self.without_triggers()
        with (self.traced / "trace.log").open("a") as log:
            log.write("OOMTRACE LOST DATA  since it started: 8 records dropped (ring buffer full)\n")
        self.expect_failure("(?s)FAIL what it lost.*FAIL cannot be judged: TypeError")

    def test_a_result_that_did_not_arrive(self):
        (self.run_directory / "expected").unlink()
        self.expect_failure("FAIL the guest left no expected")

    def test_nothing_at_all(self):
        shutil.rmtree(self.run_directory)
        self.expect_failure("FAIL the guest left no result")


class MadeAgain(unittest.TestCase):
    """`--again`, with guests that leave the kept run, or nothing."""

    def boot(self, ends_well):
        """(exit status, what was printed, what is in the output's folder), with a guest for each of `ends_well`."""
        guests = iter(ends_well)

        def guest(_options, _needs, methods, names, output, _programs):
            self.assertEqual((methods, names), ((METHOD,), [SCENARIO]))
            if not next(guests):
                return run_vm_test.GUEST_PANICKED
            shutil.copytree(KEPT / SCENARIO, output / SCENARIO)
            tracer = output / f"tracer-{SCENARIO}-{METHOD}"
            shutil.move(output / SCENARIO / METHOD, tracer)
            (output / SCENARIO / "begin").write_text("1.5\n")
            (output / "doctor.txt").write_text("method fentry: attached\n  attached  fexit  x  program: 7 instructions verified\n")
            return 0

        with tempfile.TemporaryDirectory() as output, unittest.mock.patch.object(run_vm_test, "boot", guest):
            status, printed = judge_again(pathlib.Path(output), "--again", "1")
            self.assertIsNone(next(guests, None), "not every guest was booted")
            return status, printed

    def test_only_what_failed(self):
        status, printed = self.boot([True])
        self.assertEqual(status, 0, printed)
        self.assertNotIn("again", printed)

    def test_passes_and_says_that_it_failed_first(self):
        status, printed = self.boot([False, True])
        self.assertEqual(status, 0, printed)
        self.assertIn("1 of 1 runs passed", printed)
        self.assertIn("passed only when made again: memcg, fentry: the guest left no result", printed)

    def test_fails_when_it_fails_again(self):
        status, printed = self.boot([False, False])
        self.assertEqual(status, 1, printed)
        self.assertIn("0 of 1 runs passed on kernel newest, 1 failed", printed)


class DealtOut(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.output = pathlib.Path(directory.name)

    def deal_out(self, begins, lines, status="0\n"):
        """{scenario: lines that it got}, of the scenarios that begin at those seconds under a tracer that wrote those lines."""
        tracer = self.output / f"tracer-{next(iter(begins))}-kprobe"
        tracer.mkdir()
        (tracer / "incidents.jsonl").write_text("".join(lines))
        (tracer / "tracer_status").write_text(status)
        for name, seconds in begins.items():
            (self.output / name).mkdir()
            if seconds is not None:
                (self.output / name / "begin").write_text(f"{seconds}\n")
        run_vm_test.deal_out_incidents(self.output, ("fentry", "kprobe"), list(begins))
        self.assertEqual(list(self.output.glob("*/fentry")), [], "the method that left nothing")
        dealt = self.output.glob("*/kprobe/incidents.jsonl")
        return {path.parent.parent.name: path.read_text().splitlines(True) for path in dealt}

    @staticmethod
    def line(seconds):
        return json.dumps({"monotonic_ns": int(seconds * 1e9)}) + "\n"

    def test_each_scenario_gets_what_came_while_it_was_on(self):
        first, late, second, early = (self.line(seconds) for seconds in (12.5, 19.9, 20.1, 9))
        dealt = self.deal_out({"memcg": 10.25, "swap": 20.0, "tmpfs": 31.0}, [early, first, second, late])
        self.assertEqual(dealt, {"memcg": [early, first, late], "swap": [second], "tmpfs": []})
        self.assertEqual((self.output / "swap" / "kprobe" / "tracer_status").read_text(), "0\n")

    def test_a_line_that_is_cut_off_goes_with_the_one_before(self):
        whole, cut = self.line(21), self.line(22)[:-9]
        self.assertEqual(self.deal_out({"memcg": 10.0, "swap": 20.0}, [whole, cut]), {"memcg": [], "swap": [whole, cut]})

    def test_a_scenario_that_never_began_gets_nothing(self):
        one = self.line(25)
        self.assertEqual(self.deal_out({"memcg": 10.0, "swap": None}, [one]), {"memcg": [one]})

    def test_every_method_has_its_own(self):
        (self.output / "memcg").mkdir()
        (self.output / "memcg" / "begin").write_text("10\n")
        for method, seconds in (("fentry", 11), ("tracepoint", 12)):
            (self.output / f"tracer-memcg-{method}").mkdir()
            (self.output / f"tracer-memcg-{method}" / "incidents.jsonl").write_text(self.line(seconds))
        run_vm_test.deal_out_incidents(self.output, ("fentry", "tracepoint"), ["memcg"])
        for method, seconds in (("fentry", 11), ("tracepoint", 12)):
            self.assertEqual((self.output / "memcg" / method / "incidents.jsonl").read_text(), self.line(seconds))


class Boots(unittest.TestCase):
    def test_methods_share_one_unless_it_panics(self):
        scenarios = run_vm_test.load_scenarios()
        boots = run_vm_test.boots_of("6.12", scenarios, ["memcg", "panic", "global"], run_vm_test.METHODS)
        self.assertEqual(
            [(methods, names) for _, methods, names in boots],
            [(run_vm_test.METHODS, ["memcg", "global"]), (("fentry",), ["panic"]), (("kprobe",), ["panic"])],
        )

    def test_a_method_that_a_kernel_has_not(self):
        boots = run_vm_test.boots_of("6.1-arm64", run_vm_test.load_scenarios(), ["memcg"], run_vm_test.METHODS)
        self.assertEqual([methods for _, methods, _ in boots], [("kprobe", "tracepoint")])
        self.assertEqual(run_vm_test.boots_of("6.1-arm64", run_vm_test.load_scenarios(), ["memcg"], ("fentry",)), [])


if __name__ == "__main__":
    unittest.main()
