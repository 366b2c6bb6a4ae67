// SPDX-License-Identifier: Apache-2.0
#include "capture/hook_table.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace oomtrace
{

namespace
{

constexpr bool yes = true, no = false;

constexpr std::string_view no_follow_up = "when the victim's memory came back";

constexpr std::array<Hook, 33> hooks{{
    // clang-format off
    // program                    kind                  target                          role                   fentry kprobe tp  required  lost without it
    {"fentry_out_of_memory",      HookKind::fentry,     "out_of_memory",                HookRole::entry,        yes, no,  no,  yes, "everything"},
    {"kprobe_out_of_memory",      HookKind::kprobe,     "out_of_memory",                HookRole::entry,        no,  yes, no,  yes, "everything"},
    {"fexit_evaluated_by_cast",   HookKind::fexit,      "oom_evaluate_task",            HookRole::evaluation,   yes, no,  no,  yes, "the tasks that were weighed"},
    {"fexit_oom_evaluate_task",   HookKind::fexit,      "oom_evaluate_task",            HookRole::evaluation,   yes, no,  no,  yes, "the tasks that were weighed"},
    {"kretprobe_evaluated_by_cast", HookKind::kretprobe, "oom_evaluate_task",           HookRole::evaluation,   no,  yes, no,  yes, "the tasks that were weighed", "kprobe_oom_evaluate_task"},
    {"kretprobe_oom_evaluate_task", HookKind::kretprobe, "oom_evaluate_task",           HookRole::evaluation,   no,  yes, no,  yes, "the tasks that were weighed", "kprobe_oom_evaluate_task"},
    {"fexit_oom_badness",         HookKind::fexit,      "oom_badness",                  HookRole::badness,      yes, no,  no,  no,  "the kernel's own scores: they are recomputed"},
    {"kretprobe_oom_badness",     HookKind::kretprobe,  "oom_badness",                  HookRole::badness,      no,  yes, no,  no,  "the kernel's own scores: they are recomputed"},
    {"kretprobe_oom_badness",     HookKind::kretprobe,  "oom_badness.part.0",           HookRole::badness_part, yes, yes, no,  no,  "nothing, unless the compiler has split oom_badness()"},
    {"fentry_oom_kill_process",   HookKind::fentry,     "oom_kill_process",             HookRole::choice,       yes, no,  no,  yes, "the choice"},
    {"kprobe_oom_kill_process",   HookKind::kprobe,     "oom_kill_process",             HookRole::choice,       no,  yes, no,  yes, "the choice"},
    {"fentry_dump_header",        HookKind::fentry,     "dump_header",                  HookRole::report,       yes, no,  no,  no,  "OOMs that end in a panic"},
    {"kprobe_dump_header",        HookKind::kprobe,     "dump_header",                  HookRole::report,       no,  yes, no,  no,  "OOMs that end in a panic"},
    {"report_without_kill",       HookKind::tracepoint, "printk:console",               HookRole::notice,       no,  no,  yes, no,  "OOMs in which nobody is killed, until the next one"},
    {"fexit_out_of_memory",       HookKind::fexit,      "out_of_memory",                HookRole::outcome,      yes, no,  no,  yes, "the outcome"},
    {"kretprobe_out_of_memory",   HookKind::kretprobe,  "out_of_memory",                HookRole::outcome,      no,  yes, no,  yes, "the outcome"},
    {"walk_iterator_at_mark",     HookKind::tracepoint, "oom:mark_victim",              HookRole::walk,         no,  no,  yes, yes, "everything"},
    {"walk_list_at_mark",         HookKind::tracepoint, "oom:mark_victim",              HookRole::walk,         no,  no,  yes, yes, "everything"},
    {"mark_in_invocation",        HookKind::tracepoint, "oom:mark_victim",              HookRole::mark,         yes, yes, no,  yes, "the victim's sizes at its death"},
    {"signal_in_invocation",      HookKind::tracepoint, "signal:signal_generate",       HookRole::signal,       yes, yes, no,  no,  "processes killed because they share the victim's memory"},
    {"signal_around_mark",        HookKind::tracepoint, "signal:signal_generate",       HookRole::signal,       no,  no,  yes, no,  "processes killed because they share the victim's memory"},
    {"reaper_woken",              HookKind::tracepoint, "oom:wake_reaper",              HookRole::reaper_wake,  yes, yes, yes, no,  "when the OOM reaper was woken"},
    {"reaper_started",            HookKind::tracepoint, "oom:start_task_reaping",       HookRole::reaper_start, yes, yes, yes, no,  "when the OOM reaper started"},
    {"reaper_finished",           HookKind::tracepoint, "oom:finish_task_reaping",      HookRole::reaper_finish, yes, yes, yes, no, "what the OOM reaper took back"},
    {"reaper_skipped",            HookKind::tracepoint, "oom:skip_task_reaping",        HookRole::reaper_skip,  yes, yes, yes, no,  "that the OOM reaper had to give up"},
    {"victim_gets_signal",        HookKind::tracepoint, "signal:signal_deliver",        HookRole::identity,     yes, yes, yes, no,  "what the victim executed"},
    {"process_exit",              HookKind::tracepoint, "sched:sched_process_exit",     HookRole::exit,         yes, yes, yes, no,  "when the victim exited", "process_exit_again"},
    {"mm_released",               HookKind::tracepoint, "mmap:exit_mmap",               HookRole::release,      yes, yes, yes, no,  no_follow_up, "mm_released_again"},
    {"fexit_exit_mmap",           HookKind::fexit,      "exit_mmap",                    HookRole::release,      yes, no,  no,  no,  no_follow_up},
    {"kretprobe_exit_mmap",       HookKind::kretprobe,  "exit_mmap",                    HookRole::release,      no,  yes, no,  no,  no_follow_up, "kprobe_exit_mmap"},
    {"reclaim_retried",           HookKind::tracepoint, "oom:reclaim_retry_zone",       HookRole::reclaim_retry, yes, yes, yes, no, "how often reclaim was tried again before the OOM, and how far each zone was from enough", "reclaim_retried_again"},
    {"compaction_retried",        HookKind::tracepoint, "oom:compact_retry",            HookRole::compact_retry, yes, yes, yes, no, "how often compaction was tried again before the OOM, and with what result", "compaction_retried_again"},
    {"adjustment_changed",        HookKind::tracepoint, "oom:oom_score_adj_update",     HookRole::adjustment,   yes, yes, yes, no,  "how often an oom_score_adj was changed (a metric of the agent)"},
    // clang-format on
}};

// Programs that call functions which only newer kernels export to BPF.
struct KfuncNeed {
    std::string_view program;
    std::string_view kfunc;
    std::string_view since; // mainline; a distribution may have it earlier
};
constexpr std::array kfunc_needs{
    KfuncNeed{"walk_iterator_at_mark", "bpf_iter_task_new", "6.7"},
    KfuncNeed{"fexit_evaluated_by_cast", "bpf_rdonly_cast", "6.2"},
    KfuncNeed{"kretprobe_evaluated_by_cast", "bpf_rdonly_cast", "6.2"},
};

std::optional<std::string> why_no_kfunc(std::string_view program, const KernelOffers &offers)
{
    for (const KfuncNeed &need : kfunc_needs) {
        if (need.program == program && !offers.has_kfunc(need.kfunc))
            return fmt::format("this kernel has no {}() for BPF ({} and later)", need.kfunc, need.since);
    }
    return std::nullopt;
}

std::string_view tracepoint_name(std::string_view target)
{
    return target.substr(target.find(':') + 1);
}

} // namespace

bool Hook::used_by(AttachMethod method) const
{
    switch (method) {
    case AttachMethod::fentry:
        return fentry;
    case AttachMethod::kprobe:
        return kprobe;
    case AttachMethod::tracepoint:
        return tracepoint;
    case AttachMethod::kernel_log:
    case AttachMethod::unknown:
        break;
    }
    return false;
}

std::span<const Hook> hook_table()
{
    return hooks;
}

std::string_view name_of(HookKind kind)
{
    switch (kind) {
    case HookKind::fentry:
        return "fentry";
    case HookKind::fexit:
        return "fexit";
    case HookKind::kprobe:
        return "kprobe";
    case HookKind::kretprobe:
        return "kretprobe";
    case HookKind::tracepoint:
        return "tracepoint";
    }
    return "";
}

std::optional<std::string> why_not_there(const Hook &hook, const KernelOffers &offers)
{
    switch (hook.kind) {
    case HookKind::tracepoint:
        if (!offers.has_tracepoint(tracepoint_name(hook.target)))
            return fmt::format("this kernel has no tracepoint {}", hook.target);
        break;
    case HookKind::fentry:
    case HookKind::fexit:
        if (offers.why_no_trampoline)
            return offers.why_no_trampoline;
        if (!offers.has_btf_function(hook.target))
            return fmt::format("{}() is not in this kernel's BTF", hook.target);
        if (!offers.has_symbol(hook.target))
            return fmt::format("this kernel has no symbol {}: inlined, or split by the compiler", hook.target);
        break;
    case HookKind::kprobe:
    case HookKind::kretprobe:
        if (offers.why_no_kprobes)
            return offers.why_no_kprobes;
        if (!offers.has_symbol(hook.target))
            return fmt::format("this kernel has no symbol {}", hook.target);
        break;
    }
    return why_no_kfunc(hook.program, offers);
}

std::vector<HookChoice> choose_hooks(AttachMethod method, const KernelOffers &offers,
                                     const std::function<std::optional<std::string>(const Hook &)> &refused)
{
    std::vector<HookChoice> choices;
    for (const Hook &hook : hook_table()) {
        if (!hook.used_by(method))
            continue;
        HookChoice choice{.hook = &hook, .selected = false, .reason = {}};
        const bool filled = std::any_of(choices.begin(), choices.end(), [&](const HookChoice &earlier) {
            return earlier.selected && earlier.hook->role == hook.role;
        });
        if (filled)
            choice.reason = "not needed: a better one is there";
        else if (auto why = refused(hook))
            choice.reason = std::move(*why);
        else if (auto absent = why_not_there(hook, offers))
            choice.reason = std::move(*absent);
        else
            choice.selected = true;
        choices.push_back(std::move(choice));
    }
    return choices;
}

const HookChoice *missing_required(const std::vector<HookChoice> &choices)
{
    for (const HookChoice &choice : choices) {
        if (!choice.hook->required || choice.selected)
            continue;
        const bool filled = std::any_of(choices.begin(), choices.end(), [&](const HookChoice &other) {
            return other.selected && other.hook->role == choice.hook->role;
        });
        if (!filled)
            return &choice;
    }
    return nullptr;
}

} // namespace oomtrace
