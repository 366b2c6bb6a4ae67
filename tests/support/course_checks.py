# SPDX-License-Identifier: Apache-2.0
"""What an incident says of the time before and of the kills, held against the state of the zones and the kernel's counters."""

MIB = 1 << 20
MAX_RECLAIM_RETRIES = 16  # of the kernel: more rounds in a row without progress and it does not look at the zones any more
# Between the last round and the reading of the zones the second CPU goes on.
MOVED = 4 * MIB
WATERMARK_BOOST_FACTOR = 15_000  # vm.watermark_boost_factor, by default


def may_use(allocation, node):
    return all(node in nodes for nodes in (allocation["mems_allowed"], allocation["nodemask"]) if nodes is not None)


def check_zone_of_last_round(checks, zone, nodes, usable, coming_back):
    what = f"last round, node {zone['node']} zone {zone['name']}"
    of_node = [state for node in nodes if node["node"] == zone["node"] for state in node["zones"]]
    states = [state for state in of_node if state["name"] == zone["name"]]
    checks.expect(f"{what}: zones of that name", len(states), 1)
    for state in states:
        checks.expect(f"{what} index", zone["index"], state["index"])
        unboosted, high = (state[mark] - state["boost_bytes"] for mark in ("min_bytes", "high_bytes"))
        most_boost = max(MOVED, high * WATERMARK_BOOST_FACTOR // 10_000)  # kswapd may have taken it back since
        checks.expect_between(f"{what} min_wmark", zone["min_wmark_bytes"], unboosted, unboosted + most_boost)
        if not usable:
            continue  # an earlier victim's memory comes back there while the request waits
        free = zone["available_bytes"] - zone["reclaimable_bytes"]
        checks.expect_between(f"{what} free", free, state["free_bytes"] - MOVED - coming_back, state["free_bytes"] + MOVED)


def check_before(checks, incident, coming_back):
    """The kernel invokes the OOM killer for an allocation only after it has given up on another round. `coming_back`: the bytes of
    earlier victims, which may have become free after that round."""
    checks.expect("source of before", incident["provenance"]["before"], {"source": "observed", "note": None})
    reclaim = incident["before"]["reclaim"]
    if reclaim is None or incident["scope"] != "global":
        return
    checks.expect_between("rounds of reclaim", reclaim["rounds"], 1, 1 << 20)
    checks.expect("zones of the last round", bool(reclaim["zones"]), True)
    checks.expect_between("time from the first round", reclaim["duration_ns"], 1, 600 * 10**9)
    gave_up = not any(zone["wmark_check"] for zone in reclaim["zones"])
    checks.expect("the last round was the last", gave_up or reclaim["no_progress_loops"] == MAX_RECLAIM_RETRIES, True)
    order = incident["allocation"]["order"]
    checks.expect("order of the rounds", reclaim["order"], reclaim["order"] if order is None else order)
    for zone in reclaim["zones"]:
        check_zone_of_last_round(checks, zone, incident["nodes"], may_use(incident["allocation"], zone["node"]), coming_back)


def check_kill_counts(checks, incident, *, whole_choice):
    """`whole_choice`: the method sees out_of_memory() return."""
    kills = incident["checks"]["kills"]
    checks.expect("counts of kills agree", kills["agree"], True)
    checks.expect("kills counted on the host", kills["counted"], kills["seen"])
    memcg = kills["memcg"]
    if whole_choice and incident["outcome"] in ("killed", "group_kill"):
        checks.expect("the cgroup's count was read", memcg is not None, True)
    if memcg is not None:
        checks.expect("kills counted in the cgroup", memcg["counted"], memcg["seen"])
