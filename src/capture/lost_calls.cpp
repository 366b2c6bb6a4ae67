// SPDX-License-Identifier: Apache-2.0
#include "capture/lost_calls.h"

#include <set>

#include "capture/hook_table.h"

namespace oomtrace
{

std::uint64_t lost_calls(const std::function<std::uint64_t(std::string_view program)> &skipped, std::uint64_t retries_made_up)
{
    std::set<std::string_view> counted;
    const auto skipped_of = [&](std::string_view program) -> std::uint64_t {
        return program.empty() || !counted.insert(program).second ? 0 : skipped(program);
    };
    std::uint64_t lost = 0, retries = 0;
    for (const Hook &hook : hook_table()) {
        switch (hook.role) {
        // These run all over the host, mostly for what is no concern of ours. An incident knows of each exit, release and score
        // that it should have, and says which it has not.
        case HookRole::exit:
        case HookRole::release:
        case HookRole::badness:
        case HookRole::badness_part:
            break;
        case HookRole::reclaim_retry:
        case HookRole::compact_retry:
            retries += skipped_of(hook.program);
            break;
        default:
            lost += skipped_of(hook.program) + skipped_of(hook.companion);
        }
    }
    return lost + (retries > retries_made_up ? retries - retries_made_up : 0);
}

} // namespace oomtrace
