// SPDX-License-Identifier: Apache-2.0
#include "store/incident_store.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "host/unique_fd.h"
#include "store/compression.h"
#include "store/incident_query.h"
#include "store/incident_rows.h"
#include "store/same_oom.h"
#include "store/store_file.h"
#include "store/store_schema.h"

namespace oomtrace
{

namespace
{

constexpr int busy_timeout_ms = 2000;

template <typename T>
Result<T> plain(StoreResult<T> result)
{
    if (!result)
        return tl::unexpected(std::move(result.error().error));
    return std::move(*result);
}

// What SQLite would keep in memory for speed is bounded: an idle agent should be small. It reads no more than it checks.
StoreResult<void> configure(Database &database)
{
    sqlite3_busy_timeout(database.handle(), busy_timeout_ms);
    sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    return database.execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -512; "
                            "PRAGMA temp_store = MEMORY;",
                            "open the store");
}

StoreResult<void> check_pages(Database &database)
{
    auto check = database.prepare("PRAGMA quick_check(1)", "check the store");
    if (!check)
        return tl::unexpected(std::move(check.error()));
    const auto row = check->step();
    if (!row)
        return tl::unexpected(row.error());
    const std::string found = *row ? check->text(0) : "";
    if (found == "ok")
        return {};
    return store_failed(StoreFailure::corrupt, database.attempted("check the store"), found,
                        "the agent moves a damaged store aside and begins a new one");
}

StoreResult<Database> open_database_for_writing(const std::filesystem::path &path)
{
    auto database = Database::open(path.string(), SQLITE_OPEN_READWRITE, path.string());
    if (!database)
        return database;
    // SQLite opens what it may not write for reading, and says so only when it is asked.
    if (sqlite3_db_readonly(database->handle(), "main") == 1)
        return store_failed(StoreFailure::read_only, database->attempted("open the store"), "it can only be read",
                            "check its owner and mode, and whether the filesystem is mounted read-only");
    if (auto configured = configure(*database); !configured)
        return tl::unexpected(std::move(configured.error()));
    if (auto schema = create_or_check_schema(*database); !schema)
        return tl::unexpected(std::move(schema.error()));
    if (auto durable =
            database->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 256; "
                              "PRAGMA journal_size_limit = 1048576;",
                              "open the store");
        !durable)
        return tl::unexpected(std::move(durable.error()));
    if (auto checked = check_pages(*database); !checked)
        return tl::unexpected(std::move(checked.error()));
    return database;
}

StoreResult<Database> open_database_for_reading(const std::filesystem::path &path, const std::string &uri)
{
    auto database = Database::open(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, path.string());
    if (!database)
        return database;
    // Before the first read: then no shared memory is needed; for who has no other process beside it, see below.
    if (uri.find("vfs=unix-none") != std::string::npos)
        if (auto alone = database->execute("PRAGMA locking_mode = EXCLUSIVE", "open the store"); !alone)
            return tl::unexpected(std::move(alone.error()));
    sqlite3_db_config(database->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    if (auto configured = configure(*database); !configured)
        return tl::unexpected(std::move(configured.error()));
    if (auto schema = check_schema(*database); !schema)
        return tl::unexpected(std::move(schema.error()));
    return database;
}

std::uint64_t size_of(const std::filesystem::path &path)
{
    struct stat status {
    };
    return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

} // namespace

std::size_t PackedIncident::bytes() const
{
    std::size_t bytes = sizeof(*this) + json.size() + report.size() + full_report.size();
    for (const std::string *const text :
         {&summary.id, &summary.victim_comm, &summary.trigger_comm, &summary.memcg_path, &summary.victim_cgroup,
          &summary.pod_namespace, &summary.pod_name, &summary.container_name, &summary.container_id, &summary.systemd_unit,
          &summary.headline})
        bytes += text->size();
    return bytes;
}

Result<PackedIncident> pack(ArchivedIncident incident)
{
    PackedIncident packed;
    for (auto [text, frame] : {std::pair(&incident.json, &packed.json), std::pair(&incident.report, &packed.report),
                               std::pair(&incident.full_report, &packed.full_report)}) {
        auto compressed = compress(*text);
        if (!compressed)
            return tl::unexpected(std::move(compressed.error()));
        *frame = std::move(*compressed);
    }
    packed.summary = std::move(incident.summary);
    return packed;
}

StoreResult<std::unique_ptr<IncidentStore>> IncidentStore::open_for_writing(const std::filesystem::path &path,
                                                                            StoreLimits limits, Clock realtime_ns)
{
    if (auto created = create_store_file(path); !created)
        return tl::unexpected(std::move(created.error()));
    auto database = open_database_for_writing(path);
    if (!database) {
        // Only now that SQLite has closed the file: see is_store_file().
        if (database.error().failure == StoreFailure::corrupt && !is_store_file(path))
            return store_failed(StoreFailure::foreign, fmt::format("open the store {}", path.string()),
                                "it is a file of another kind", "name another file");
        return tl::unexpected(std::move(database.error()));
    }
    std::unique_ptr<IncidentStore> store(new IncidentStore(std::move(*database), path, limits, std::move(realtime_ns)));
    if (auto pruned = store->prune(); !pruned)
        return tl::unexpected(std::move(pruned.error()));
    return store;
}

// A WAL database is read through the index of its WAL, which all processes share in FILE-shm, and which the last one to leave
// deletes. Where it is missing and may not be created (a copy of a host's disk, a directory that we may only read), nobody
// writes either: then the file is whole without a WAL, or else the WAL is read by us alone, with the index in our own memory.
StoreResult<std::unique_ptr<IncidentStore>> IncidentStore::open_for_reading(const std::filesystem::path &path)
{
    const std::string uri = store_uri(path);
    auto database = open_database_for_reading(path, uri + "?mode=ro");
    if (!database && size_of(path) > 0 && ::access((path.string() + "-shm").c_str(), F_OK) != 0) {
        const bool wal = size_of(path.string() + "-wal") > 0;
        auto alone = open_database_for_reading(path, uri + (wal ? "?mode=ro&vfs=unix-none" : "?mode=ro&immutable=1"));
        if (alone)
            database = std::move(alone);
    }
    if (!database) {
        StoreError error = std::move(database.error());
        if (error.failure == StoreFailure::read_only)
            error.error.hint = "it needs the right to read the file and to enter its directory";
        if (error.failure == StoreFailure::missing && size_of(path) == 0 && ::access(path.c_str(), F_OK) != 0)
            error.error = {fmt::format("open the store {}", path.string()), "there is no such file",
                           "\"oomtrace agent\" writes it; --store FILE names another"};
        return tl::unexpected(std::move(error));
    }
    return std::unique_ptr<IncidentStore>(new IncidentStore(std::move(*database), path, {}, {}));
}

StoreResult<std::uint64_t> IncidentStore::add(std::span<const PackedIncident> incidents)
{
    constexpr const char *storing = "store incidents in";
    std::uint64_t added = 0;
    {
        auto transaction = Transaction::begin(database_, storing);
        if (!transaction)
            return tl::unexpected(std::move(transaction.error()));
        for (const PackedIncident &incident : incidents) {
            const auto inserted = insert_incident(database_, incident, realtime_ns_());
            if (!inserted)
                return tl::unexpected(inserted.error());
            added += *inserted ? 1 : 0;
        }
        if (auto limited = apply_limits(database_, limits_, realtime_ns_()); !limited)
            return tl::unexpected(std::move(limited.error()));
        if (auto committed = transaction->commit(storing); !committed)
            return tl::unexpected(std::move(committed.error()));
    }
    // They are stored, whatever becomes of the rest.
    (void)shrink_file(database_);
    sqlite3_db_release_memory(database_.handle());
    return added;
}

StoreResult<void> IncidentStore::prune()
{
    constexpr const char *pruning = "take old incidents out of the store";
    {
        auto transaction = Transaction::begin(database_, pruning);
        if (!transaction)
            return tl::unexpected(std::move(transaction.error()));
        if (auto limited = apply_limits(database_, limits_, realtime_ns_()); !limited)
            return limited;
        if (auto committed = transaction->commit(pruning); !committed)
            return committed;
    }
    auto shrunk = shrink_file(database_);
    sqlite3_db_release_memory(database_.handle());
    return shrunk;
}

StoreResult<StoreFacts> IncidentStore::facts()
{
    auto row = database_.prepare("SELECT count(*), min(time_ns), max(time_ns) FROM incident", "read the store");
    if (!row)
        return tl::unexpected(std::move(row.error()));
    if (const auto stepped = row->step(); !stepped)
        return tl::unexpected(stepped.error());
    return StoreFacts{static_cast<std::uint64_t>(row->integer(0)), row->optional_integer(1), row->optional_integer(2),
                      size_of(path_) + size_of(path_.string() + "-wal")};
}

bool IncidentStore::moved() const
{
    int has_moved = 0;
    return sqlite3_file_control(database_.handle(), "main", SQLITE_FCNTL_HAS_MOVED, &has_moved) == SQLITE_OK && has_moved != 0;
}

Result<std::vector<IncidentSummary>> IncidentStore::list(const IncidentFilter &filter)
{
    return plain(list_incidents(database_, filter));
}

Result<std::optional<ArchivedIncident>> IncidentStore::find(std::string_view id)
{
    return plain(find_incident(database_, id));
}

Result<std::vector<std::string>> IncidentStore::ids_with_prefix(std::string_view prefix, std::size_t most)
{
    return plain(oomtrace::ids_with_prefix(database_, prefix, most));
}

Result<std::optional<std::string>> IncidentStore::same_oom(const Incident &report)
{
    return plain(find_same_oom(database_, report));
}

Result<std::vector<IncidentSummary>> StoreArchive::list(const IncidentFilter &filter)
{
    auto store = plain(IncidentStore::open_for_reading(path_));
    if (!store)
        return tl::unexpected(std::move(store.error()));
    return (*store)->list(filter);
}

Result<std::optional<ArchivedIncident>> StoreArchive::find(std::string_view id)
{
    auto store = plain(IncidentStore::open_for_reading(path_));
    if (!store)
        return tl::unexpected(std::move(store.error()));
    return (*store)->find(id);
}

Result<std::optional<std::string>> StoreArchive::same_oom(const Incident &report)
{
    auto store = plain(IncidentStore::open_for_reading(path_));
    if (!store)
        return tl::unexpected(std::move(store.error()));
    return (*store)->same_oom(report);
}

} // namespace oomtrace
