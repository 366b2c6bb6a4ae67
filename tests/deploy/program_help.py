# SPDX-License-Identifier: Apache-2.0
"""What the program's --help lists: commands and options. OOMTRACE in the environment says where the program is."""

import functools
import os
import re
import subprocess

OOMTRACE = os.environ.get("OOMTRACE", "")

# "  --json Excludes: --full   As one ...", "  -h,--help   Print ...": the options stand at the line's beginning.
OPTION = re.compile(r"^  (?:-\w,)?(--[\w.-]+)")


@functools.cache
def help_of(*command):
    return subprocess.run([OOMTRACE, *command, "--help"], capture_output=True, text=True, check=True).stdout


@functools.cache
def commands():
    section = re.split(r"^Subcommands:\n", help_of(), flags=re.MULTILINE)[1]
    return tuple(re.findall(r"^  (\w+) ", section, flags=re.MULTILINE))


@functools.cache
def long_options(*command):
    return tuple(match[1] for line in help_of(*command).splitlines() if (match := OPTION.match(line)))
