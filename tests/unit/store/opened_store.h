// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "packed.h"
#include "store/incident_store.h"

namespace oomtrace::test
{

inline std::unique_ptr<IncidentStore> writer(const std::filesystem::path &path, StoreLimits limits = {},
                                             std::int64_t clock_ns = now_ns)
{
    auto store = IncidentStore::open_for_writing(path, limits, [clock_ns] { return clock_ns; });
    if (!store)
        throw std::runtime_error(store.error().error.attempted + ": " + store.error().error.reason);
    return std::move(*store);
}

inline std::unique_ptr<IncidentStore> reader(const std::filesystem::path &path)
{
    auto store = IncidentStore::open_for_reading(path);
    if (!store)
        throw std::runtime_error(store.error().error.attempted + ": " + store.error().error.reason);
    return std::move(*store);
}

// How many were new; throws on an error.
inline std::uint64_t add(IncidentStore &store, const PackedIncident &incident)
{
    const auto added = store.add({&incident, 1});
    if (!added)
        throw std::runtime_error(added.error().error.reason);
    return *added;
}

inline std::uint64_t add(IncidentStore &store, const std::string &id, std::int64_t realtime_ns)
{
    return add(store, packed(plain_incident(id, realtime_ns)));
}

inline std::vector<std::string> ids(IncidentArchive &archive, const IncidentFilter &filter = {})
{
    const auto incidents = archive.list(filter);
    if (!incidents)
        return {"error: " + incidents.error().reason};
    std::vector<std::string> result;
    for (const IncidentSummary &incident : *incidents)
        result.push_back(incident.id);
    return result;
}

// "io: open the store /x: disk I/O error"
inline std::string text_of(const StoreError &error)
{
    return std::string(name_of(error.failure)) + ": " + error.error.attempted + ": " + error.error.reason;
}

} // namespace oomtrace::test
