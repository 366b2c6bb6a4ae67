// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/write_text.h"
#include "store/incident_store.h"

namespace oomtrace
{

namespace
{

// The whole id, or as much of its beginning as no other id has.
Result<ArchivedIncident> find(IncidentStore &store, const ShowOptions &options)
{
    constexpr std::size_t listed = 4;
    const std::string attempted =
        fmt::format("show incident {} of {}", terminal::safe_text(options.id), options.store.string());
    auto incident = store.find(options.id);
    if (incident && *incident)
        return std::move(**incident);
    if (!incident)
        return tl::unexpected(std::move(incident.error()));
    const auto ids = store.ids_with_prefix(options.id, listed + 1);
    if (!ids)
        return tl::unexpected(ids.error());
    if (ids->empty())
        return fail(attempted, "there is none of that id", "\"oomtrace history\" lists those that are kept, with their ids");
    if (ids->size() > 1) {
        std::string candidates;
        for (std::size_t i = 0; i < ids->size() && i < listed; ++i)
            candidates += (i == 0 ? "" : ", ") + terminal::safe_text((*ids)[i]);
        return fail(attempted, "more than one id begins like that",
                    fmt::format("name one of {}{}", candidates, ids->size() > listed ? ", ..." : ""));
    }
    incident = store.find(ids->front());
    if (!incident)
        return tl::unexpected(std::move(incident.error()));
    if (!*incident)
        return fail(attempted, "it has just been taken out, by its age or for want of room");
    return std::move(**incident);
}

Result<void> show(const ShowOptions &options)
{
    auto store = IncidentStore::open_for_reading(options.store);
    if (!store)
        return tl::unexpected(std::move(store.error().error));
    const auto incident = find(**store, options);
    if (!incident)
        return tl::unexpected(incident.error());
    const std::string &text = options.full ? incident->full_report : incident->report;
    return write_text(std::cout, options.json ? incident->json + "\n" : text, "print the incident");
}

} // namespace

ExitStatus run_show(const ShowOptions &options)
{
    return exit_status(show(options));
}

} // namespace oomtrace
