// SPDX-License-Identifier: Apache-2.0
//
// incident_store.h: incidents in one file of SQLite (WAL). What add() has returned for survives kill -9 and a loss of power.
// One process writes; any number read at the same time, from their own connections, also when nobody writes and the file or its
// directory is read-only.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "oomtrace/incident.h"
#include "oomtrace/incident_archive.h"
#include "store/database.h"

namespace oomtrace
{

struct StoreLimits {
    std::optional<std::chrono::nanoseconds> max_age;
    std::optional<std::uint64_t> max_incidents;
    // Of the pages in use; the file may be an eighth larger for a while, and its WAL comes on top (about 1 MiB). Less than
    // smallest_store_bytes counts as that.
    std::optional<std::uint64_t> max_bytes;
};

inline constexpr std::uint64_t smallest_store_bytes = 1 << 20;

// An incident ready to be stored: its texts compressed.
struct PackedIncident {
    IncidentSummary summary;
    std::string json, report, full_report; // zstd frames

    [[nodiscard]] std::size_t bytes() const; // that it takes in memory, roughly
};

Result<PackedIncident> pack(ArchivedIncident incident);

struct StoreFacts {
    std::uint64_t incidents = 0;
    std::optional<std::int64_t> oldest_ns, newest_ns; // realtime
    std::uint64_t file_bytes = 0;                     // with its WAL
};

class IncidentStore final : public IncidentArchive
{
  public:
    using Clock = std::function<std::int64_t()>; // realtime, ns

    // Creates the file (mode 0640) when there is none, and one level of directory; checks the whole of an existing one, and
    // applies the limits to it.
    static StoreResult<std::unique_ptr<IncidentStore>> open_for_writing(const std::filesystem::path &path, StoreLimits limits,
                                                                        Clock realtime_ns);
    static StoreResult<std::unique_ptr<IncidentStore>> open_for_reading(const std::filesystem::path &path);

    // All of them or none. One whose id is kept already is left as it is. Gives the number of those that were new.
    StoreResult<std::uint64_t> add(std::span<const PackedIncident> incidents);
    void set_limits(StoreLimits limits) { limits_ = limits; }
    // Applies the limits; add() does as well.
    StoreResult<void> prune();
    StoreResult<StoreFacts> facts();
    // The path no longer names the file that is open: it was moved, deleted or replaced.
    [[nodiscard]] bool moved() const;

    Result<std::vector<IncidentSummary>> list(const IncidentFilter &filter) override;
    Result<std::optional<ArchivedIncident>> find(std::string_view id) override;
    Result<std::vector<std::string>> ids_with_prefix(std::string_view prefix, std::size_t most);
    Result<std::optional<std::string>> same_oom(const Incident &report); // see same_oom.h

    [[nodiscard]] Database &database() { return database_; } // for tests

  private:
    IncidentStore(Database database, std::filesystem::path path, StoreLimits limits, Clock realtime_ns)
        : database_(std::move(database)), path_(std::move(path)), limits_(limits), realtime_ns_(std::move(realtime_ns))
    {
    }

    Database database_;
    std::filesystem::path path_;
    StoreLimits limits_;
    Clock realtime_ns_;
};

// The store as the agent's HTTP interface reads it: opened for each question, so that it holds no memory between two, and
// always reads the file that is there. May be asked from several threads at a time.
class StoreArchive final : public IncidentArchive
{
  public:
    explicit StoreArchive(std::filesystem::path path) : path_(std::move(path)) {}
    Result<std::vector<IncidentSummary>> list(const IncidentFilter &filter) override;
    Result<std::optional<ArchivedIncident>> find(std::string_view id) override;
    Result<std::optional<std::string>> same_oom(const Incident &report); // see same_oom.h

  private:
    std::filesystem::path path_;
};

} // namespace oomtrace
