# SPDX-License-Identifier: Apache-2.0
"""The kernel's own run time statistics of a process's BPF programs (see BPF_ENABLE_STATS in bpf(2))."""

import ctypes
import dataclasses
import os
import pathlib
import platform
import re
import struct

# The bpf system call, from include/uapi/linux/bpf.h.
_BPF_SYSCALL = {"x86_64": 321, "aarch64": 280}
_BPF_PROG_GET_FD_BY_ID, _BPF_OBJ_GET_INFO_BY_FD, _BPF_ENABLE_STATS = 13, 15, 32
_BPF_STATS_RUN_TIME = 0
_ATTRIBUTE_SIZE = 32
_INFO_SIZE = 256
_NAME_OFFSET, _NAME_LENGTH = 64, 16  # of struct bpf_prog_info


@dataclasses.dataclass(frozen=True)
class RunTime:
    ns: int
    runs: int

    def __sub__(self, earlier):
        return RunTime(self.ns - earlier.ns, self.runs - earlier.runs)


def _bpf(command, attribute):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attribute, _ATTRIBUTE_SIZE)
    result = libc.syscall(_BPF_SYSCALL[platform.machine()], command, buffer, _ATTRIBUTE_SIZE)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


class StatisticsEnabled:
    """`with StatisticsEnabled():` run times are measured inside. As sysctl kernel.bpf_stats_enabled=1, but bound to a
    descriptor, so that it ends with this process however that ends."""

    def __enter__(self):
        self._fd = _bpf(_BPF_ENABLE_STATS, struct.pack("<I", _BPF_STATS_RUN_TIME))
        return self

    def __exit__(self, *_):
        os.close(self._fd)


def _name_of(program_id):
    """At most 15 characters: the kernel keeps no more."""
    fd = _bpf(_BPF_PROG_GET_FD_BY_ID, struct.pack("<I", program_id))
    try:
        info = ctypes.create_string_buffer(_INFO_SIZE)
        _bpf(_BPF_OBJ_GET_INFO_BY_FD, struct.pack("<IIQ", fd, _INFO_SIZE, ctypes.addressof(info)))
        return info.raw[_NAME_OFFSET : _NAME_OFFSET + _NAME_LENGTH].rstrip(b"\0").decode()
    finally:
        os.close(fd)


class ProgramStatistics:
    """Of every program that process `pid` holds a descriptor of, by name."""

    def __init__(self, pid):
        self._descriptors = {}
        for path in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
            text = path.read_text()
            # A link names its program too, but has no statistics.
            if "run_time_ns:" in text:
                self._descriptors[_name_of(int(re.search(r"^prog_id:\s*(\d+)$", text, re.M)[1]))] = path

    def read(self):
        """{name: RunTime} up to now."""
        return {name: _run_time(path.read_text()) for name, path in self._descriptors.items()}


def _run_time(text):
    numbers = {key: int(re.search(rf"^{key}:\s*(\d+)$", text, re.M)[1]) for key in ("run_time_ns", "run_cnt")}
    return RunTime(numbers["run_time_ns"], numbers["run_cnt"])


def difference(after, before):
    """What ran in between: {name: RunTime}."""
    spent = {name: run_time - before[name] for name, run_time in after.items()}
    return {name: run_time for name, run_time in spent.items() if run_time.runs}
