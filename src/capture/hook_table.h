// SPDX-License-Identifier: Apache-2.0
//
// hook_table.h: every place in the kernel that a program can be attached to, in one table: for which attach method, what it
// tells, what is lost without it, and what stands in for it. The BPF programs are off until a plan made from this table turns
// them on.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "oomtrace/kernel_event.h"

namespace oomtrace
{

enum class HookKind : std::uint8_t { fentry, fexit, kprobe, kretprobe, tracepoint };

// What a hook is there for. Within one method, hooks of the same role are alternatives, best first.
enum class HookRole : std::uint8_t {
    entry,        // out_of_memory() entered
    evaluation,   // one task weighed
    badness,      // its score
    badness_part, // the same, where the compiler split oom_badness()
    choice,       // oom_kill_process() entered
    report,       // dump_header() entered
    notice,       // the end of a report printed of which no other hook tells
    outcome,      // out_of_memory() returned
    walk,         // mark_victim, with the walk over the tasks
    mark,         // mark_victim alone
    signal,       // SIGKILL sent
    identity,     // and taken by the victim
    reaper_wake,
    reaper_start,
    reaper_finish,
    reaper_skip,
    exit,
    release,
    reclaim_retry, // the page allocator considers another round of reclaim
    compact_retry, // of compaction
    adjustment,    // an oom_score_adj changed
};

struct Hook {
    std::string_view program; // in the BPF object
    HookKind kind;
    std::string_view target; // kernel function, or tracepoint as "group:name"
    HookRole role;
    bool fentry, kprobe, tracepoint; // the methods that use it
    bool required;                   // without any hook of its role the method is no good
    std::string_view lost;           // what is missing from an incident without it
    std::string_view companion = {}; // attached with it: a return's entry, or a tracepoint's second program (aftermath.bpf.c)

    [[nodiscard]] bool used_by(AttachMethod method) const;
    // A tracepoint's second program only makes up for calls of the first that the kernel skips.
    [[nodiscard]] bool needs_companion() const { return !companion.empty() && kind != HookKind::tracepoint; }
};

std::span<const Hook> hook_table();

std::string_view name_of(HookKind kind);

// What a kernel offers, so that the plan can be tested without one.
struct KernelOffers {
    std::function<bool(std::string_view function)> has_btf_function;
    std::function<bool(std::string_view tracepoint)> has_tracepoint; // name without its group
    std::function<bool(std::string_view symbol)> has_symbol;         // text symbol, exact name
    std::function<bool(std::string_view function)> has_kfunc;
    std::optional<std::string> why_no_trampoline; // fentry and fexit; empty: a trial program was attached
    std::optional<std::string> why_no_kprobes;
};

// Empty: the kernel has what the hook needs, as far as can be told without trying. Otherwise why it cannot be there.
std::optional<std::string> why_not_there(const Hook &hook, const KernelOffers &offers);

struct HookChoice {
    const Hook *hook = nullptr;
    bool selected = false;
    std::string reason; // why not selected
};

// For each role of the method the first hook that the kernel offers and that is not in `refused`. Every hook of the method has
// an entry, in the order of the table.
std::vector<HookChoice> choose_hooks(AttachMethod method, const KernelOffers &offers,
                                     const std::function<std::optional<std::string>(const Hook &)> &refused);

// Empty when every required role is filled; otherwise the first hook of the first one that is not.
const HookChoice *missing_required(const std::vector<HookChoice> &choices);

} // namespace oomtrace
