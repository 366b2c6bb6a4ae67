// SPDX-License-Identifier: Apache-2.0
//
// selftest_checks.h: what an incident must say when we ourselves made it happen.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "oomtrace/incident.h"

namespace oomtrace
{

// What the self-test set up.
struct SelftestSetup {
    std::uint32_t eater_tgid = 0;
    std::uint32_t holder_tgid = 0; // sits still with memory of its own and a known oom_score_adj
    std::int32_t eater_adj = 0;
    std::int32_t holder_adj = 0;
    std::uint64_t holder_bytes = 0;
    std::uint64_t limit_bytes = 0;
    std::uint64_t page_size = 0;
    std::uint64_t oom_kills = 0; // that the cgroup counted
    std::string cgroup;          // as the kernel prints it
};

struct SelftestCheck {
    std::string what;
    bool passed = false;
    std::string found; // what was found instead
};

std::vector<SelftestCheck> check_incident(const Incident &incident, const SelftestSetup &setup);

} // namespace oomtrace
