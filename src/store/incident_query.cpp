// SPDX-License-Identifier: Apache-2.0
#include "store/incident_query.h"

#include <limits>
#include <variant>

#include <fmt/format.h>

#include "store/compression.h"

namespace oomtrace
{

namespace
{

constexpr const char *reading = "read the store";

constexpr const char *summary_columns =
    "id, realtime_ns, outcome, scope, constraint_name, victim_pid, victim_comm, victim_rss_bytes, victim_points, trigger_comm, "
    "memcg_path, victim_cgroup, pod_namespace, pod_name, container_name, container_id, systemd_unit, kills, complete, "
    "before_start, headline";
constexpr int summary_column_count = 21;

IncidentSummary summary_of(const Statement &row)
{
    IncidentSummary summary;
    int column = 0;
    summary.id = row.text(column++);
    summary.realtime_ns = row.integer(column++);
    summary.outcome = row.text(column++);
    summary.scope = row.text(column++);
    summary.constraint = row.text(column++);
    if (const auto pid = row.optional_integer(column++))
        summary.victim_pid = static_cast<std::uint32_t>(*pid);
    summary.victim_comm = row.text(column++);
    if (const auto rss = row.optional_integer(column++))
        summary.victim_rss_bytes = static_cast<std::uint64_t>(*rss);
    summary.victim_points = row.optional_integer(column++);
    for (std::string *const text : {&summary.trigger_comm, &summary.memcg_path, &summary.victim_cgroup, &summary.pod_namespace,
                                    &summary.pod_name, &summary.container_name, &summary.container_id, &summary.systemd_unit})
        *text = row.text(column++);
    summary.kills = static_cast<std::uint64_t>(row.integer(column++));
    summary.complete = row.integer(column++) != 0;
    summary.before_start = row.integer(column++) != 0;
    summary.headline = row.text(column++);
    return summary;
}

// WHERE with its parameters, in the order in which they are bound.
class Conditions
{
  public:
    void add(std::string_view sql, std::vector<std::variant<std::int64_t, std::string>> parameters)
    {
        sql_ += (sql_.empty() ? " WHERE " : " AND ") + std::string(sql);
        for (auto &parameter : parameters)
            parameters_.push_back(std::move(parameter));
    }
    void equals(std::string_view column, const std::optional<std::string> &value)
    {
        if (value)
            add(fmt::format("{} = ?", column), {*value});
    }
    [[nodiscard]] const std::string &sql() const { return sql_; }
    void bind_to(Statement &statement) const
    {
        for (const auto &parameter : parameters_) {
            if (const auto *const number = std::get_if<std::int64_t>(&parameter))
                statement.bind(*number);
            else
                statement.bind(std::string_view(std::get<std::string>(parameter)));
        }
    }

  private:
    std::string sql_;
    std::vector<std::variant<std::int64_t, std::string>> parameters_;
};

// The group itself or one below it: "0" is the character after "/", so that the range can be found in an index.
void add_cgroup(Conditions &conditions, std::string path)
{
    while (!path.empty() && path.back() == '/')
        path.pop_back();
    if (path.empty()) { // every cgroup there is
        conditions.add("(memcg_path <> '' OR victim_cgroup <> '')", {});
        return;
    }
    conditions.add("(memcg_path = ? OR (memcg_path > ? AND memcg_path < ?) OR victim_cgroup = ? OR (victim_cgroup > ? AND "
                   "victim_cgroup < ?))",
                   {path, path + "/", path + "0", path, path + "/", path + "0"});
}

void add_pod(Conditions &conditions, const std::string &pod)
{
    const std::size_t slash = pod.find('/');
    if (slash == std::string::npos)
        conditions.add("pod_name = ?", {pod});
    else
        conditions.add("pod_name = ? AND pod_namespace = ?", {pod.substr(slash + 1), pod.substr(0, slash)});
}

// Where the page before ended.
StoreResult<void> add_page(Conditions &conditions, Database &database, const std::string &older_than)
{
    auto last = database.prepare("SELECT time_ns, sequence FROM incident WHERE id = ?", reading);
    if (!last)
        return tl::unexpected(std::move(last.error()));
    const auto row = last->bind(std::string_view(older_than)).step();
    if (!row)
        return tl::unexpected(row.error());
    if (!*row)
        return store_failed(StoreFailure::missing, fmt::format("list the incidents older than {}", older_than),
                            "no incident of this id is kept", "begin again with the newest");
    conditions.add("(time_ns, sequence) < (?, ?)", {last->integer(0), last->integer(1)});
    return {};
}

StoreResult<Conditions> conditions_of(Database &database, const IncidentFilter &filter)
{
    Conditions conditions;
    // An incident whose time is not known is in no span of time.
    if (filter.since_ns || filter.until_ns)
        conditions.add("realtime_ns <> 0", {});
    if (filter.since_ns)
        conditions.add("time_ns >= ?", {*filter.since_ns});
    if (filter.until_ns)
        conditions.add("time_ns < ?", {*filter.until_ns});
    if (filter.cgroup)
        add_cgroup(conditions, *filter.cgroup);
    if (filter.pod)
        add_pod(conditions, *filter.pod);
    if (filter.unit)
        conditions.equals("systemd_unit",
                          filter.unit->find('.') == std::string::npos ? *filter.unit + ".service" : *filter.unit);
    conditions.equals("victim_comm", filter.comm);
    conditions.equals("outcome", filter.outcome);
    conditions.equals("scope", filter.scope);
    if (filter.older_than)
        if (auto added = add_page(conditions, database, *filter.older_than); !added)
            return tl::unexpected(std::move(added.error()));
    return conditions;
}

} // namespace

StoreResult<std::vector<IncidentSummary>> list_incidents(Database &database, const IncidentFilter &filter)
{
    const auto conditions = conditions_of(database, filter);
    if (!conditions)
        return tl::unexpected(conditions.error());
    auto rows = database.prepare(fmt::format("SELECT {} FROM incident{} ORDER BY time_ns DESC, sequence DESC LIMIT ?",
                                             summary_columns, conditions->sql()),
                                 reading);
    if (!rows)
        return tl::unexpected(std::move(rows.error()));
    conditions->bind_to(*rows);
    rows->bind(static_cast<std::int64_t>(
        std::min<std::size_t>(filter.limit, static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max()))));
    std::vector<IncidentSummary> summaries;
    for (;;) {
        const auto row = rows->step();
        if (!row)
            return tl::unexpected(row.error());
        if (!*row)
            return summaries;
        summaries.push_back(summary_of(*rows));
    }
}

StoreResult<std::optional<ArchivedIncident>> find_incident(Database &database, std::string_view id)
{
    auto rows = database.prepare(
        fmt::format("SELECT {}, json, report, full_report FROM incident JOIN incident_text USING (sequence) WHERE id = ?",
                    summary_columns),
        reading);
    if (!rows)
        return tl::unexpected(std::move(rows.error()));
    const auto row = rows->bind(id).step();
    if (!row)
        return tl::unexpected(row.error());
    if (!*row)
        return std::nullopt;
    ArchivedIncident found{summary_of(*rows), {}, {}, {}};
    int column = summary_column_count;
    for (std::string *const text : {&found.json, &found.report, &found.full_report}) {
        auto decompressed = decompress(rows->text(column++));
        if (!decompressed)
            return store_failed(StoreFailure::corrupt, fmt::format("read incident {} in {}", id, database.name()),
                                decompressed.error().reason, "the others may still be whole");
        *text = std::move(*decompressed);
    }
    return found;
}

StoreResult<std::vector<std::string>> ids_with_prefix(Database &database, std::string_view prefix, std::size_t most)
{
    auto rows = database.prepare(
        "SELECT id FROM incident WHERE substr(id, 1, length(?)) = ? ORDER BY time_ns DESC, sequence DESC LIMIT ?", reading);
    if (!rows)
        return tl::unexpected(std::move(rows.error()));
    rows->bind(prefix).bind(prefix).bind(static_cast<std::int64_t>(most));
    std::vector<std::string> ids;
    for (;;) {
        const auto row = rows->step();
        if (!row)
            return tl::unexpected(row.error());
        if (!*row)
            return ids;
        ids.push_back(rows->text(0));
    }
}

} // namespace oomtrace
