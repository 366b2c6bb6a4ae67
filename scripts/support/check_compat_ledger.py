#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps bpf/kernel_compat.bpf.h the one ledger of kernel differences.

check_compat_ledger.py [TOP]

Fails when another file of bpf/ has a flavour or an existence check, when an entry of the ledger does not say what it has to, or
when tests/unit/compat does not take a decision that the programs use. Lists the entries that the oldest kernel has outlived.
"""
import pathlib
import re
import sys

STRAY = re.compile(
    r"\b[A-Za-z]\w*___\w+"  # a flavour: struct x___v6_2, X___all
    r"|\bbpf_core_(?:field|type|enum_value)_exists\b|\bbpf_core_type_matches\b"
    r"|\b__builtin_preserve_\w+_info\b|\b__builtin_preserve_enum_value\b"
)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
VERSION = r"\d+\.\d+"
FLAVOUR_VERSION = re.compile(r"\w___v(\d+)_(\d+)\b")
DEFINED = re.compile(r"^#define (\w+)\(|^static __always_inline [^\n;]*?(\w+)\(", re.MULTILINE)
ENUMERATOR = re.compile(r"^\t(\w+)___all\b", re.MULTILINE)


def without_comments(text):
    return re.sub(r"//[^\n]*", "", COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), text))


def as_numbers(version):
    return tuple(int(part) for part in version.split("."))


def strays(files):
    """(name, line, what) of each flavour and existence check in `files`, a dict of texts by name."""
    found = []
    for name, text in files.items():
        for number, line in enumerate(without_comments(text).split("\n"), 1):
            found += [(name, number, match.group()) for match in STRAY.finditer(line)]
    return found


class Entry:
    """One comment that says when it goes, and the code up to the next one."""

    def __init__(self, comment, code, line):
        self.lines = [line.strip(" *\t") for line in comment.strip("/*").split("\n")]
        self.lines = [line for line in self.lines if line]
        self.title = self.lines[0]
        self.code = code
        self.line = line

    def values(self, key):
        return [line[len(key) :].strip() for line in self.lines[1:] if line.startswith(key + " ")]

    def goes_at(self):
        """The version, or None: never."""
        match = re.match(VERSION, self.values("goes at")[0])
        return match.group() if match else None

    def problems(self):
        goes = self.values("goes at")[0]
        if not re.fullmatch(VERSION, goes) and not re.match(r"never: \S", goes):
            yield f"'goes at {goes}' is neither a version nor 'never: why'"
        until, since, commits = self.values("until"), self.values("since"), self.values("by")
        if self.goes_at() or until or since:
            if not until or not since or not commits:
                yield "wants the lines 'until', 'since' and 'by'"
        for shape in until + since:
            if not re.match(VERSION + r"\s+\S", shape):
                yield f"'{shape}' does not begin with a version and a shape"
        for commit in commits:
            known = re.match(r'[0-9a-f]{12} "', commit)
            if not known and "not known here" not in commit:
                yield f"'{commit}' names no commit by hash and subject, and does not say that it is not known"
        if self.goes_at() and self.goes_at() not in [shape.split()[0] for shape in since]:
            yield f"goes at {self.goes_at()}, which is no version of a 'since' line"
        named = {shape.split()[0] for shape in until + since}
        for major, minor in sorted(set(FLAVOUR_VERSION.findall(self.code))):
            if f"{major}.{minor}" not in named:
                yield f"a flavour is named for {major}.{minor}, which the comment does not name"


def entries_of(ledger):
    comments = [comment for comment in COMMENT.finditer(ledger) if re.search(r"^ \*\s+goes at\s", comment.group(), re.MULTILINE)]
    # The head of the file explains the lines; the entries begin behind the includes.
    begin = ledger.find("#include")
    comments = [comment for comment in comments if comment.start() > begin]
    ends = [comment.start() for comment in comments[1:]] + [len(ledger)]
    for comment, end in zip(comments, ends):
        code = without_comments(ledger[comment.end() : end])
        yield Entry(comment.group(), code, ledger.count("\n", 0, comment.start()) + 1)


def untested(ledger, programs, decisions):
    """What the ledger defines, the programs use, and the decisions of tests/unit/compat leave out."""
    used = "\n".join(without_comments(text) for text in programs.values())
    names = [name for match in DEFINED.findall(ledger) for name in match if name]
    names = [name for name in names if re.search(rf"\b{name}\b", used)] + ENUMERATOR.findall(ledger)
    taken = without_comments(decisions)
    return [name for name in names if not re.search(rf"\b{name}\b", taken)]


def oldest_kernel(ledger):
    match = re.search(rf"oldest kernel: ({VERSION})", ledger)
    return match.group(1) if match else None


def check(ledger, programs, decisions):
    """Problems, and the entries that are past their time."""
    problems = [f"{name}:{line}: {what} belongs into bpf/kernel_compat.bpf.h" for name, line, what in strays(programs)]
    entries = list(entries_of(ledger))
    if not entries:
        problems.append("bpf/kernel_compat.bpf.h: no entry found")
    for entry in entries:
        problems += [f"bpf/kernel_compat.bpf.h:{entry.line}: {entry.title}: {problem}" for problem in entry.problems()]
    first = entries[0].line if entries else 0
    problems += [
        f"bpf/kernel_compat.bpf.h:{line}: {what} belongs to no entry" for _, line, what in strays({"": ledger}) if line < first
    ]
    problems += [f"tests/unit/compat/compat_decisions.bpf.c: does not take {name}" for name in untested(ledger, programs, decisions)]
    oldest = oldest_kernel(ledger)
    if oldest is None:
        return problems + ["bpf/kernel_compat.bpf.h: 'oldest kernel: X.Y' is missing"], []
    past = [entry for entry in entries if entry.goes_at() and as_numbers(entry.goes_at()) <= as_numbers(oldest)]
    return problems, past


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    programs = {str(path.relative_to(top)): path.read_text() for path in sorted((top / "bpf").glob("*.[ch]"))}
    ledger = programs.pop("bpf/kernel_compat.bpf.h")
    decisions = (top / "tests/unit/compat/compat_decisions.bpf.c").read_text()
    problems, past = check(ledger, programs, decisions)
    for problem in problems:
        print(problem, file=sys.stderr)
    for entry in past:
        print(f"bpf/kernel_compat.bpf.h:{entry.line}: {entry.title}: may go, since {entry.goes_at()} is the oldest kernel or older")
    if not problems:
        print(f"compat ledger: {len(list(entries_of(ledger)))} entries, {len(past)} past their time")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
