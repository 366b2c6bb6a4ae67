// SPDX-License-Identifier: Apache-2.0
#include "store/incident_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "store/store_schema.h"

namespace oomtrace
{

namespace
{

constexpr const char *storing = "store an incident in";
constexpr const char *pruning = "take old incidents out of the store";

template <typename Number>
std::optional<std::int64_t> signed_number(const std::optional<Number> &number)
{
    return number ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
}

// Runs `sql` with one parameter; gives the number of rows that it changed.
StoreResult<std::int64_t> change(Database &database, const char *sql, std::int64_t parameter)
{
    auto statement = database.prepare(sql, pruning);
    if (!statement)
        return tl::unexpected(std::move(statement.error()));
    if (auto done = statement->bind(parameter).run(); !done)
        return tl::unexpected(std::move(done.error()));
    return database.changes();
}

StoreResult<std::int64_t> delete_older_than(Database &database, std::int64_t time_ns)
{
    if (auto texts = change(
            database, "DELETE FROM incident_text WHERE sequence IN (SELECT sequence FROM incident WHERE time_ns < ?)", time_ns);
        !texts)
        return texts;
    return change(database, "DELETE FROM incident WHERE time_ns < ?", time_ns);
}

StoreResult<std::int64_t> delete_oldest(Database &database, std::int64_t count)
{
    if (auto texts = change(database,
                            "DELETE FROM incident_text WHERE sequence IN (SELECT sequence FROM incident ORDER BY time_ns, "
                            "sequence LIMIT ?)",
                            count);
        !texts)
        return texts;
    return change(database,
                  "DELETE FROM incident WHERE sequence IN (SELECT sequence FROM incident ORDER BY time_ns, sequence LIMIT ?)",
                  count);
}

struct Pages {
    std::int64_t all = 0, unused = 0;
};

StoreResult<Pages> pages_of(Database &database)
{
    const auto all = database.number("PRAGMA page_count", pruning);
    if (!all)
        return tl::unexpected(all.error());
    const auto unused = database.number("PRAGMA freelist_count", pruning);
    if (!unused)
        return tl::unexpected(unused.error());
    return Pages{*all, *unused};
}

StoreResult<std::int64_t> incident_count(Database &database)
{
    return database.number("SELECT count(*) FROM incident", pruning);
}

StoreResult<void> apply_byte_limit(Database &database, std::int64_t max_bytes)
{
    for (;;) {
        const auto pages = pages_of(database);
        if (!pages)
            return tl::unexpected(pages.error());
        const std::int64_t used_bytes = (pages->all - pages->unused) * store_page_size;
        if (used_bytes <= max_bytes)
            return {};
        const auto count = incident_count(database);
        if (!count)
            return tl::unexpected(count.error());
        if (*count <= 1)
            return {};
        // The share of incidents that the excess is of the bytes, rounded down: sizes differ, so that it may take some rounds.
        const std::int64_t share = (used_bytes - max_bytes) / (used_bytes / *count);
        if (auto deleted = delete_oldest(database, std::clamp<std::int64_t>(share, 1, *count - 1)); !deleted)
            return tl::unexpected(std::move(deleted.error()));
    }
}

} // namespace

StoreResult<bool> insert_incident(Database &database, const PackedIncident &incident, std::int64_t now_ns)
{
    auto row = database.prepare(
        "INSERT INTO incident (id, time_ns, realtime_ns, outcome, scope, constraint_name, victim_pid, victim_comm, "
        "victim_rss_bytes, victim_points, trigger_comm, memcg_path, victim_cgroup, pod_namespace, pod_name, container_name, "
        "container_id, systemd_unit, kills, complete, before_start, headline) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        storing);
    if (!row)
        return tl::unexpected(std::move(row.error()));
    const IncidentSummary &summary = incident.summary;
    row->bind(std::string_view(summary.id)).bind(summary.realtime_ns != 0 ? summary.realtime_ns : now_ns);
    row->bind(summary.realtime_ns);
    for (const std::string *const text : {&summary.outcome, &summary.scope, &summary.constraint})
        row->bind(std::string_view(*text));
    row->bind(signed_number(summary.victim_pid)).bind(std::string_view(summary.victim_comm));
    row->bind(signed_number(summary.victim_rss_bytes)).bind(summary.victim_points);
    for (const std::string *const text :
         {&summary.trigger_comm, &summary.memcg_path, &summary.victim_cgroup, &summary.pod_namespace, &summary.pod_name,
          &summary.container_name, &summary.container_id, &summary.systemd_unit})
        row->bind(std::string_view(*text));
    row->bind(static_cast<std::int64_t>(summary.kills));
    row->bind(std::int64_t{summary.complete}).bind(std::int64_t{summary.before_start});
    row->bind(std::string_view(summary.headline));
    if (auto inserted = row->run(); !inserted)
        return tl::unexpected(std::move(inserted.error()));
    if (database.changes() == 0)
        return false;

    auto texts = database.prepare(
        "INSERT INTO incident_text (sequence, json, report, full_report) VALUES (last_insert_rowid(), ?, ?, ?)", storing);
    if (!texts)
        return tl::unexpected(std::move(texts.error()));
    texts->bind_blob(incident.json).bind_blob(incident.report).bind_blob(incident.full_report);
    if (auto inserted = texts->run(); !inserted)
        return tl::unexpected(std::move(inserted.error()));
    return true;
}

StoreResult<void> apply_limits(Database &database, const StoreLimits &limits, std::int64_t now_ns)
{
    if (limits.max_age) {
        if (auto deleted = delete_older_than(database, now_ns - limits.max_age->count()); !deleted)
            return tl::unexpected(std::move(deleted.error()));
    }
    if (limits.max_incidents) {
        const auto count = incident_count(database);
        if (!count)
            return tl::unexpected(count.error());
        const auto most = static_cast<std::int64_t>(std::max<std::uint64_t>(*limits.max_incidents, 1));
        if (*count > most)
            if (auto deleted = delete_oldest(database, *count - most); !deleted)
                return tl::unexpected(std::move(deleted.error()));
    }
    if (limits.max_bytes)
        return apply_byte_limit(database,
                                static_cast<std::int64_t>(std::max<std::uint64_t>(*limits.max_bytes, smallest_store_bytes)));
    return {};
}

StoreResult<void> shrink_file(Database &database)
{
    constexpr std::int64_t few_pages = 64;
    constexpr std::int64_t step = 256;
    auto pages = pages_of(database);
    if (!pages)
        return tl::unexpected(pages.error());
    if (pages->unused <= std::max(few_pages, pages->all / 8))
        return {};
    // Each step is a transaction of its own, so that the WAL stays small.
    while (pages->unused > few_pages) {
        const std::int64_t before = pages->unused;
        const std::string sql = fmt::format("PRAGMA incremental_vacuum({})", std::min(step, pages->unused));
        if (auto shrunk = database.execute(sql.c_str(), "shrink the store"); !shrunk)
            return shrunk;
        pages = pages_of(database);
        if (!pages)
            return tl::unexpected(pages.error());
        if (pages->unused >= before)
            break;
    }
    // The file itself is cut when all of the WAL has gone into it; with a reader in the way, by a later checkpoint.
    return database.execute("PRAGMA wal_checkpoint(TRUNCATE)", "shrink the store");
}

} // namespace oomtrace
