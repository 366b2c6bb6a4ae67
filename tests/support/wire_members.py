# SPDX-License-Identifier: Apache-2.0
"""Lists every member of every wire struct for the C++ compiler, from the BTF of bpf/wire_layout.bpf.c.

usage: wire_members.py BTF.json OUTPUT     (BTF.json: `bpftool --json btf dump file OBJECT`)
"""

import json
import pathlib
import sys


def main():
    source, output = map(pathlib.Path, sys.argv[1:])
    lines = [
        f"WIRE_MEMBER({struct['name']}, {member['name']})\n"
        for struct in json.loads(source.read_text())["types"]
        if struct["kind"] == "STRUCT" and struct["name"].startswith("wire_")
        for member in struct["members"]
    ]
    output.write_text("".join(lines))


if __name__ == "__main__":
    main()
