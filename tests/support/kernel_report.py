# SPDX-License-Identifier: Apache-2.0
"""The kernel's own OOM reports, read from log text: dmesg, /dev/kmsg, or a journal's or syslog's copy of either.

A witness independent of oomtrace: it shares no code with it. Lines are known by their shape, never by their position or the
kernel's version, because columns and counters come and go and distributions backport them. Sizes are in bytes unless a name
says pages; counters keep the kernel's own names.
"""

import dataclasses
import re


@dataclasses.dataclass
class Task:
    """A row of the Tasks table. The three parts of rss are None where the table does not have them (before 6.8)."""

    pid: int
    uid: int
    tgid: int
    total_vm_pages: int
    rss_pages: int
    pgtables_bytes: int
    swap_pages: int
    oom_score_adj: int
    name: str
    rss_anon_pages: int | None = None
    rss_file_pages: int | None = None
    rss_shmem_pages: int | None = None


@dataclasses.dataclass
class Kill:
    """A "Killed process" line. Fields that older kernels do not print are None."""

    message: str  # "Out of memory", "Memory cgroup out of memory", ...
    pid: int
    name: str
    total_vm_bytes: int
    rss_anon_bytes: int
    rss_file_bytes: int
    rss_shmem_bytes: int | None
    uid: int | None
    pgtables_bytes: int | None
    oom_score_adj: int | None


@dataclasses.dataclass
class Reaped:
    pid: int
    name: str
    rss_anon_bytes: int
    rss_file_bytes: int
    rss_shmem_bytes: int


@dataclasses.dataclass
class FreeBlocks:
    block_bytes: int
    count: int
    types: str  # the kernel's letters: U M E H C I


@dataclasses.dataclass
class Zone:
    node: int
    name: str
    counters: dict[str, int]  # bytes, by the kernel's names: free, boost, min, ..., free_cma
    lowmem_reserve_pages: list[int] = dataclasses.field(default_factory=list)
    free_blocks: list[FreeBlocks] = dataclasses.field(default_factory=list)
    free_blocks_total_bytes: int | None = None


@dataclasses.dataclass
class MemcgCounter:
    usage_bytes: int
    limit_bytes: int
    failcnt: int


@dataclasses.dataclass
class Summary:
    """The "oom-kill:" line."""

    constraint: str  # CONSTRAINT_NONE, CONSTRAINT_CPUSET, CONSTRAINT_MEMORY_POLICY, CONSTRAINT_MEMCG
    nodemask: list[int] | None  # None: (null)
    cpuset: str
    mems_allowed: list[int]
    oom_memcg: str | None  # None: global_oom
    task_memcg: str
    task: str
    pid: int
    uid: int


@dataclasses.dataclass
class Report:
    """One OOM. A field is None, or empty, when the log does not have its line; `lines` counts those understood."""

    time: float | None = None  # seconds since boot, of its first line
    trigger_name: str | None = None
    gfp_mask: int | None = None
    gfp_flags: list[str] = dataclasses.field(default_factory=list)
    order: int | None = None
    trigger_oom_score_adj: int | None = None
    trigger_pid: int | None = None
    trigger_uid: int | None = None  # the CPU line has it since 6.12
    kernel: str | None = None
    totals_pages: dict[str, int] = dataclasses.field(default_factory=dict)  # the first block of Mem-Info
    nodes: dict[int, dict[str, int]] = dataclasses.field(default_factory=dict)  # bytes
    all_unreclaimable: dict[int, bool] = dataclasses.field(default_factory=dict)
    zones: list[Zone] = dataclasses.field(default_factory=list)
    hugepages: list[dict[str, int]] = dataclasses.field(default_factory=list)  # per node and size, as printed
    page_counts: dict[str, int] = dataclasses.field(default_factory=dict)  # "RAM", "reserved", "in swap cache", ...: pages
    swap_free_bytes: int | None = None
    swap_total_bytes: int | None = None
    swap_cache_stats: dict[str, int] = dataclasses.field(default_factory=dict)  # up to 5.15
    memcg: dict[str, MemcgCounter] = dataclasses.field(default_factory=dict)  # memory, swap, memory+swap, kmem
    memcg_stats_path: str | None = None
    memcg_stats: dict[str, int] = dataclasses.field(default_factory=dict)
    memcg_protection_bytes: tuple[int, int] | None = None  # min and low, of the whole tree (since 6.19)
    task_columns: list[str] = dataclasses.field(default_factory=list)
    tasks: list[Task] = dataclasses.field(default_factory=list)
    summary: Summary | None = None
    group_path: str | None = None  # of memory.oom.group
    kills: list[Kill] = dataclasses.field(default_factory=list)
    already_exiting: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    mm_pinned_by: list[tuple[int, str, int, str]] = dataclasses.field(default_factory=list)
    reaped: list[Reaped] = dataclasses.field(default_factory=list)
    unable_to_reap: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    no_killable_process: bool = False
    panic: str | None = None
    lines: int = 0
    unread_lines: list[str] = dataclasses.field(default_factory=list)  # before the choice, but for the stack trace

    def zone(self, node, name):
        return next((zone for zone in self.zones if zone.node == node and zone.name == name), None)

    def total_ram_pages(self):
        """What the kernel counts as usable memory, or None: it prints the figure as a difference."""
        if "RAM" not in self.page_counts or "reserved" not in self.page_counts:
            return None
        return self.page_counts["RAM"] - self.page_counts["reserved"]


def node_list(text):
    """[0, 2, 3] for "0,2-3"; None for "(null)"."""
    if text == "(null)":
        return None
    nodes = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        nodes.extend(range(int(first), int(last or first) + 1))
    return nodes


_KMSG = re.compile(r"^\d+,\d+,(\d+),[^;]*;(.*)$", re.S)
_SYSLOG = re.compile(r"^\S.*? kernel: ?(.*)$", re.S)
_DMESG = re.compile(r"^(?:<\d+>)?\[\s*(\d+\.\d+|\w{3} \w{3} [^\]]*)\](?:\[\s*[TC]\d+\])? ?(.*)$", re.S)


def _unescaped(codes):
    """What /dev/kmsg wrote as \\xNN; bytes that are no UTF-8 stay apart, as Python's surrogateescape has them."""
    return bytes.fromhex(codes[0].replace("\\x", "")).decode("utf-8", "surrogateescape")


def _records(text):
    """(time, line) for every line of the log, without the prefixes that the log's carrier adds."""
    for raw in text.split("\n"):
        raw = raw.rstrip("\r")
        time = None
        if match := _KMSG.match(raw):
            time = int(match[1]) / 1e6
            body = re.sub(r"(?:\\x[0-9a-f]{2})+", _unescaped, match[2])
        else:
            body = match[1] if (match := _SYSLOG.match(raw)) else raw
            if match := _DMESG.match(body):
                body = match[2]
                if re.fullmatch(r"\d+\.\d+", match[1]):
                    time = float(match[1])
        for line in body.split("\n"):
            yield time, line


def _counters(text):
    """{name: value} of the `name:value` words of a line; a unit of kB or KB makes it bytes."""
    found = {}
    for name, value, unit in re.findall(r"(\S+?): ?(-?\d+)([kK]B)?(?=\s|$)", text):
        found[name] = int(value) * (1024 if unit else 1)
    return found


_STACK_TRACE = re.compile(
    r"^(?:Call Trace:| ?</?TASK>$|Hardware name:|Workqueue:|RIP: |Code: |R[A-Z0-9]{2}: [0-9a-f]{4}|"
    r" (?:\? )?[\w.]+\+0x[0-9a-f]+/0x)"
)


class _Parser:
    """Lines go to `report`, the one that is open; `foreign` is set inside another kind of report that has Mem-Info too."""

    def __init__(self):
        self.reports = []
        self.report = None
        self.foreign = False
        self.zone = None
        self.in_memcg_stats = False
        # Tried in this order; the first that matches takes the line.
        self.shapes = [
            (re.compile(shape), handler)
            for shape, handler in (
                (r"^(.*) invoked oom-killer: gfp_mask=(0x[0-9a-f]+)(?:\((.*?)\))?, (?:nodemask=\S+, +)?order=(-?\d+), "
                 r"oom_score_adj=(-?\d+)$", self._invoked),
                (r"^.*: page allocation failure: order:", self._other_report),
                (r"^sysrq: Show Memory$", self._other_report),
                (r"^CPU: \d+ (?:UID: (\d+) )?PID: (\d+) Comm: (.*?) (?:Not tainted|Tainted: .*?) (\d+\.\d+\S*)", self._cpu),
                (r"^Mem-Info:$", self._mem_info),
                (r"^active_anon:\d+ inactive_anon:", self._totals),
                (r"^ (?:active_file|unevictable|slab_reclaimable|mapped|sec_pagetables|kernel_misc_reclaimable|free):\d+",
                 self._totals),
                (r"^Node (\d+) (active_anon:.*)$", self._node),
                (r"^Node (\d+) hugepages_total=", self._hugepages),
                (r"^Node (\d+) (\w+) (free:.*)$", self._zone),
                (r"^lowmem_reserve\[\]:((?: -?\d+)*)$", self._lowmem_reserve),
                (r"^Node (\d+) (\w+): (\d+\*\d+kB.*) = (\d+)kB$", self._free_blocks),
                (r"^(\d+) (?:total )?(pagecache pages)$", self._page_count),
                (r"^(\d+) pages (in swap cache|in swapcache|RAM|HighMem/MovableOnly|reserved|cma reserved|hwpoisoned)$",
                 self._page_count),
                (r"^Swap cache stats: add (\d+), delete (\d+), find (\d+)/(\d+)$", self._swap_cache),
                (r"^(Free|Total) swap\s+= (\d+)kB$", self._swap),
                (r"^(memory|swap|memory\+swap|kmem): usage (\d+)kB, limit (\d+)kB, failcnt (\d+)$", self._memcg_counter),
                (r"^Memory cgroup stats for (.*?):(?: (\w+:\d+.*))?$", self._memcg_stats),
                (r"^Memory cgroup min protection (\d+)kB -- low protection (\d+)kB$", self._memcg_protection),
                (r"^Tasks state \(memory values in pages\):$", self._tasks),
                (r"^\[ *pid *\] +(uid .*)$", self._task_columns),
                (r"^\[ *(\d+)\] ((?: *-?\d+)+) (.*)$", self._task),
                (r"^oom-kill:constraint=(\w+),nodemask=(.*?),cpuset=(.*?),mems_allowed=([0-9,-]*),"
                 r"(?:oom_memcg=(.*?)|global_oom),task_memcg=(.*),task=(.*),pid=(\d+),uid=(\d+)$", self._summary),
                (r"^(.*): Killed process (\d+) \((.*)\),? total-vm:(\d+)kB, anon-rss:(\d+)kB, file-rss:(\d+)kB"
                 r"(?:, shmem-rss:(\d+)kB)?(?:, UID:(\d+))?(?: pgtables:(\d+)kB)?(?: oom_score_adj:(-?\d+))?$", self._kill),
                (r"^.*: OOM victim (\d+) \((.*)\) is already exiting\. Skip killing the task$", self._already_exiting),
                (r"^Tasks in (.*) are going to be killed due to memory\.oom\.group set$", self._group),
                (r"^oom killer (\d+) \((.*)\) has mm pinned by (\d+) \((.*)\)$", self._mm_pinned),
                (r"^oom_reaper: reaped process (\d+) \((.*)\),? now anon-rss:(\d+)kB, file-rss:(\d+)kB, shmem-rss:(\d+)kB$",
                 self._reaped),
                (r"^oom_reaper: unable to reap pid:(\d+) \((.*)\)$", self._unable_to_reap),
                (r"^Out of memory and no killable processes\.\.\.$", self._no_killable_process),
                (r"^Kernel panic - not syncing: (.*(?:panic_on_oom is enabled|System is deadlocked on memory).*)$",
                 self._panic),
            )
        ]

    def feed(self, time, line):
        for shape, handler in self.shapes:
            # A handler says False when the line has its shape but is not for the report that is open.
            if (match := shape.match(line)) and handler(match, time) is not False:
                self.report.lines += 1
                self.in_memcg_stats = handler == self._memcg_stats
                return
        if self.in_memcg_stats and (match := re.match(r"^(\w+) (\d+)$", line)):
            self.report.memcg_stats[match[1]] = int(match[2])
            self.report.lines += 1
        elif self._is_header_open() and line and not _STACK_TRACE.match(line):
            self.report.unread_lines.append(line)

    def _open(self, time):
        self.report = Report(time=time)
        self.reports.append(self.report)
        self.foreign = False
        self.zone = None
        self.in_memcg_stats = False

    def _is_before_choice(self):
        return self.report is not None and self.report.summary is None and not self.report.kills

    def _is_header_open(self):
        """Before the choice, and not among the lines of another report that came in between."""
        return self._is_before_choice() and not self.foreign

    def _invoked(self, match, time):
        self._open(time)
        self.report.trigger_name = match[1]
        self.report.gfp_mask = int(match[2], 16)
        self.report.gfp_flags = (match[3] or "").split("|") if match[3] else []
        self.report.order = int(match[4])
        self.report.trigger_oom_score_adj = int(match[5])

    def _other_report(self, _match, _time):
        self.foreign = True
        return False

    def _cpu(self, match, _time):
        if not self._is_header_open() or self.report.trigger_pid is not None:
            return False
        self.report.trigger_uid = None if match[1] is None else int(match[1])
        self.report.trigger_pid = int(match[2])
        self.report.kernel = match[4]

    def _mem_info(self, _match, _time):
        return self._is_header_open()

    def _totals(self, match, _time):
        if not self._is_header_open():
            return False
        self.report.totals_pages.update(_counters(match.string))

    def _node(self, match, _time):
        if not self._is_header_open():
            return False
        node = int(match[1])
        self.report.nodes[node] = _counters(match[2])
        if flag := re.search(r"all_unreclaimable\? (yes|no)", match[2]):
            self.report.all_unreclaimable[node] = flag[1] == "yes"

    def _hugepages(self, match, _time):
        if not self._is_header_open():
            return False
        values = {name: int(value) for name, value in re.findall(r"hugepages_(\w+)=(\d+)", match.string)}
        self.report.hugepages.append({"node": int(match[1]), **values})

    def _zone(self, match, _time):
        if not self._is_header_open():
            return False
        self.zone = Zone(int(match[1]), match[2], _counters(match[3]))
        self.report.zones.append(self.zone)

    def _lowmem_reserve(self, match, _time):
        if not self._is_header_open() or self.zone is None:
            return False
        self.zone.lowmem_reserve_pages = [int(pages) for pages in match[1].split()]

    def _free_blocks(self, match, _time):
        zone = self.report.zone(int(match[1]), match[2]) if self._is_header_open() else None
        if zone is None:
            return False
        blocks = re.findall(r"(\d+)\*(\d+)kB(?: \((\w*)\))?", match[3])
        zone.free_blocks = [FreeBlocks(int(size) * 1024, int(count), types) for count, size, types in blocks]
        zone.free_blocks_total_bytes = int(match[4]) * 1024

    def _page_count(self, match, _time):
        if not self._is_header_open():
            return False
        self.report.page_counts[match[2].replace("swapcache", "swap cache")] = int(match[1])

    def _swap(self, match, _time):
        if not self._is_header_open():
            return False
        setattr(self.report, f"swap_{match[1].lower()}_bytes", int(match[2]) * 1024)

    def _swap_cache(self, match, _time):
        if not self._is_header_open():
            return False
        self.report.swap_cache_stats = dict(zip(("add", "delete", "find_success", "find_total"), map(int, match.groups())))

    def _memcg_counter(self, match, _time):
        if not self._is_header_open():
            return False
        self.report.memcg[match[1]] = MemcgCounter(int(match[2]) * 1024, int(match[3]) * 1024, int(match[4]))

    def _memcg_stats(self, match, _time):
        if not self._is_header_open():
            return False
        self.report.memcg_stats_path = match[1]
        for name, value in re.findall(r"(\w+):(\d+)", match[2] or ""):
            self.report.memcg_stats[name] = int(value)

    def _memcg_protection(self, match, _time):
        if not self._is_header_open():
            return False
        self.report.memcg_protection_bytes = (int(match[1]) * 1024, int(match[2]) * 1024)

    def _tasks(self, _match, _time):
        self.foreign = False
        return self._is_before_choice()

    def _task_columns(self, match, _time):
        if not self._is_before_choice():
            return False
        self.report.task_columns = match[1].split()

    def _task(self, match, _time):
        if not self._is_before_choice() or not self.report.task_columns:
            return False
        # The name may begin with a number: as many numbers as there are columns, and the rest of the line is the name.
        columns = self.report.task_columns[:-1]
        row = re.match(r"^((?:\s+-?\d+){%d}) (.*)$" % len(columns), match.string.partition("]")[2])
        if row is None:
            return False
        values = dict(zip(columns, map(int, row[1].split())))
        self.report.tasks.append(
            Task(
                pid=int(match[1]),
                uid=values["uid"],
                tgid=values["tgid"],
                total_vm_pages=values["total_vm"],
                rss_pages=values["rss"],
                pgtables_bytes=values["pgtables_bytes"],
                swap_pages=values["swapents"],
                oom_score_adj=values["oom_score_adj"],
                name=row[2],
                rss_anon_pages=values.get("rss_anon"),
                rss_file_pages=values.get("rss_file"),
                rss_shmem_pages=values.get("rss_shmem"),
            )
        )

    def _summary(self, match, time):
        if not self._is_before_choice():
            self._open(time)
        self.report.summary = Summary(
            constraint=match[1],
            nodemask=node_list(match[2]),
            cpuset=match[3],
            mems_allowed=node_list(match[4]),
            oom_memcg=match[5],
            task_memcg=match[6],
            task=match[7],
            pid=int(match[8]),
            uid=int(match[9]),
        )

    def _kill(self, match, time):
        # A report whose header the kernel held back (it prints ten in five seconds) begins with its kill.
        if self.report is None or (self.report.kills and self.report.group_path is None):
            self._open(time)
        sizes = [None if size is None else int(size) * 1024 for size in match.group(4, 5, 6, 7, 9)]
        self.report.kills.append(
            Kill(
                message=match[1],
                pid=int(match[2]),
                name=match[3],
                total_vm_bytes=sizes[0],
                rss_anon_bytes=sizes[1],
                rss_file_bytes=sizes[2],
                rss_shmem_bytes=sizes[3],
                uid=None if match[8] is None else int(match[8]),
                pgtables_bytes=sizes[4],
                oom_score_adj=None if match[10] is None else int(match[10]),
            )
        )

    def _already_exiting(self, match, _time):
        if self.report is None:
            return False
        self.report.already_exiting.append((int(match[1]), match[2]))

    def _group(self, match, _time):
        if self.report is None:
            return False
        self.report.group_path = match[1]

    def _mm_pinned(self, match, _time):
        if self.report is None:
            return False
        self.report.mm_pinned_by.append((int(match[1]), match[2], int(match[3]), match[4]))

    def _report_that_killed(self, pid):
        killers = [report for report in self.reports if any(kill.pid == pid for kill in report.kills)]
        return killers[-1] if killers else self.report

    def _reaped(self, match, _time):
        report = self._report_that_killed(int(match[1]))
        if report is None:
            return False
        report.reaped.append(Reaped(int(match[1]), match[2], *(int(size) * 1024 for size in match.group(3, 4, 5))))

    def _unable_to_reap(self, match, _time):
        report = self._report_that_killed(int(match[1]))
        if report is None:
            return False
        report.unable_to_reap.append((int(match[1]), match[2]))

    def _no_killable_process(self, _match, time):
        if not self._is_before_choice():
            self._open(time)
        self.report.no_killable_process = True

    def _panic(self, match, time):
        if self.report is None:
            self._open(time)
        self.report.panic = match[1]


def parse_reports(text):
    """Every OOM report of the text, in order."""
    parser = _Parser()
    for time, line in _records(text):
        parser.feed(time, line)
    return parser.reports
