// SPDX-License-Identifier: Apache-2.0
#include "oomtrace/incident.h"

namespace oomtrace
{

// Switches without a default: an enumerator without a name does not compile (-Wswitch is an error). What follows each switch
// is for a value that no enumerator has.

std::string_view name_of(Source source)
{
    switch (source) {
    case Source::absent:
        return "absent";
    case Source::observed:
        return "observed";
    case Source::recomputed:
        return "recomputed";
    case Source::kernel_log:
        return "kernel_log";
    case Source::procfs:
        return "procfs";
    }
    return "unknown";
}

std::string_view name_of(Outcome outcome)
{
    switch (outcome) {
    case Outcome::killed:
        return "killed";
    case Outcome::group_kill:
        return "group_kill";
    case Outcome::victim_already_dying:
        return "victim_already_dying";
    case Outcome::aborted:
        return "aborted";
    case Outcome::no_killable_task:
        return "no_killable_task";
    case Outcome::notifier_freed:
        return "notifier_freed";
    case Outcome::panic:
        return "panic";
    case Outcome::unknown:
        return "unknown";
    }
    return "unknown";
}

std::string_view name_of(Scope scope)
{
    switch (scope) {
    case Scope::global:
        return "global";
    case Scope::memcg:
        return "memcg";
    case Scope::sysrq:
        return "sysrq";
    case Scope::unknown:
        return "unknown";
    }
    return "unknown";
}

std::string_view name_of(Constraint constraint)
{
    switch (constraint) {
    case Constraint::none:
        return "none";
    case Constraint::cpuset:
        return "cpuset";
    case Constraint::memory_policy:
        return "memory_policy";
    case Constraint::memcg:
        return "memcg";
    }
    return "unknown";
}

std::string_view name_of(SkipReason reason)
{
    switch (reason) {
    case SkipReason::none:
        return "none";
    case SkipReason::kernel_thread:
        return "kernel_thread";
    case SkipReason::init:
        return "init";
    case SkipReason::cpuset_or_mempolicy:
        return "cpuset_or_mempolicy";
    case SkipReason::oom_score_adj_min:
        return "oom_score_adj_min";
    case SkipReason::mmf_oom_skip:
        return "mmf_oom_skip";
    case SkipReason::in_vfork:
        return "in_vfork";
    case SkipReason::already_victim:
        return "already_victim";
    case SkipReason::no_mm:
        return "no_mm";
    case SkipReason::unknown:
        return "unknown";
    }
    return "unknown";
}

std::string_view name_of(PointsSource source)
{
    switch (source) {
    case PointsSource::observed:
        return "observed";
    case PointsSource::recomputed:
        return "recomputed";
    case PointsSource::absent:
        return "absent";
    }
    return "unknown";
}

std::string_view name_of(KillWhy why)
{
    switch (why) {
    case KillWhy::chosen:
        return "chosen";
    case KillWhy::oom_group:
        return "oom_group";
    case KillWhy::shares_mm:
        return "shares_mm";
    case KillWhy::already_exiting:
        return "already_exiting";
    }
    return "unknown";
}

std::string_view name_of(TimelineEvent event)
{
    switch (event) {
    case TimelineEvent::invoked:
        return "invoked";
    case TimelineEvent::scan_began:
        return "scan_began";
    case TimelineEvent::chosen:
        return "chosen";
    case TimelineEvent::signalled:
        return "signalled";
    case TimelineEvent::marked:
        return "marked";
    case TimelineEvent::capture_closed:
        return "capture_closed";
    case TimelineEvent::reaper_woken:
        return "reaper_woken";
    case TimelineEvent::reaper_started:
        return "reaper_started";
    case TimelineEvent::reaper_finished:
        return "reaper_finished";
    case TimelineEvent::reaper_skipped:
        return "reaper_skipped";
    case TimelineEvent::exited:
        return "exited";
    case TimelineEvent::memory_released:
        return "memory_released";
    case TimelineEvent::tracer_stopped:
        return "tracer_stopped";
    case TimelineEvent::deadline:
        return "deadline";
    }
    return "unknown";
}

std::string_view name_of(AttachMethod method)
{
    switch (method) {
    case AttachMethod::unknown:
        return "unknown";
    case AttachMethod::fentry:
        return "fentry";
    case AttachMethod::kprobe:
        return "kprobe";
    case AttachMethod::tracepoint:
        return "tracepoint";
    case AttachMethod::kernel_log:
        return "kernel_log";
    }
    return "unknown";
}

std::string_view name_of(WalkStop stop)
{
    switch (stop) {
    case WalkStop::none:
        return "none";
    case WalkStop::complete:
        return "complete";
    case WalkStop::task_limit:
        return "task_limit";
    case WalkStop::time_limit:
        return "time_limit";
    }
    return "unknown";
}

std::string_view name_of(CompactPriority priority)
{
    switch (priority) {
    case CompactPriority::sync_full:
        return "sync_full";
    case CompactPriority::sync_light:
        return "sync_light";
    case CompactPriority::async:
        return "async";
    }
    return "unknown";
}

std::string_view name_of(CompactResult result)
{
    switch (result) {
    case CompactResult::not_suitable_zone:
        return "not_suitable_zone";
    case CompactResult::skipped:
        return "skipped";
    case CompactResult::deferred:
        return "deferred";
    case CompactResult::no_suitable_page:
        return "no_suitable_page";
    case CompactResult::to_continue:
        return "continue";
    case CompactResult::complete:
        return "complete";
    case CompactResult::partial_skipped:
        return "partial_skipped";
    case CompactResult::contended:
        return "contended";
    case CompactResult::success:
        return "success";
    }
    return "unknown";
}

} // namespace oomtrace
