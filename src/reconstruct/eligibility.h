// SPDX-License-Identifier: Apache-2.0
//
// eligibility.h: whether the kernel would weigh a task, and if not, why not.
#pragma once

#include <cstdint>
#include <optional>

#include "oomtrace/incident.h"

namespace oomtrace
{

struct EligibilityRules {
    Scope scope = Scope::unknown;
    std::optional<Constraint> constraint = std::nullopt;
    // The process that had been marked already when the tasks were looked at, and whose own mark does not count: the
    // tracepoint method walks them from inside mark_oom_victim().
    std::optional<std::uint32_t> marked_tgid;
};

// The first reason in the order in which oom_evaluate_task() and oom_badness() ask; none: eligible.
SkipReason skip_reason_of(const TaskSnapshot &task, bool has_mm, const EligibilityRules &rules);

} // namespace oomtrace
