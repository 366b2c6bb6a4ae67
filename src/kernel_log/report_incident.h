// SPDX-License-Identifier: Apache-2.0
//
// report_incident.h: from the lines of a report to an Incident: what was printed, and for the rest the reason why it is absent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernel_log/parsed_report.h"
#include "oomtrace/kernel_event.h"

namespace oomtrace::kernel_log
{

// A report that a log has, whole.
struct FoundReport {
    std::unique_ptr<ParsedReport> report;
    std::uint64_t number = 0; // among those of the input, from 1
};

// Of sizes that the log has in pages, bytes are made by the page size that the report itself shows; completeness says where
// that had to be assumed. The report is used up: parts of it are moved, and a long table is taken out, so that it is not kept
// twice while the incident is looked at.
Incident incident_of(FoundReport &found, const std::string &tracer_version);

// What the report does not say of the host that printed it. `same_boot`: in the boot that `host` is of.
void add_host_facts(Incident &incident, const HostFacts &host, bool same_boot);

// Whether these lines are of an OOM at all: a Mem-Info alone is printed for other reasons too, and counts only where it shows a
// zone that is below its min watermark.
bool is_oom_report(const ParsedReport &report);

} // namespace oomtrace::kernel_log
