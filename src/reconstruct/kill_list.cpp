// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/kill_list.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "reconstruct/processes.h"

namespace oomtrace
{
namespace
{

void keep_earliest(std::optional<std::uint64_t> &slot, std::uint64_t time_ns)
{
    slot = slot ? std::min(*slot, time_ns) : time_ns;
}

class KillMerger
{
  public:
    KillMerger(const MemcgTree &memcgs, RssReading reading, const PageUnits &units)
        : memcgs_(memcgs), reading_(reading), units_(units)
    {
    }

    void add(const Timed<Kill> &record)
    {
        const Kill &kill = record.body;
        const auto [entry, inserted] = index_.try_emplace(kill.task.tgid, kills_.size());
        if (inserted) {
            kills_.emplace_back();
            kills_.back().process = process_of(kill.task, memcgs_);
            kills_.back().why = kill.why;
        }
        KilledProcess &process = kills_[entry->second];
        const bool first_mark = kill.event == KillEvent::mark && !process.marked;
        // The sizes at the mark are those of the kernel's own line, and its thread is the one that line names.
        if (kill.mm && (first_mark || !process.memory)) {
            process.memory = memory_of(*kill.mm, reading_, units_);
        }
        if (kill.event == KillEvent::signal) {
            process.signalled = true;
            keep_earliest(process.signalled_ns, record.header.time_ns);
        } else {
            if (first_mark) {
                process.process = process_of(kill.task, memcgs_);
            }
            process.marked = true;
            keep_earliest(process.marked_ns, record.header.time_ns);
        }
    }

    std::vector<KilledProcess> take() { return std::move(kills_); }

  private:
    const MemcgTree &memcgs_;
    RssReading reading_;
    const PageUnits &units_;
    std::vector<KilledProcess> kills_;
    std::unordered_map<std::uint32_t, std::size_t> index_;
};

std::uint64_t less(std::uint64_t before, std::uint64_t after)
{
    return before > after ? before - after : 0;
}

std::optional<std::uint64_t> since(std::uint64_t invocation_ns, std::optional<std::uint64_t> time_ns)
{
    return time_ns ? std::optional(less(*time_ns, invocation_ns)) : std::nullopt;
}

// Of several steps of the same kind the first: the reaper may be woken again for the same process.
void note_step(KilledProcess::Reaper &reaper, ReaperStep step, std::uint64_t time_ns)
{
    switch (step) {
    case ReaperStep::wake:
        return keep_earliest(reaper.woken_ns, time_ns);
    case ReaperStep::start:
        return keep_earliest(reaper.started_ns, time_ns);
    case ReaperStep::finish:
        return keep_earliest(reaper.finished_ns, time_ns);
    case ReaperStep::skip:
        return keep_earliest(reaper.skipped_ns, time_ns);
    }
}

template <typename Key>
std::optional<std::uint64_t> time_in(const std::unordered_map<Key, std::uint64_t> &times, Key key)
{
    const auto found = times.find(key);
    return found == times.end() ? std::nullopt : std::optional(found->second);
}

} // namespace

std::vector<KilledProcess> build_kills(const Episode &episode, RssReading reading, const MemcgTree &memcgs,
                                       const PageUnits &units)
{
    KillMerger merger(memcgs, reading, units);
    for (const Timed<Kill> &record : episode.kills) {
        merger.add(record);
    }
    std::vector<KilledProcess> kills = merger.take();

    std::unordered_map<std::uint32_t, std::uint64_t> exits, releases_by_tgid;
    std::unordered_map<std::uint64_t, std::uint64_t> releases_by_mm;
    std::unordered_map<std::uint32_t, std::uint64_t> rss_after_reap;
    std::unordered_map<std::uint32_t, KilledProcess::Reaper> reapers;
    for (const auto &[header, exit] : episode.exits) {
        if (exit.threads_left == 0) {
            exits.try_emplace(exit.tgid, header.time_ns);
        }
    }
    for (const auto &[header, release] : episode.releases) {
        releases_by_tgid.try_emplace(release.tgid, header.time_ns);
        releases_by_mm.try_emplace(release.mm, header.time_ns);
    }
    for (const auto &[header, reaper] : episode.reaper) {
        note_step(reapers[reaper.tgid], reaper.step, header.time_ns);
        if (reaper.step == ReaperStep::finish && reaper.mm) {
            rss_after_reap[reaper.tgid] = memory_of(*reaper.mm, reading, units).rss_bytes();
        }
    }

    const bool already_dying = episode.end && episode.end->body.outcome == InvocationOutcome::already_dying;
    std::unordered_set<std::uint64_t> counted_mms; // memory that several processes share comes back once
    for (KilledProcess &kill : kills) {
        if (already_dying && kill.marked && !kill.signalled) {
            kill.why = KillWhy::already_exiting;
        }
        if (const auto reaper = reapers.find(kill.process.tgid); reaper != reapers.end()) {
            kill.reaper = reaper->second;
        }
        kill.exited_ns = time_in(exits, kill.process.tgid);
        kill.released_ns = time_in(releases_by_tgid, kill.process.tgid);
        if (!kill.memory) {
            continue;
        }
        if (!kill.released_ns && kill.memory->mm != 0) {
            kill.released_ns = time_in(releases_by_mm, kill.memory->mm);
        }
        const bool first_with_mm = kill.memory->mm == 0 || counted_mms.insert(kill.memory->mm).second;
        if (kill.released_ns && first_with_mm) {
            kill.returned_bytes = kill.memory->rss_bytes();
        }
        if (const auto left = rss_after_reap.find(kill.process.tgid); left != rss_after_reap.end()) {
            kill.reaped_bytes = less(kill.memory->rss_bytes(), left->second);
        }
    }
    return kills;
}

Aftermath build_aftermath(const Episode &episode, const std::vector<KilledProcess> &kills, std::uint32_t victim_tgid,
                          std::optional<std::uint64_t> fired_memcg, std::uint64_t invocation_ns, const PageUnits &units)
{
    Aftermath after;
    after.rescans = episode.coalesced_scans;
    for (const auto &[header, release] : episode.releases) {
        after.rescans += release.rescans;
        if (release.memcg_id && *release.memcg_id != 0 && release.memcg_id == fired_memcg) {
            after.memcg_usage_after_bytes = units.bytes(release.memcg_usage_pages);
        }
    }
    std::optional<std::uint64_t> kill_ns, reaped_ns, released_ns;
    for (const KilledProcess &kill : kills) {
        if (kill.returned_bytes) {
            after.returned_bytes = saturating_add(after.returned_bytes.value_or(0), *kill.returned_bytes);
        }
        for (const std::optional<std::uint64_t> &time : {kill.signalled_ns, kill.marked_ns}) {
            if (time) {
                keep_earliest(kill_ns, *time);
            }
        }
        if (kill.process.tgid == victim_tgid) {
            after.to_exit_ns = since(invocation_ns, kill.exited_ns);
            released_ns = kill.released_ns;
        }
    }
    for (const auto &[header, reaper] : episode.reaper) {
        if (reaper.step == ReaperStep::finish && reaper.tgid == victim_tgid) {
            keep_earliest(reaped_ns, header.time_ns);
        }
    }
    after.to_choice_ns = since(invocation_ns, episode.choice ? std::optional(episode.choice->header.time_ns) : std::nullopt);
    after.to_kill_ns = since(invocation_ns, kill_ns);
    after.to_reap_ns = since(invocation_ns, reaped_ns);
    after.to_release_ns = since(invocation_ns, released_ns);
    return after;
}

} // namespace oomtrace
