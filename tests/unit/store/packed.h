// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "store/incident_store.h"

namespace oomtrace::test
{

inline constexpr std::int64_t second_ns = 1'000'000'000;
inline constexpr std::int64_t day_ns = 86'400 * second_ns;
inline constexpr std::int64_t now_ns = 1'772'334'765 * second_ns; // 2026-03-01T03:12:45Z

// Bytes that compression makes no smaller.
inline std::string noise(std::size_t size, std::uint64_t seed)
{
    std::string bytes(size, '\0');
    for (char &byte : bytes) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        byte = static_cast<char>(seed >> 56U);
    }
    return bytes;
}

inline ArchivedIncident plain_incident(std::string id, std::int64_t realtime_ns)
{
    ArchivedIncident incident;
    IncidentSummary &summary = incident.summary;
    summary.id = std::move(id);
    summary.realtime_ns = realtime_ns;
    summary.outcome = "killed";
    summary.scope = "memcg";
    summary.constraint = "memcg";
    summary.victim_pid = 4121;
    summary.victim_comm = "postgres";
    summary.victim_rss_bytes = 1'836'023'808;
    summary.victim_points = 448'245;
    summary.trigger_comm = "postgres";
    summary.memcg_path = "/kubepods/pod7/db";
    summary.victim_cgroup = "/kubepods/pod7/db";
    summary.kills = 1;
    summary.headline = "OOM KILL postgres[4121] killed";
    incident.json = "{\"id\":\"" + summary.id + "\"}";
    incident.report = "report of " + summary.id + "\n";
    incident.full_report = "full report of " + summary.id + "\n";
    return incident;
}

inline PackedIncident packed(ArchivedIncident incident)
{
    auto result = pack(std::move(incident));
    if (!result)
        throw std::runtime_error(result.error().reason);
    return std::move(*result);
}

// An incident that takes about `bytes` on the disk.
inline PackedIncident large_incident(const std::string &id, std::int64_t realtime_ns, std::size_t bytes)
{
    ArchivedIncident incident = plain_incident(id, realtime_ns);
    incident.json = noise(bytes, std::hash<std::string>()(id));
    return packed(std::move(incident));
}

} // namespace oomtrace::test
