#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_man_page.py PROGRAM TEMPLATE     prints the man page

The template has the prose; its lines "@OPTIONS [COMMAND]@" and "@COMMANDS@" are replaced by what the program's own --help lists, so
that no option can be missing."""

import re
import subprocess
import sys

NAMES_WIDTH = 26  # of the first column of --help, where its text is not longer
# "--json Excludes: --full", "--store FILE=/var/lib/...": what of an option's line is not its description.
OPTION = re.compile(r"(?:-\w,)?--[\w.-]+(?: [A-Z]+\b(?:=\S*)?)?(?: \.\.\.)?(?: REQUIRED)?(?: (?:Excludes|Needs):(?: --[\w.-]+)+)*")


def help_of(program, *command):
    return subprocess.run([program, *command, "--help"], capture_output=True, text=True, check=True).stdout


def sections(text):
    """[(title, [(left column, description)])] of a --help."""
    found = []
    for line in text.splitlines():
        if re.match(r"\S.*:$", line):
            found.append((line[:-1], []))
        elif re.match(r"  \S", line) and found:
            option = OPTION.match(line, 2)
            end = option.end() if option else NAMES_WIDTH
            found[-1][1].append((line[:end].strip(), line[end:].strip()))
        elif line.startswith(" " * NAMES_WIDTH) and found and found[-1][1]:
            left, so_far = found[-1][1][-1]
            found[-1][1][-1] = (left, f"{so_far} {line.strip()}".strip())
    return found


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\\&" + text if text.startswith(".") else text


def entry(left, description):
    left, _, relations = left.partition(" Excludes: ")
    left, _, needs = left.partition(" Needs: ")
    required = left.endswith(" REQUIRED")
    names, *kind = left.removesuffix(" REQUIRED").split(" ", 1)
    head = ", ".join(f"\\fB{escaped(name)}\\fR" for name in names.split(",")) if names.startswith("-") else ""
    kind = kind[0] if kind else ("" if head else names)
    kind, _, default = kind.partition("=")
    if kind == "BOOLEAN":
        kind, default = "true|false", "true" if default == "1" else "false"
    if not head and kind != "...":
        head = f"\\fI{escaped(kind)}\\fR"
    elif kind:
        head += f" \\fI{escaped(kind)}\\fR"
    said = [escaped(description) + ("" if description.endswith((".", ":")) else ".")]
    if default:
        said.append(f"Default: \\fB{escaped(default)}\\fR.")
    if required:
        said.append("Must be given.")
    if relations:
        said.append(f"Not together with {', '.join(escaped(name) for name in relations.split())}.")
    if needs:
        said.append(f"Needs {', '.join(escaped(name) for name in needs.split())}.")
    return [".TP", head, " ".join(said)]


def options(program, *command):
    lines = []
    for title, entries in sections(help_of(program, *command)):
        if title == "Subcommands":
            continue
        if title not in ("Options", "Positionals"):
            lines += [".PP", f"\\fI{escaped(title)}\\fR"]
        for left, description in entries:
            if not left.startswith("-h,--help"):
                lines += entry(left, description)
    return lines


def command_list(program):
    entries = dict(sections(help_of(program)))["Subcommands"]
    return [line for name, description in entries for line in (".TP", f"\\fB{escaped(name)}\\fR", escaped(description) + ".")]


def main():
    program, template = sys.argv[1:]
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    with open(template, encoding="utf-8") as file:
        for line in file.read().replace("@VERSION@", version).splitlines():
            asked = re.fullmatch(r"@(OPTIONS|COMMANDS)(?: (\w+))?@", line)
            if asked is None:
                print(line)
            elif asked[1] == "COMMANDS":
                print("\n".join(command_list(program)))
            else:
                print("\n".join(options(program, *filter(None, [asked[2]]))))


if __name__ == "__main__":
    main()
