# SPDX-License-Identifier: Apache-2.0
"""The incidents of two tracers that watched the same OOMs, each attached by another method: they have to tell the same.

Each reads on its own, at another moment, and none of it is the kernel's report: what the kernel does not print (its rate limit,
oom_dump_tasks off, a victim that is dying already) has a second witness here."""

PAGE = 4096
SAME = ("comm", "tgid", "uid", "oom_score_adj", "eligible", "chosen", "memcg")
SIZES = ("rss_anon_bytes", "rss_file_bytes", "rss_shmem_bytes", "swap_bytes", "pgtables_bytes", "total_vm_bytes")
RESIDENT = SIZES[:3]
# The same moment, seen by programs that run one after another on emulated processors, and on Linux 7.3 can be preempted.
APART_NS = 2_000_000_000
ZONE_SIZES = ("spanned_bytes", "present_bytes", "managed_bytes", "lowmem_reserve_bytes")
WATERMARKS = ("min_bytes", "low_bytes", "high_bytes")


class MethodComparison:
    """What was compared, and what differs. `asleep`: the pids of processes whose sizes cannot have moved between the two readings.
    `swapping_pages`, `victim_pages` (its victim_tolerance_pages): see incident_comparison.Options."""

    def __init__(self, asleep, swapping_pages=0, victim_pages=0):
        self.compared = 0
        self.problems = []
        self._asleep = asleep
        self._swapping_pages = swapping_pages
        self._victim_pages = victim_pages
        self._where = ""

    def check(self, field, one, other):
        if (one is None) != (other is None):
            return  # not offered by one of them
        self.compared += 1
        if one != other:
            self.problems.append(f"{self._where}{field}: {one!r} and {other!r}")

    def check_near(self, field, one, other, most):
        if None not in (one, other) and abs(one - other) <= most:
            one = other
        self.check(field, one, other)

    def compare(self, incidents, others):
        """Two lists of incidents, each in the order of time."""
        self.check("incidents", *([_name(incident) for incident in each] for each in (incidents, others)))
        dying = set()  # of the OOMs before: each may have gone between the two readings
        for number, (one, other) in enumerate(zip(incidents, others), 1):
            if _name(one) != _name(other):
                break  # from here on they are not of the same OOMs, which is told
            self._where = f"incident {number}: "
            self._compare_outcome(one, other)
            killed = {kill["pid"] for kill in one["kills"] or []}
            self._compare_candidates(one["candidates"], other["candidates"], killed, dying)
            dying |= killed
            self._compare_zones(*map(_zones, (one, other)))

    def _compare_outcome(self, one, other):
        for field in ("constraint", "scope", "total_pages"):
            self.check(field, one[field], other[field])
        if one["victim"] is not None:
            for field in ("tgid", "comm", "uid", "oom_score_adj", "cgroup"):
                self.check(f"victim.{field}", one["victim"][field], other["victim"][field])
        kills = [sorted((kill["pid"], kill["why"], kill["signalled"]) for kill in incident["kills"] or []) for incident in (one, other)]
        self.check("kills", *kills)
        others = {kill["pid"]: kill for kill in other["kills"] or []}
        for kill in one["kills"] or []:
            for moment in ("exited_ns", "released_ns"):
                times = (kill[moment], others.get(kill["pid"], {}).get(moment))
                if None not in times:
                    self.check(f"kill {kill['pid']}.{moment} at the same moment", abs(times[0] - times[1]) <= APART_NS, True)
        self.check("limit", *(_limit(incident) for incident in (one, other)))

    def _compare_candidates(self, ones, others, killed, dying):
        if not ones or not others:
            return  # whether a method had to see them is for the scenario to say
        ones, others = ({candidate["pid"]: candidate for candidate in each} for each in (ones, others))
        eligible = [sorted(pid for pid, c in each.items() if c["eligible"] and pid not in dying) for each in (ones, others)]
        self.check("candidates that could be killed", *eligible)
        for pid in (ones.keys() & others.keys() & self._asleep) - dying:
            candidate, other = ones[pid], others[pid]
            name = f"candidate {candidate['comm']}[{candidate['pid']}]."
            for field in SAME:
                self.check(name + field, candidate[field], other[field])
            if self._swapping_pages:
                self._compare_swapped(name, candidate, other)
                continue
            moves = {**dict.fromkeys(RESIDENT, self._victim_pages * PAGE), "points": self._victim_pages} if pid in killed else {}
            for field in (*SIZES, "points"):
                self.check_near(name + field, candidate[field], other[field], moves.get(field, 0))

    def _compare_swapped(self, name, candidate, other):
        """Pages go out to swap and come back between the readings; the sum stays."""
        if any(each[field] is None for each in (candidate, other) for field in SIZES[:4]):
            return  # it has let go of its memory: not offered by one of them
        sums = [sum(each[field] for field in SIZES[:4]) // PAGE for each in (candidate, other)]
        self.check(name + "rss and swap", abs(sums[0] - sums[1]) <= self._swapping_pages, True)

    def _compare_zones(self, ones, others):
        """What the kernel does not change by itself."""
        if not ones or not others:
            return
        self.check("zones", sorted(ones), sorted(others))
        for key in ones.keys() & others.keys():
            name = f"zone {key[0]} {key[1]}."
            for size in ZONE_SIZES:
                self.check(name + size, ones[key][size], others[key][size])
            for mark in WATERMARKS:  # a boost fades as kswapd works
                self.check(f"{name}{mark} without boost", *(zones[key][mark] - (zones[key]["boost_bytes"] or 0) for zones in (ones, others)))


def _name(incident):
    return incident["outcome"], incident["victim"]["pid"] if incident["victim"] else None


def _zones(incident):
    return {(node["node"], zone["name"]): zone for node in incident["nodes"] or [] for zone in node["zones"]}


def _limit(incident):
    fired = next((level for level in (incident["memcg"] or {}).get("levels") or [] if level["fired"]), None)
    return fired and (fired["path"], fired["memory"]["max_bytes"])
