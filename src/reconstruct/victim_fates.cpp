// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/victim_fates.h"

#include <algorithm>
#include <utility>

#include "reconstruct/saturating.h"

namespace oomtrace
{
namespace
{

template <typename Key>
std::optional<std::uint64_t> find_time(const std::unordered_map<Key, std::uint64_t> &times, Key key)
{
    const auto found = times.find(key);
    return found == times.end() ? std::nullopt : std::optional(found->second);
}

} // namespace

void VictimFates::note_kill(std::uint32_t tgid, std::uint64_t mm)
{
    const auto [entry, inserted] = fates_.try_emplace(tgid);
    Fate &fate = entry->second;
    if (inserted) {
        enter(fate);
    }
    std::optional<std::uint64_t> released_ns = find_time(releases_by_tgid_, tgid);
    if (fate.mm == 0 && mm != 0) {
        leave(fate);
        fate.mm = mm;
        enter(fate);
        if (const std::optional<std::uint64_t> already = find_time(releases_by_mm_, mm)) {
            released_ns = released_ns ? released_ns : already;
        } else {
            waiting_for_mm_[mm].push_back(tgid);
        }
    }
    update(fate, find_time(exits_, tgid), released_ns);
}

void VictimFates::note_exit(std::uint32_t tgid, std::uint64_t time_ns)
{
    exits_.try_emplace(tgid, time_ns);
    if (const auto found = fates_.find(tgid); found != fates_.end()) {
        update(found->second, time_ns, std::nullopt);
    }
}

void VictimFates::note_release(std::uint32_t tgid, std::uint64_t mm, std::uint64_t time_ns)
{
    releases_by_tgid_.try_emplace(tgid, time_ns);
    if (const auto found = fates_.find(tgid); found != fates_.end()) {
        update(found->second, std::nullopt, time_ns);
    }
    if (mm == 0) {
        return;
    }
    releases_by_mm_.try_emplace(mm, time_ns);
    if (const auto waiting = waiting_for_mm_.find(mm); waiting != waiting_for_mm_.end()) {
        for (const std::uint32_t sharer : waiting->second) {
            update(fates_[sharer], std::nullopt, time_ns);
        }
        waiting_for_mm_.erase(waiting);
    }
}

bool VictimFates::awaits_exit(std::uint32_t tgid) const
{
    const auto found = fates_.find(tgid);
    return found != fates_.end() && !found->second.exited_ns;
}

bool VictimFates::awaits_release(std::uint32_t tgid) const
{
    const auto found = fates_.find(tgid);
    return found != fates_.end() && !found->second.released_ns;
}

std::optional<std::uint32_t> VictimFates::waits_for(std::uint64_t mm) const
{
    const auto found = waiting_for_mm_.find(mm);
    return found == waiting_for_mm_.end() ? std::nullopt : std::optional(found->second.front());
}

std::optional<std::uint64_t> VictimFates::settled_ns(std::uint64_t grace_ns) const
{
    if (pending_ != 0) {
        return std::nullopt;
    }
    const std::uint64_t settled = settled_ns_.empty() ? 0 : *settled_ns_.rbegin();
    const std::uint64_t exited = exit_ns_.empty() ? 0 : saturating_add(*exit_ns_.rbegin(), grace_ns);
    return std::max(settled, exited);
}

void VictimFates::update(Fate &fate, std::optional<std::uint64_t> exited_ns, std::optional<std::uint64_t> released_ns)
{
    leave(fate);
    if (!fate.exited_ns) {
        fate.exited_ns = exited_ns;
    }
    if (!fate.released_ns) {
        fate.released_ns = released_ns;
    }
    enter(fate);
}

void VictimFates::enter(const Fate &fate)
{
    if (fate.exited_ns && fate.released_ns) {
        settled_ns_.insert(std::max(*fate.exited_ns, *fate.released_ns));
    } else if (fate.exited_ns && fate.mm == 0) {
        exit_ns_.insert(*fate.exited_ns);
    } else {
        pending_++;
    }
}

void VictimFates::leave(const Fate &fate)
{
    if (fate.exited_ns && fate.released_ns) {
        settled_ns_.extract(std::max(*fate.exited_ns, *fate.released_ns));
    } else if (fate.exited_ns && fate.mm == 0) {
        exit_ns_.extract(*fate.exited_ns);
    } else {
        pending_--;
    }
}

} // namespace oomtrace
