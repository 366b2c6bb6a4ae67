# SPDX-License-Identifier: Apache-2.0
"""What the independent reader of the kernel's report finds, against the incidents of `oomtrace explain --json` from the same text.

Beyond the comparison with a live incident, everything must be there, exactly: both have read the same lines.
"""

import compare_with_kernel_log
import kernel_report
from incident_comparison import Options, kernel_bytes


def _by_name(counters, unit):
    return {counter["name"]: counter[unit] for counter in counters}


_PAGE_COUNTS = {"pagecache pages": "total pagecache", "swap cached": "in swap cache"}


def _hugepages(pool):
    return {
        "node": pool["node"],
        "total": pool["pages_total"],
        "free": pool["pages_free"],
        "surp": pool["pages_surplus"],
        "size": pool["page_size_bytes"] // 1024,
    }


def lost_facts(incident, report):
    """Sentences about what the report has and the incident has not, or has otherwise."""
    lost = []
    facts = incident["kernel_report"]

    def need(name, own, log):
        if log and own != log:
            lost.append(f"{name}: the incident has {own!r}, the report {log!r}")

    mem_info = _by_name(facts["mem_info"], "pages")
    for name, pages in report.totals_pages.items():
        need(f"mem_info.{name}", mem_info.get(name), pages)
    counts = _by_name(facts["page_counts"], "pages")
    for name, pages in report.page_counts.items():
        need(f"page_counts.{name}", counts.get(_PAGE_COUNTS.get(name, name)), pages)
    swap_cache = _by_name(facts["swap_cache"], "pages")
    for name, pages in report.swap_cache_stats.items():
        need(f"swap_cache.{name}", swap_cache.get(name), pages)
    need("hugepages", [_hugepages(pool) for pool in facts["hugepages"]], report.hugepages)
    need("memcg_stats_path", facts["memcg_stats_path"], report.memcg_stats_path)
    stats = _by_name(facts["memcg_stats"], "value")
    for name, value in report.memcg_stats.items():
        need(f"memcg_stats.{name}", stats.get(name), value)
    if report.memcg_protection_bytes is not None:
        own = (facts["memcg_min_protection_bytes"], facts["memcg_low_protection_bytes"])
        need("memcg_protection", own, report.memcg_protection_bytes)
    need("group_path", kernel_bytes(facts["group_path"]), report.group_path and kernel_bytes(report.group_path))
    need("mm_pinned_by", len(facts["mm_pinned_by"]), len(report.mm_pinned_by))
    need("panic", facts["panic_reason"] is not None, report.panic is not None)
    need("kernel", incident["host"]["kernel"], report.kernel)
    if report.time is not None:
        need("time", incident["monotonic_ns"], round(report.time * 1e6) * 1000)
    zones = {(node["node"], zone["name"]): zone for node in incident["nodes"] or [] for zone in node["zones"]}
    for zone in report.zones:
        own = zones.get((zone.node, zone.name))
        if own is None:
            lost.append(f"zone {zone.node} {zone.name}")
            continue
        stats = dict(own["stat_bytes"]) | {other["name"]: other["bytes"] for other in own["other_stats"]}
        named = {"writepending": "write_pending", "pagetables": "page_tables"}
        for name, value in zone.counters.items():
            have = own.get(f"{name}_bytes", stats.get(named.get(name, name)))
            need(f"zone {zone.node} {zone.name} {name}", have if have else 0, value)
    nodes = {node["node"]: node for node in incident["nodes"] or []}
    named = {"isolated(anon)": "isolated_anon", "isolated(file)": "isolated_file", "pagetables": "page_tables",
             "sec_pagetables": "sec_page_tables"}
    for number, counters in report.nodes.items():
        stats = dict(nodes[number]["stat_bytes"]) | {other["name"]: other["bytes"] for other in nodes[number]["other_stats"]}
        for name, value in counters.items():
            need(f"node {number} {name}", stats.get(named.get(name, name)), value)
    kills = {kill["pid"]: kill for kill in incident["kills"] or []}
    for reaped in report.reaped:
        if reaped.pid not in kills or kills[reaped.pid]["reaped_bytes"] is None:
            lost.append(f"reaped {reaped.pid}")
    return lost


def not_lost(ledger, incidents):
    """Whether what the ledger has as not offered by an incident of the log stands in it elsewhere: of nodes that a report leaves out,
    the totals of the host cannot be told apart, and stand under kernel_report alone, where lost_facts() looks for them."""
    fields = set().union(*ledger.not_offered.values())
    left_out = all(incident["constraint"] in ("cpuset", "memory_policy") for incident in incidents)
    return not fields or (left_out and all(field.startswith("nodes.all.") for field in fields))


def compare_log(incidents, text, page_size=4096):
    """(ledger, lost): the ledger of compare_with_kernel_log, and what is lost beyond what it compares."""
    reports = kernel_report.parse_reports(text)
    ledger = compare_with_kernel_log.compare(incidents, reports, Options(page_size=page_size), method="kernel_log")
    lost = []
    if len(incidents) != len(reports):
        lost.append(f"{len(incidents)} incidents of {len(reports)} reports")
    for number, (incident, report) in enumerate(zip(incidents, reports), 1):
        lost += [f"report {number}: {fact}" for fact in lost_facts(incident, report)]
    return ledger, lost
