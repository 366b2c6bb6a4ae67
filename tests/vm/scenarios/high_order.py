# SPDX-License-Identifier: Apache-2.0
"""Memory is free, and in too small pieces."""

from scenario import Scenario, the_only
from setup_checks import MIB


def check(run):
    incident = the_only(run)
    if incident is None:
        return
    checks = run.checks
    fragmenter = run.member(b"fragmenter")
    checks.expect("trigger", incident["trigger"]["pid"], fragmenter.pid)
    checks.check_candidates(incident, run.members, only_members=False)
    checks.check_victim(incident, run.member(b"sacrifice"))
    checks.check_trust(incident, run.method)
    zones = [zone for node in incident["nodes"] for zone in node["zones"]]
    # Of 512 MiB the kernel, the programs and the sacrifice have about 190; of the rest every second page was given back, and some hold
    # what was read of the disk. What the contiguous memory allocator has is not for the kernel's own pages.
    all_free = sum(zone["free_bytes"] for zone in zones)
    free = all_free - sum(zone["free_cma_bytes"] or 0 for zone in zones)
    checks.expect_between("free memory", free, 40 * MIB, 200 * MIB)
    single = sum(b["count"] * b["block_bytes"] for zone in zones for b in zone["free_blocks"] or [] if b["block_bytes"] < 4 * 4096)
    checks.expect_between("free memory in blocks that are too small", single, 0.8 * free, all_free)
    if run.weighs():
        checks.expect("order", incident["allocation"]["order"], 2)


SCENARIO = Scenario(check, reports=1, min_compared=150)
