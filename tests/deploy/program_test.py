# SPDX-License-Identifier: Apache-2.0
"""What tells of the program's commands and options, against its own --help: the man page, the completions, agent.conf."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import metric_catalogue
from program_help import OOMTRACE, commands, long_options

DEPLOY = metric_catalogue.TOP / "deploy"
MAN_PAGE = os.environ["OOMTRACE_MAN_PAGE"]

# Calls the completion as readline does, with the words of the arguments, and prints what it offers.
BASH = r"""
source "$1"; shift
compopt() { :; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_oomtrace
printf '%s\n' "${COMPREPLY[@]}"
"""


def completions(*words):
    ran = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", DEPLOY / "completion/oomtrace.bash", OOMTRACE, *words],
        capture_output=True, text=True, check=True)  # fmt: skip
    assert not ran.stderr, ran.stderr
    return [word for word in ran.stdout.splitlines() if word]


class ManPage(unittest.TestCase):
    def setUp(self):
        with open(MAN_PAGE, encoding="utf-8") as page:
            self.text = page.read().replace("\\-", "-")

    def section(self, title):
        found = re.search(rf"^\.S[SH] {title}$(.*?)(?=^\.S[SH] )", self.text, re.MULTILINE | re.DOTALL)
        return found[1] if found else ""

    def options_in(self, title):
        return set(re.findall(r"^\.TP\n(?:\\fB-\w\\fR, )?\\fB(--[\w.-]+)\\fR", self.section(title), re.MULTILINE))

    def test_it_has_every_command(self):
        self.assertEqual(tuple(re.findall(r"^\.TP\n\\fB(\w+)\\fR", self.section("COMMANDS"), re.MULTILINE)), commands())

    def test_it_has_every_option(self):
        self.assertEqual(self.options_in("OPTIONS"), set(long_options()))
        self.assertEqual(set(long_options("trace")) | {"--version"}, set(long_options()))
        for command in commands():
            if command != "trace":
                with self.subTest(command):
                    self.assertEqual(self.options_in(f"oomtrace {command}"), set(long_options(command)) - {"--help"})

    def test_options_are_told_with_what_they_take(self):
        self.assertIn("\\fB--store.max-incidents\\fR \\fIN\\fR\nKeep the newest of so many. Default: \\fB10000\\fR.\n", self.text)
        self.assertIn("\\fB--since-boot\\fR \\fItrue|false\\fR\n", self.text)
        self.assertIn("PEM file: serve HTTPS. Needs --web.tls-key.\n", self.text)
        self.assertNotIn("@", self.text)

    @unittest.skipUnless(shutil.which("man"), "man is not installed (Debian package man-db)")
    def test_it_is_a_man_page(self):
        ran = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", MAN_PAGE], capture_output=True, text=True, check=True,
                             env=os.environ | {"MANWIDTH": "100", "LC_ALL": "C.UTF-8"})  # fmt: skip
        self.assertEqual(ran.stderr, "")
        self.assertIn("explain why the Linux kernel killed a process", ran.stdout)


class BashCompletion(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(tuple(completions("")), commands())
        self.assertEqual(completions("hist"), ["history"])

    def test_every_option(self):
        self.assertEqual(tuple(completions("--")), long_options())
        for command in commands():
            with self.subTest(command):
                self.assertEqual(tuple(completions(command, "--")), long_options(command))

    def test_values(self):
        self.assertEqual(completions("--attach", ""), ["auto", "fentry", "kprobe", "tracepoint"])
        self.assertEqual(completions("history", "--scope", "=", "me"), ["memcg"])
        self.assertEqual(completions("agent", "--journal", "="), ["true", "false"])
        self.assertEqual(completions("history", "--limit", ""), [], "what cannot be guessed is not")
        self.assertEqual(completions("history", "--json", "--li"), ["--limit"], "--json takes no value")

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("kern.log", "incidents.db"):
                with open(f"{folder}/{name}", "w", encoding="utf-8"):
                    pass
            self.assertEqual(completions("explain", f"{folder}/k"), [f"{folder}/kern.log"])
            self.assertEqual(completions("history", "--store", f"{folder}/in"), [f"{folder}/incidents.db"])
            self.assertEqual(completions("agent", "--web.auth-file", f"{folder}/in"), [f"{folder}/incidents.db"])

    def test_values_are_those_that_the_program_takes(self):
        for command, option in (("trace", "--attach"), ("agent", "--cmdline"), ("history", "--scope"), ("history", "--outcome"),
                                ("agent", "--journal"), ("agent", "--bpf-stats")):  # fmt: skip
            for value in completions(command, option, ""):
                with self.subTest(f"{option} {value}"):
                    # Refused for the store that is not there or not at all, but never for its usage (2).
                    arguments = [command, option, value, *{"agent": ["--check-config"], "trace": ["--help"]}.get(command, ["--store", "/nonexistent"])]
                    ran = subprocess.run([OOMTRACE, *arguments], capture_output=True, text=True, check=False)
                    self.assertNotEqual(ran.returncode, 2, ran.stderr)


@unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
class ZshCompletion(unittest.TestCase):
    def test_every_option(self):
        # Without a terminal: what it would offer is printed by a compadd and a _describe of our own.
        script = r"""
            compadd() { while [[ $1 == -* && $1 != -- ]]; do shift; done; [[ $1 != -- ]] || shift; print -l -- "$@" }
            _describe() { print -l -- "${(@)commands%%:*}" }
            _files() { print files }
            words=("${@[2,-1]}"); CURRENT=$#words; PREFIX=$words[-1]
            set -- ; source "$file"
        """
        for words, expected in [(("",), commands()), (("--",), long_options())] + [
                ((command, "--"), long_options(command)) for command in commands()]:  # fmt: skip
            with self.subTest(words):
                ran = subprocess.run(["zsh", "-f", "-c", script, "zsh", "", OOMTRACE, *words], capture_output=True, text=True, check=True,
                                     env=os.environ | {"file": str(DEPLOY / "completion/_oomtrace")})  # fmt: skip
                self.assertEqual(tuple(ran.stdout.split()), expected, ran.stderr)


class AgentConf(unittest.TestCase):
    NAME = re.compile(r"^#? ?([a-z][\w.-]*) = (.*)$")

    def names(self, path):
        lines = path.read_text(encoding="utf-8").splitlines()
        return [match[1] for line in lines if (match := self.NAME.match(line))]

    def accepted(self, path):
        return subprocess.run([OOMTRACE, "agent", "--config", path, "--check-config"], capture_output=True, text=True, check=False)

    def test_it_lists_every_option_once(self):
        expected = {option[2:] for option in long_options("agent")} - {"help", "config", "check-config"}
        self.assertEqual(sorted(self.names(DEPLOY / "agent.conf")), sorted(expected))

    def test_it_is_accepted_as_it_is_and_with_everything_in_it(self):
        whole = DEPLOY / "agent.conf"
        with tempfile.TemporaryDirectory() as folder:
            every = os.path.join(folder, "every.conf")
            with open(every, "w", encoding="utf-8") as file:
                for line in whole.read_text(encoding="utf-8").splitlines():
                    file.write((line[2:] if self.NAME.match(line) else line) + "\n")
            for path in (whole, every):
                ran = self.accepted(path)
                self.assertEqual(ran.returncode, 0, ran.stderr)

    def test_that_of_kubernetes_is_accepted(self):
        with tempfile.TemporaryDirectory() as folder:
            text = (DEPLOY / "kubernetes/agent.conf").read_text(encoding="utf-8")
            path = os.path.join(folder, "agent.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("host-root = /host", f"host-root = {folder}"))
            ran = self.accepted(path)
            self.assertEqual(ran.returncode, 0, ran.stderr)


if __name__ == "__main__":
    unittest.main()
