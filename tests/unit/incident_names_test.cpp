// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "oomtrace/incident.h"

namespace oomtrace
{
namespace
{

// All names up to the first value without one; they are part of the JSON, so they are written out here.
template <typename Enum>
std::vector<std::string_view> names_of(Enum last)
{
    std::vector<std::string_view> names;
    for (int value = 0; value <= static_cast<int>(last); value++) {
        names.push_back(name_of(static_cast<Enum>(value)));
    }
    return names;
}

using testing::ElementsAre;

TEST(IncidentNames, AreFixed)
{
    EXPECT_THAT(names_of(Source::procfs), ElementsAre("absent", "observed", "recomputed", "kernel_log", "procfs"));
    EXPECT_THAT(names_of(Outcome::unknown), ElementsAre("killed", "group_kill", "victim_already_dying", "aborted",
                                                        "no_killable_task", "notifier_freed", "panic", "unknown"));
    EXPECT_THAT(names_of(Scope::unknown), ElementsAre("global", "memcg", "sysrq", "unknown"));
    EXPECT_THAT(names_of(Constraint::memcg), ElementsAre("none", "cpuset", "memory_policy", "memcg"));
    EXPECT_THAT(names_of(SkipReason::unknown),
                ElementsAre("none", "kernel_thread", "init", "cpuset_or_mempolicy", "oom_score_adj_min", "mmf_oom_skip",
                            "in_vfork", "already_victim", "no_mm", "unknown"));
    EXPECT_THAT(names_of(PointsSource::absent), ElementsAre("observed", "recomputed", "absent"));
    EXPECT_THAT(names_of(KillWhy::already_exiting), ElementsAre("chosen", "oom_group", "shares_mm", "already_exiting"));
    EXPECT_THAT(names_of(TimelineEvent::deadline),
                ElementsAre("invoked", "scan_began", "chosen", "signalled", "marked", "capture_closed", "reaper_woken",
                            "reaper_started", "reaper_finished", "reaper_skipped", "exited", "memory_released",
                            "tracer_stopped", "deadline"));
    EXPECT_THAT(names_of(AttachMethod::tracepoint), ElementsAre("unknown", "fentry", "kprobe", "tracepoint"));
    EXPECT_THAT(names_of(WalkStop::time_limit), ElementsAre("none", "complete", "task_limit", "time_limit"));
    EXPECT_THAT(names_of(CompactPriority::async), ElementsAre("sync_full", "sync_light", "async"));
    EXPECT_THAT(names_of(CompactResult::success),
                ElementsAre("not_suitable_zone", "skipped", "deferred", "no_suitable_page", "continue", "complete",
                            "partial_skipped", "contended", "success"));
}

} // namespace
} // namespace oomtrace
