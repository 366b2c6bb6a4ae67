#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""oomtrace where things go wrong: without privileges or types, with senseless options, damaged recordings, a closed output,
stopped by signals. Every error has to say what was attempted, why it failed, and what to do about it.

usage: bad_circumstances_test.py --oomtrace PROGRAM --workload PROGRAM [unittest arguments]
Exit status: 0 passed, 1 failed, 77 everything was skipped. Skips are printed with their reason.
"""

import argparse
import copy
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

from kernel_features import why_no_fentry, why_no_kprobe  # noqa: E402
from live_cases import parse_programs, run_cases  # noqa: E402
from scratch_cgroup import CgroupError, ScratchCgroup  # noqa: E402
from tracer_run import TracerRun  # noqa: E402

MIB = 1 << 20
LIMIT = 16 * MIB
NOBODY = 65534
FAILED, BAD_USAGE = 1, 2

# The head of a recording and of each record in it, from include/oomtrace/wire_record.h.
HEAD = struct.Struct("<8sIIII")
RECORD_HEADER = struct.Struct("<IHHQQII")
KIND_KILL, KIND_STREAM_END = 4, 69

ERROR = re.compile(r"^oomtrace: error: cannot (?P<attempted>[^\n]+?): (?P<reason>[^\n]+)(\n    hint: (?P<hint>[^\n]+))?$", re.M)

programs = argparse.Namespace()


def run(*arguments, wrapper=(), **options):
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        [*wrapper, str(programs.oomtrace), *map(str, arguments)],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120, check=False, **options,
    )  # fmt: skip


def run_out_of_memory(group):
    """One process, to its death; bounded where the limit does not hold."""
    command = [programs.workload, "eat", "--name", "eater", "--cgroup", group.directory, "--max", 4 * LIMIT]
    return subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, check=False).returncode


class Case(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def check_error(self, result, attempted, reason, hint):
        """Exit status 1 and exactly one error, of three parts that match."""
        text = result.stderr.decode()
        self.assertEqual(result.returncode, FAILED, text)
        errors = list(ERROR.finditer(text))
        self.assertEqual(len(errors), 1, text)
        self.assertRegex(errors[0]["attempted"], attempted)
        self.assertRegex(errors[0]["reason"], reason)
        self.assertIsNotNone(errors[0]["hint"], text)
        self.assertRegex(errors[0]["hint"], hint)

    def scratch_cgroup(self):
        try:
            group = ScratchCgroup(f"oomtrace-bad-{os.getpid()}", LIMIT)
            return self.enterContext(group)
        except CgroupError as error:
            self.skipTest(str(error))


class Privileges(Case):
    def as_nobody(self, *arguments, **options):
        return run(*arguments, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", **options)

    def test_without_root_tracing_says_what_is_missing(self):
        for command in ("trace", "doctor", "selftest"):
            with self.subTest(command=command):
                result = self.as_nobody(command)
                self.check_error(result, "^get ready to trace the kernel$", r"^CAP_\w+( and CAP_\w+)? missing, needed to: .",
                                 r"^run as root, or give it CAP_")  # fmt: skip
                self.assertEqual(result.stdout, b"")

    def test_without_root_what_needs_none_works(self):
        schema = self.as_nobody("schema")
        self.assertEqual((schema.returncode, schema.stderr), (0, b""))
        self.assertIn("properties", json.loads(schema.stdout))

    def test_a_capability_that_is_missing_is_named(self):
        for dropped, named in (("bpf", "CAP_BPF"), ("perfmon", "CAP_PERFMON")):
            with self.subTest(dropped=dropped):
                wrapper = ["setpriv", f"--bounding-set=-{dropped},-sys_admin", f"--inh-caps=-{dropped},-sys_admin"]
                result = run("trace", "--duration", "1s", wrapper=wrapper)
                self.check_error(result, "^get ready to trace the kernel$", f"^{named} missing, needed to: [^;]+$",
                                 "^run as root, or give it CAP_BPF and CAP_PERFMON$")  # fmt: skip

    def test_cap_sys_admin_does_for_those_that_were_split_off_from_it(self):
        wrapper = ["setpriv", "--bounding-set=-bpf,-perfmon", "--inh-caps=-bpf,-perfmon"]
        result = run("trace", "--duration", "1s", wrapper=wrapper)
        self.assertEqual(result.returncode, 0, result.stderr.decode())

    def test_a_capability_that_is_only_useful_is_a_warning(self):
        wrapper = ["setpriv", "--bounding-set=-syslog", "--inh-caps=-syslog"]
        result = run("trace", "--duration", "1s", wrapper=wrapper)
        text = result.stderr.decode()
        self.assertEqual(result.returncode, 0, text)
        self.assertRegex(text, "(?m)^oomtrace: warning: without CAP_SYSLOG: kernel stacks show addresses instead of names, and no incident is held against the kernel's own report$")
        self.assertNotRegex(text, "error")


class Kernel(Case):
    def hiding(self, *directories):
        """A command in front of oomtrace by which it sees nothing there."""
        mounts = "".join(f"mount -t tmpfs none {directory} && " for directory in directories)
        hidden = ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'{mounts}exec "$@"', "sh"]
        works = subprocess.run([*hidden, "true"], capture_output=True, check=False)
        if works.returncode != 0:
            self.skipTest(f"no mount namespace of its own: {works.stderr.decode().strip()}")
        return hidden

    def test_without_btf(self):
        result = run("trace", "--duration", "1s", wrapper=self.hiding("/sys/kernel/btf"))
        self.check_error(result, r"^read the kernel's type information \(/sys/kernel/btf/vmlinux\)$", "No such file",
                         "CONFIG_DEBUG_INFO_BTF")  # fmt: skip

    def test_without_tracefs_second_programs_are_done_without(self):
        result = run("doctor", wrapper=self.hiding("/sys/kernel/tracing", "/sys/kernel/debug"))
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        self.assertRegex(result.stdout.decode(), r"(?m)^  attached +tracepoint +sched:sched_process_exit .*without process_exit_again "
                         r"\(tracefs is not mounted at /sys/kernel/tracing\)")  # fmt: skip

    def check_refused(self, method, why):
        if why is None:
            self.skipTest(f"this kernel takes {method} programs")
        result = run("trace", "--attach", method, "--duration", "1s")
        self.check_error(result, f"^attach by {method}$", f"^{method}: .*(refused|not supported|has no|not in)", "oomtrace doctor")
        self.assertEqual(result.stdout, b"")

    def test_fentry_where_it_is_refused(self):
        self.check_refused("fentry", why_no_fentry())

    def test_kprobe_where_it_is_refused(self):
        self.check_refused("kprobe", why_no_kprobe())


class Usage(Case):
    def test_bad_usage_is_told_apart_from_failure(self):
        for arguments, named in (
            (["--no-such-option"], "--no-such-option"),
            (["trace", "--no-such-option"], "--no-such-option"),
            (["nonsense"], "nonsense"),
            (["trace", "--attach", "uprobe"], "--attach"),
            (["trace", "--count", "0"], "--count"),
            (["trace", "--count", "some"], "--count"),
            (["trace", "--duration", "soon"], "--duration"),
            (["trace", "--duration", "-1"], "--duration"),
            (["trace", "--ring-size", "4G"], "--ring-size"),
            (["trace", "--ring-size", "17592186044417M"], "--ring-size"),
            (["trace", "--walk-time-limit", "0"], "--walk-time-limit"),
            (["trace", "--walk-time-limit", "11s"], "--walk-time-limit"),
            (["trace", "--record"], "--record"),
            (["trace", "--json", "--brief"], "--json"),
            (["replay"], "recording"),
        ):
            with self.subTest(arguments=arguments):
                result = run(*arguments)
                text = result.stderr.decode()
                self.assertEqual(result.returncode, BAD_USAGE, text)
                self.assertRegex(text, r'\Aoomtrace: [^\n]+\nRun "oomtrace --help" for the options\.\n\Z')
                self.assertIn(named, text)
                self.assertEqual(result.stdout, b"")

    def test_help_and_version_are_results(self):
        for option in ("--help", "--version"):
            result = run(option)
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            self.assertTrue(result.stdout.startswith(b"oomtrace"), result.stdout)

    def test_a_recording_that_cannot_be_written(self):
        result = run("trace", "--duration", "1s", "--record", self.directory / "none" / "recording")
        self.check_error(result, "^open .*/none/recording for the recording$", "^No such file or directory$", "directory")


class Incident(unittest.TestCase):
    """One memory cgroup run out of memory, recorded; what the cases do with the recording."""

    check_error = Case.check_error

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        cls.recording = cls.directory / "whole"
        try:
            with ScratchCgroup(f"oomtrace-bad-{os.getpid()}", LIMIT) as group:
                cls.path = group.path
                with TracerRun(programs.oomtrace, "auto", directory.name, options=["--record", cls.recording]) as tracer:
                    cls.eater_status = run_out_of_memory(group)
                    cls.incidents = tracer.wait_for(1, lambda incident: incident["memcg"]["path"] == cls.path)
                    cls.status = tracer.stop(signal.SIGINT)
                    cls.log = tracer.log()
        except CgroupError as error:
            raise unittest.SkipTest(str(error)) from error
        cls.live = tracer.json_path.read_bytes()
        cls.bytes = cls.recording.read_bytes()

    def records(self):
        """(offset, size, kind) of each."""
        offset = HEAD.size
        while offset < len(self.bytes):
            size, kind = RECORD_HEADER.unpack_from(self.bytes, offset)[:2]
            yield offset, size, kind
            offset += size

    def replay(self, content, *options):
        path = self.directory / "changed"
        path.write_bytes(content)
        return run("replay", path, "--json", *options)

    def test_the_run_went_as_planned(self):
        self.assertEqual(self.eater_status, -signal.SIGKILL)
        self.assertEqual(len(self.incidents), 1, self.log)
        self.assertEqual(self.status, 0, self.log)
        self.assertNotRegex(self.log, "error")
        self.assertEqual([kind for *_, kind in self.records()][-1], KIND_STREAM_END)

    def test_replay_gives_the_same_bytes(self):
        result = run("replay", self.recording, "--json")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(result.stdout, self.live)

    def test_replay_needs_no_privileges(self):
        copied = self.directory / "readable"
        shutil.copyfile(self.recording, copied)
        os.chmod(self.directory, 0o755)
        os.chmod(copied, 0o644)
        result = run("replay", copied, "--json", user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")
        self.assertEqual((result.returncode, result.stderr, result.stdout), (0, b"", self.live))

    def test_the_json_is_what_the_schema_says(self):
        schema = json.loads(run("schema").stdout)
        validator_class = jsonschema.validators.validator_for(schema)
        validator_class.check_schema(schema)
        validator = validator_class(schema)
        for line in self.live.splitlines():
            self.assertEqual([error.message for error in validator.iter_errors(json.loads(line))], [])
        for change in (lambda incident: incident.pop("outcome"),
                       lambda incident: incident.update(surprise=1),
                       lambda incident: incident["memcg"].update(limit_bytes="much"),
                       lambda incident: incident["candidates"][0].pop("pid")):  # fmt: skip
            spoiled = copy.deepcopy(self.incidents[0])
            change(spoiled)
            self.assertFalse(validator.is_valid(spoiled))

    def test_cut_in_its_closing_record(self):
        offset, size, kind = list(self.records())[-1]
        self.assertEqual(kind, KIND_STREAM_END)
        for cut, reason in ((offset + size - 1, rf"the next record has {size - 1} of {size} bytes"),
                            (offset + 8, "the next record's header has 8 of 32 bytes"),
                            (offset, "the closing record is missing")):  # fmt: skip
            with self.subTest(cut=cut):
                result = self.replay(self.bytes[:cut])
                whole = len(list(self.records())) - 1
                self.check_error(result, "^read recording .*/changed$", f"^truncated after {whole} whole records: {reason}$",
                                 "^the tracer was killed or the disk was full; what was whole has been used$")  # fmt: skip
                self.assertEqual(result.stdout, self.live)

    def test_cut_in_the_middle_of_the_incident(self):
        cut = next(offset + size for offset, size, kind in self.records() if kind == KIND_KILL) + 1
        result = self.replay(self.bytes[:cut])
        self.check_error(result, "^read recording ", r"^truncated after \d+ whole records: ", "what was whole has been used$")
        told = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(len(told), 1)
        whole = self.incidents[0]
        self.assertEqual(told[0]["victim"]["tgid"], whole["victim"]["tgid"])
        self.assertTrue(whole["completeness"]["complete"], whole["completeness"])
        self.assertFalse(told[0]["completeness"]["complete"])
        self.assertTrue(told[0]["completeness"]["missing"])

    def test_cut_in_its_head(self):
        self.check_error(self.replay(self.bytes[:12]), "^open recording ", "^truncated: its head has 12 of 24 bytes$", ".")

    def test_of_another_version(self):
        magic, version, *rest = HEAD.unpack_from(self.bytes)
        changed = HEAD.pack(magic, version + 41, *rest) + self.bytes[HEAD.size :]
        result = self.replay(changed)
        self.check_error(result, "^open recording ", f"^written by wire version {version + 41}, this oomtrace reads {version}$",
                         "^replay it with the oomtrace that wrote it$")  # fmt: skip
        self.assertEqual(result.stdout, b"")

    def test_what_is_no_recording(self):
        for content in (b"", b"\n", b"Out of memory: Killed process 1 (init)\n", bytes(100), b"OOMTRACER" + bytes(100)):
            with self.subTest(content=content[:20]):
                result = self.replay(content)
                self.assertEqual(result.stdout, b"")
                if content.startswith(b"OOMTRACE"):
                    self.check_error(result, "^open recording ", "^(damaged|written by)", ".")
                else:
                    self.check_error(result, "^open recording ", "^not an oomtrace recording", "--record FILE")

    def test_a_damaged_size(self):
        offset = next(self.records())[0]
        changed = self.bytes[:offset] + struct.pack("<I", 0xFFFFFFF0) + self.bytes[offset + 4 :]
        self.check_error(self.replay(changed), "^read recording ", "^damaged after 0 whole records: .*4294967280 bytes$", ".")

    def test_two_recordings_in_one_file(self):
        result = self.replay(self.bytes + self.bytes)
        self.check_error(result, "^read recording ", "^there are bytes after the closing record$", ".")
        self.assertEqual(result.stdout, self.live)

    def test_no_such_file(self):
        result = run("replay", self.directory / "none")
        self.check_error(result, "^open the recording .*/none$", "^No such file or directory$", "--record FILE")

    def test_a_directory(self):
        self.check_error(run("replay", self.directory), "^open (the )?recording ", ".", ".")

    def test_an_output_that_takes_nothing(self):
        with open("/dev/full", "wb") as full:
            self.check_error(run("replay", self.recording, "--json", stdout=full), "^write ", "^No space left on device$", ".")
            self.check_error(run("replay", self.recording, stdout=full), "^print the report of incident ", "^No space left on device$", ".")
            self.check_error(run("schema", stdout=full), "^write the schema$", "^No space left on device$", ".")

    def test_a_reader_that_has_gone(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        try:
            result = run("replay", self.recording, "--json", stdout=write_end)
        finally:
            os.close(write_end)
        # As every filter of a pipeline ends: by the signal, in silence.
        self.assertEqual((result.returncode, result.stderr), (-signal.SIGPIPE, b""))


class Tracing(Case):
    def check_replay(self, recording, live):
        result = run("replay", recording, "--json")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(result.stdout, live)

    def test_signals_end_it_well(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                recording = self.directory / number.name
                options = ["--record", recording]
                with TracerRun(programs.oomtrace, "auto", self.directory, options=options) as tracer:
                    self.assertEqual(tracer.stop(number), 0, tracer.log())
                self.assertRegex(tracer.log(), r"\d+ incidents? in \d+ records")
                self.assertNotRegex(tracer.log(), "error")
                self.check_replay(recording, tracer.json_path.read_bytes())

    def test_a_signal_in_the_middle_of_an_incident(self):
        """Stopped as soon as the kill is told: what is open is told as incomplete, in the recording as well."""
        group = self.scratch_cgroup()
        recording = self.directory / "recording"
        with TracerRun(programs.oomtrace, "auto", self.directory, options=["--record", recording]) as tracer:
            self.assertEqual(run_out_of_memory(group), -signal.SIGKILL)
            self.assertEqual(tracer.stop(signal.SIGTERM), 0, tracer.log())
        ours = [incident for incident in tracer.incidents() if incident["memcg"]["path"] == group.path]
        self.assertEqual(len(ours), 1, tracer.log())
        self.check_replay(recording, tracer.json_path.read_bytes())

    def test_count(self):
        group = self.scratch_cgroup()
        recording = self.directory / "recording"
        options = ["--record", recording, "--count", 1]
        with TracerRun(programs.oomtrace, "auto", self.directory, options=options) as tracer:
            self.assertEqual(run_out_of_memory(group), -signal.SIGKILL)
            self.assertEqual(tracer.wait(), 0, tracer.log())
        self.assertEqual(len(tracer.incidents()), 1)
        self.check_replay(recording, tracer.json_path.read_bytes())
        limited = run("replay", recording, "--json", "--count", 1)
        self.assertEqual((limited.returncode, limited.stdout), (0, tracer.json_path.read_bytes()))

    def test_duration(self):
        with TracerRun(programs.oomtrace, "auto", self.directory, options=["--duration", "1500ms"]) as tracer:
            begin = time.monotonic()
            self.assertEqual(tracer.wait(), 0, tracer.log())
            waited = time.monotonic() - begin
        # It watches from a moment before "watching" was seen; this machine may be busy, so that only the lower end is tight.
        self.assertGreater(waited, 1)
        self.assertLess(waited, 30)
        self.assertNotRegex(tracer.log(), "error")

    def test_a_reader_that_has_gone(self):
        """stdout is a closed pipe: an error when there is something to say, and never a signal."""
        group = self.scratch_cgroup()
        read_end, write_end = os.pipe()
        command = [str(programs.oomtrace), "trace", "--json"]
        with open(self.directory / "log", "wb") as log:
            tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=write_end, stderr=log)
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.kill)
        os.close(write_end)
        os.close(read_end)
        deadline = time.monotonic() + 60
        while b"watching" not in (self.directory / "log").read_bytes():
            self.assertIsNone(tracer.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertEqual(run_out_of_memory(group), -signal.SIGKILL)
        status = tracer.wait(timeout=60)
        text = (self.directory / "log").read_bytes()
        self.check_error(subprocess.CompletedProcess(command, status, b"", text), "^write ", "^Broken pipe$", ".")


def main():
    arguments = parse_programs(__doc__, programs)
    with tempfile.TemporaryDirectory() as directory:
        # A place that other users reach too.
        os.chmod(directory, 0o755)
        programs.oomtrace = pathlib.Path(shutil.copy(programs.oomtrace, directory))
        return run_cases(arguments)


if __name__ == "__main__":
    sys.exit(main())
