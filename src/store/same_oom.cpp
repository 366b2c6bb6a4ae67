// SPDX-License-Identifier: Apache-2.0
#include "store/same_oom.h"

#include <algorithm>
#include <cstdint>

#include "reconstruct/incident_id.h"

namespace oomtrace
{

namespace
{

constexpr const char *looking = "look for an OOM in the store";

// The log's time is that of the report's first line, or of the first that is left of it: a table of many tasks takes a slow
// console its time. No pid comes round again within a minute, to be killed again.
constexpr std::uint64_t victim_tolerance_ns = 60'000'000'000;
// Without a victim there is only the time, and who asked.
constexpr std::uint64_t tolerance_ns = 2'000'000'000;
// The log's clock is not steered as the monotonic one is: after a long uptime they have drifted apart, by up to so much.
constexpr std::uint64_t drift_fraction = 10'000;

template <typename Time>
std::uint64_t apart(Time one, Time other)
{
    return static_cast<std::uint64_t>(std::max(one, other) - std::min(one, other));
}

std::optional<std::uint32_t> victim_pid_of(const Incident &report)
{
    return report.victim ? std::optional(report.victim->process.pid) : std::nullopt;
}

} // namespace

bool is_same_oom(const KeptOom &kept, const Incident &report)
{
    if (kept.id == report.id)
        return true;
    if (report.host.boot_id.empty() || report.monotonic_ns == 0 || kept.victim_pid != victim_pid_of(report))
        return false;
    const std::string &trigger = report.trigger.process.comm;
    if (!report.victim && !trigger.empty() && !kept.trigger_comm.empty() && trigger != kept.trigger_comm)
        return false;
    const std::uint64_t most = (report.victim ? victim_tolerance_ns : tolerance_ns) + report.monotonic_ns / drift_fraction;
    if (const auto live = read_live_incident_id(kept.id))
        return live->boot == boot_part(report.host.boot_id) && apart(live->monotonic_ns, report.monotonic_ns) <= most;
    // Taken in from the log before, when more or less of the report was left in it.
    return kept.realtime_ns != 0 && report.realtime_ns != 0 && apart(kept.realtime_ns, report.realtime_ns) <= most;
}

StoreResult<std::optional<std::string>> find_same_oom(Database &database, const Incident &report)
{
    auto rows = database.prepare(
        "SELECT id, realtime_ns, victim_pid, trigger_comm FROM incident WHERE victim_pid IS ? OR id = ?", looking);
    if (!rows)
        return tl::unexpected(std::move(rows.error()));
    const std::optional<std::uint32_t> victim_pid = victim_pid_of(report);
    rows->bind(victim_pid ? std::optional<std::int64_t>(*victim_pid) : std::nullopt).bind(std::string_view(report.id));
    for (;;) {
        const auto row = rows->step();
        if (!row)
            return tl::unexpected(row.error());
        if (!*row)
            return std::nullopt;
        KeptOom kept{rows->text(0), rows->integer(1), std::nullopt, rows->text(3)};
        if (const auto pid = rows->optional_integer(2))
            kept.victim_pid = static_cast<std::uint32_t>(*pid);
        if (is_same_oom(kept, report))
            return std::move(kept.id);
    }
}

} // namespace oomtrace
