// SPDX-License-Identifier: Apache-2.0
#include "store/store_schema.h"

#include <fmt/format.h>

namespace oomtrace
{

namespace
{

constexpr const char *opening = "open the store";

// `time_ns` orders and ages: realtime_ns, or where that is not known the time at which the incident was stored.
constexpr const char *tables = R"(
CREATE TABLE incident (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time_ns INTEGER NOT NULL,
    realtime_ns INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    scope TEXT NOT NULL,
    constraint_name TEXT NOT NULL,
    victim_pid INTEGER,
    victim_comm TEXT NOT NULL,
    victim_rss_bytes INTEGER,
    victim_points INTEGER,
    trigger_comm TEXT NOT NULL,
    memcg_path TEXT NOT NULL,
    victim_cgroup TEXT NOT NULL,
    pod_namespace TEXT NOT NULL,
    pod_name TEXT NOT NULL,
    container_name TEXT NOT NULL,
    container_id TEXT NOT NULL,
    systemd_unit TEXT NOT NULL,
    kills INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    before_start INTEGER NOT NULL,
    headline TEXT NOT NULL
) STRICT;
CREATE TABLE incident_text (
    sequence INTEGER PRIMARY KEY,
    json BLOB NOT NULL,
    report BLOB NOT NULL,
    full_report BLOB NOT NULL
) STRICT;
)";

// Of no version: a store gets those that it lacks when it is next opened for writing, and is read without them until then.
constexpr const char *indices = R"(
CREATE INDEX IF NOT EXISTS incident_by_time ON incident (time_ns);
CREATE INDEX IF NOT EXISTS incident_by_comm ON incident (victim_comm, time_ns);
CREATE INDEX IF NOT EXISTS incident_by_memcg ON incident (memcg_path);
CREATE INDEX IF NOT EXISTS incident_by_cgroup ON incident (victim_cgroup);
CREATE INDEX IF NOT EXISTS incident_by_pod ON incident (pod_name, time_ns);
CREATE INDEX IF NOT EXISTS incident_by_unit ON incident (systemd_unit, time_ns);
CREATE INDEX IF NOT EXISTS incident_by_pid ON incident (victim_pid);
)";

struct Header {
    std::int64_t application_id = 0, version = 0, tables = 0;
    [[nodiscard]] bool empty() const { return application_id == 0 && version == 0 && tables == 0; }
};

StoreResult<Header> read_header(Database &database)
{
    const auto application_id = database.number("PRAGMA application_id", opening);
    if (!application_id)
        return tl::unexpected(application_id.error());
    const auto version = database.number("PRAGMA user_version", opening);
    if (!version)
        return tl::unexpected(version.error());
    const auto count = database.number("SELECT count(*) FROM sqlite_schema", opening);
    if (!count)
        return tl::unexpected(count.error());
    return Header{*application_id, *version, *count};
}

StoreResult<void> judge(const Database &database, const Header &header)
{
    if (header.application_id != store_application_id)
        return store_failed(StoreFailure::foreign, database.attempted(opening), "it is a database of another program",
                            "name another file");
    if (header.version > store_schema_version)
        return store_failed(StoreFailure::newer_version, database.attempted(opening),
                            fmt::format("a later oomtrace wrote it (version {} of the tables; this one knows up to {})",
                                        header.version, store_schema_version),
                            "use that version, or name another file");
    if (header.version < store_schema_version)
        return store_failed(StoreFailure::corrupt, database.attempted(opening),
                            fmt::format("it has version {} of the tables, which no oomtrace has written", header.version));
    return {};
}

} // namespace

StoreResult<void> check_schema(Database &database)
{
    const auto header = read_header(database);
    if (!header)
        return tl::unexpected(header.error());
    if (header->empty())
        return store_failed(StoreFailure::missing, database.attempted(opening),
                            "it is empty: nothing has been stored in it yet",
                            "the agent fills it: is it running with this file as its store?");
    return judge(database, *header);
}

StoreResult<void> create_or_check_schema(Database &database)
{
    auto header = read_header(database);
    if (!header)
        return tl::unexpected(header.error());
    if (!header->empty()) {
        if (auto judged = judge(database, *header); !judged)
            return judged;
        return database.execute(indices, opening);
    }

    // auto_vacuum can only be chosen before the first page is written, which journal_mode does.
    const std::string settings =
        fmt::format("PRAGMA page_size = {}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;", store_page_size);
    if (auto set = database.execute(settings.c_str(), opening); !set)
        return set;
    // All or nothing: killed in the middle, the file is as empty as before.
    auto transaction = Transaction::begin(database, opening);
    if (!transaction)
        return tl::unexpected(std::move(transaction.error()));
    header = read_header(database);
    if (!header)
        return tl::unexpected(header.error());
    if (!header->empty()) // another process was first
        return judge(database, *header);
    const std::string stamps =
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", store_application_id, store_schema_version);
    for (const char *const sql : {tables, indices, stamps.c_str()})
        if (auto created = database.execute(sql, "create the store"); !created)
            return created;
    return transaction->commit("create the store");
}

} // namespace oomtrace
