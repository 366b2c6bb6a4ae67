// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <limits>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "cli/history_table.h"
#include "cli/output.h"
#include "sinks/write_text.h"
#include "store/incident_store.h"

namespace oomtrace
{

namespace
{

constexpr std::size_t default_rows = 50;

Result<void> print_json(IncidentStore &store, const std::vector<IncidentSummary> &incidents)
{
    for (const IncidentSummary &summary : incidents) {
        const auto incident = store.find(summary.id);
        if (!incident)
            return tl::unexpected(incident.error());
        if (!*incident) // taken out meanwhile, by its age
            continue;
        if (auto written = write_text(std::cout, (*incident)->json + "\n", "print an incident"); !written)
            return written;
    }
    return {};
}

Result<void> history(const HistoryOptions &options)
{
    auto store = IncidentStore::open_for_reading(options.store);
    if (!store)
        return tl::unexpected(std::move(store.error().error));
    IncidentFilter filter = options.filter;
    const std::size_t most = options.limit.value_or(options.json ? std::numeric_limits<std::uint32_t>::max() : default_rows);
    filter.limit = most + 1; // one more tells whether there are more
    auto incidents = (*store)->list(filter);
    if (!incidents)
        return tl::unexpected(std::move(incidents.error()));
    const bool more = incidents->size() > most;
    if (more)
        incidents->resize(most);
    if (options.json)
        return print_json(**store, *incidents);
    if (incidents->empty()) {
        spdlog::info("no incident in {} matches", options.store.string());
        return {};
    }
    const TerminalOptions terminal = terminal_options(TerminalMode::brief);
    if (auto written = write_text(std::cout, terminal::print(history_lines(*incidents, terminal.width), terminal.color),
                                  "print the incidents");
        !written)
        return written;
    if (more)
        spdlog::info("these are the newest {}; --limit N shows more, --until older ones", most);
    return {};
}

} // namespace

ExitStatus run_history(const HistoryOptions &options)
{
    return exit_status(history(options));
}

} // namespace oomtrace
