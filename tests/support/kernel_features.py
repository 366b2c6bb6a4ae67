# SPDX-License-Identifier: Apache-2.0
"""What this kernel allows a tracer, found out without oomtrace: only that may excuse a test from running."""

import ctypes
import errno
import os
import pathlib
import platform
import re
import shutil
import struct
import subprocess

# The bpf system call, from include/uapi/linux/bpf.h.
_BPF_SYSCALL = {"x86_64": 321, "aarch64": 280}
_BPF_PROG_LOAD, _BPF_RAW_TRACEPOINT_OPEN = 5, 17
_BPF_PROG_TYPE_TRACING, _BPF_TRACE_FENTRY = 26, 24
_RETURN_ZERO = struct.pack("<QQ", 0xB7, 0x95)  # r0 = 0; exit
_ATTRIBUTE_SIZE = 120
_ENOTSUPP = 524  # of the kernel alone: no direct calls in ftrace
_REFUSALS = {errno.EPERM, errno.ENOENT, errno.ESRCH, _ENOTSUPP}
_CAP_SYS_RESOURCE = 24


def _bpf(command, attribute):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attribute, _ATTRIBUTE_SIZE)
    result = libc.syscall(_BPF_SYSCALL[platform.machine()], command, buffer, _ATTRIBUTE_SIZE)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _btf_id_of_function(name):
    bpftool = shutil.which("bpftool", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if bpftool is None:
        return None
    vmlinux = "/sys/kernel/btf/vmlinux"
    dump = subprocess.run([bpftool, "btf", "dump", "file", vmlinux], capture_output=True, text=True, check=False).stdout
    found = re.search(rf"^\[(\d+)\] FUNC '{name}' ", dump, re.M)
    return int(found[1]) if found else None


def why_no_fentry(function="out_of_memory"):
    """Loads and attaches a program that does nothing. None: it worked, or could not be tried."""
    btf_id = _btf_id_of_function(function)
    if btf_id is None or platform.machine() not in _BPF_SYSCALL:
        return None
    instructions = ctypes.create_string_buffer(_RETURN_ZERO)
    licence = ctypes.create_string_buffer(b"GPL")
    load = struct.pack(
        "<IIQQIIQII16sIIIIQIIQIII",
        _BPF_PROG_TYPE_TRACING,
        len(_RETURN_ZERO) // 8,
        ctypes.addressof(instructions),
        ctypes.addressof(licence),
        0, 0, 0,  # no log
        0, 0, b"", 0,  # kernel version, flags, name, interface
        _BPF_TRACE_FENTRY,
        0, 0, 0, 0, 0, 0, 0,  # no BTF of its own
        btf_id,
        0,
    )  # fmt: skip
    program = None
    try:
        program = _bpf(_BPF_PROG_LOAD, load)
        os.close(_bpf(_BPF_RAW_TRACEPOINT_OPEN, struct.pack("<QI", 0, program)))
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        name = errno.errorcode.get(error.errno, error.errno)
        return f"this kernel refuses an empty fentry program on {function} ({name})"
    finally:
        if program is not None:
            os.close(program)
    return None


def why_no_kprobe():
    if not pathlib.Path("/sys/bus/event_source/devices/kprobe").exists():
        return "this kernel has no kprobes for perf"
    return None


def may_lower_oom_score_adj():
    status = pathlib.Path("/proc/self/status").read_text()
    return bool(int(re.search(r"^CapEff:\s*(\w+)$", status, re.M)[1], 16) >> _CAP_SYS_RESOURCE & 1)
