// SPDX-License-Identifier: Apache-2.0
//
// scores.h: the kernel's scores worked out again from the table of a report, with the formula of that kernel's generation, and
// whether the kernel's choice follows from them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kernel_log/parsed_report.h"

namespace oomtrace::kernel_log
{

enum class Generation : std::uint8_t {
    unknown,
    classic,         // until 2.6.35: virtual size, divided by age; the table does not have what it needs
    per_mille,       // 2.6.36 to 3.4: 0 .. 1000; the table has neither swap nor page tables
    bonus_of_total,  // 3.5 to 3.13: pages, 3 % of all there is less for root
    bonus_of_task,   // 3.14 to 4.16: pages, 3 % of its own less for root
    never_below_one, // 4.17 to 5.8
    signed_points,   // since 5.9
};

// By the shape of the lines where that decides it, by the release where it does not.
Generation generation_of(const ParsedReport &report);

struct TotalPages {
    std::optional<std::uint64_t> pages;
    std::string note; // where it comes from, or why it is not known
};

// What the scores are relative to (constrained_alloc(), mem_cgroup_get_max()).
TotalPages total_pages_of(const ParsedReport &report, std::optional<Constraint> constraint, std::uint64_t page_size);

// Fills points, points_source and eligibility of incident.candidates (which stand in the order of report.rows), and
// incident.scores. incident.total_pages, the chosen flags and the host's page size must be set.
void score_candidates(const ParsedReport &report, Generation generation, Incident &incident);

} // namespace oomtrace::kernel_log
