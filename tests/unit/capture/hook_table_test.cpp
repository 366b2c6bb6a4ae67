// SPDX-License-Identifier: Apache-2.0
#include "capture/hook_table.h"

#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr AttachMethod methods[] = {AttachMethod::fentry, AttachMethod::kprobe, AttachMethod::tracepoint};

// A kernel that has everything but what a test takes away.
struct FakeKernel {
    std::set<std::string, std::less<>> no_btf_function, no_tracepoint, no_symbol = {"oom_badness.part.0"}, no_kfunc;
    std::optional<std::string> why_no_trampoline, why_no_kprobes;

    // In no way there: not in BTF and not among the symbols.
    void without_function(const std::string &name)
    {
        no_btf_function.insert(name);
        no_symbol.insert(name);
    }

    [[nodiscard]] KernelOffers offers() const
    {
        const auto all_but = [](const auto &missing) {
            return [&missing](std::string_view name) { return !missing.contains(name); };
        };
        return {.has_btf_function = all_but(no_btf_function),
                .has_tracepoint = all_but(no_tracepoint),
                .has_symbol = all_but(no_symbol),
                .has_kfunc = all_but(no_kfunc),
                .why_no_trampoline = why_no_trampoline,
                .why_no_kprobes = why_no_kprobes};
    }
};

using Refusals = std::map<std::string, std::string, std::less<>>; // by program

std::vector<HookChoice> choose(AttachMethod method, const FakeKernel &kernel, const Refusals &refusals = {})
{
    return choose_hooks(method, kernel.offers(), [&](const Hook &hook) -> std::optional<std::string> {
        const auto found = refusals.find(hook.program);
        return found == refusals.end() ? std::nullopt : std::optional(found->second);
    });
}

// "program" or, where the program is attached to another place as well, "program target".
std::set<std::string> selected(const std::vector<HookChoice> &choices)
{
    std::set<std::string> programs;
    for (const HookChoice &choice : choices) {
        if (choice.selected)
            programs.insert(std::string(choice.hook->program) +
                            (choice.hook->role == HookRole::badness_part ? " " + std::string(choice.hook->target) : ""));
    }
    return programs;
}

std::string reason_for(const std::vector<HookChoice> &choices, std::string_view program)
{
    const auto found =
        std::ranges::find_if(choices, [program](const HookChoice &choice) { return choice.hook->program == program; });
    return found == choices.end() ? "not a hook of this method" : found->reason;
}

std::string first_missing(const std::vector<HookChoice> &choices)
{
    const HookChoice *const missing = missing_required(choices);
    return missing ? std::string(missing->hook->program) : "";
}

const std::set<std::string> aftermath{"reaper_woken", "reaper_started",     "reaper_finished", "reaper_skipped",
                                      "process_exit", "victim_gets_signal", "mm_released"};
const std::set<std::string> retries{"reclaim_retried", "compaction_retried"};

std::set<std::string> with_what_all_use(std::set<std::string> programs)
{
    programs.insert(aftermath.begin(), aftermath.end());
    programs.insert(retries.begin(), retries.end());
    programs.insert("adjustment_changed");
    return programs;
}

TEST(choose_hooks, fentry_on_a_kernel_that_has_everything)
{
    const auto choices = choose(AttachMethod::fentry, {});
    EXPECT_EQ(selected(choices), with_what_all_use({"fentry_out_of_memory", "fexit_evaluated_by_cast", "fexit_oom_badness",
                                                    "fentry_oom_kill_process", "fentry_dump_header", "fexit_out_of_memory",
                                                    "mark_in_invocation", "signal_in_invocation"}));
    EXPECT_EQ(first_missing(choices), "");
}

TEST(choose_hooks, kprobe_on_a_kernel_that_has_everything)
{
    const auto choices = choose(AttachMethod::kprobe, {});
    EXPECT_EQ(selected(choices), with_what_all_use({"kprobe_out_of_memory", "kretprobe_evaluated_by_cast",
                                                    "kretprobe_oom_badness", "kprobe_oom_kill_process", "kprobe_dump_header",
                                                    "kretprobe_out_of_memory", "mark_in_invocation", "signal_in_invocation"}));
    EXPECT_EQ(first_missing(choices), "");
}

TEST(choose_hooks, tracepoint_on_a_kernel_that_has_everything)
{
    const auto choices = choose(AttachMethod::tracepoint, {});
    EXPECT_EQ(selected(choices), with_what_all_use({"walk_iterator_at_mark", "signal_around_mark", "report_without_kill"}));
    EXPECT_EQ(first_missing(choices), "");
}

TEST(choose_hooks, every_hook_of_the_method_is_told_of_in_order_with_a_reason_if_it_is_not_taken)
{
    for (const AttachMethod method : methods) {
        std::vector<const Hook *> expected, told;
        for (const Hook &hook : hook_table()) {
            if (hook.used_by(method))
                expected.push_back(&hook);
        }
        for (const HookChoice &choice : choose(method, {})) {
            told.push_back(choice.hook);
            EXPECT_EQ(choice.selected, choice.reason.empty()) << choice.hook->program << ": " << choice.reason;
        }
        EXPECT_EQ(told, expected);
    }
}

TEST(choose_hooks, without_the_iterator_the_tasks_are_walked_as_a_list)
{
    FakeKernel kernel;
    kernel.no_kfunc = {"bpf_iter_task_new"};
    const auto choices = choose(AttachMethod::tracepoint, kernel);
    EXPECT_EQ(selected(choices), with_what_all_use({"walk_list_at_mark", "signal_around_mark", "report_without_kill"}));
    EXPECT_THAT(reason_for(choices, "walk_iterator_at_mark"), HasSubstr("bpf_iter_task_new()"));
    EXPECT_EQ(first_missing(choices), "");
}

TEST(choose_hooks, without_casts_the_tasks_weighed_are_read_the_plain_way)
{
    FakeKernel kernel;
    kernel.no_kfunc = {"bpf_rdonly_cast"};
    const auto by_fentry = choose(AttachMethod::fentry, kernel);
    EXPECT_THAT(selected(by_fentry), Contains("fexit_oom_evaluate_task"));
    EXPECT_EQ(reason_for(by_fentry, "fexit_evaluated_by_cast"), "this kernel has no bpf_rdonly_cast() for BPF (6.2 and later)");
    const auto by_kprobe = choose(AttachMethod::kprobe, kernel);
    EXPECT_THAT(selected(by_kprobe), Contains("kretprobe_oom_evaluate_task"));
    EXPECT_THAT(reason_for(by_kprobe, "kretprobe_evaluated_by_cast"), HasSubstr("bpf_rdonly_cast()"));
    EXPECT_EQ(first_missing(by_fentry), "");
    EXPECT_EQ(first_missing(by_kprobe), "");
}

TEST(choose_hooks, without_the_exit_mmap_tracepoint_the_function_stands_in)
{
    FakeKernel kernel;
    kernel.no_tracepoint = {"exit_mmap"};
    const auto by_fentry = choose(AttachMethod::fentry, kernel);
    EXPECT_THAT(selected(by_fentry), Contains("fexit_exit_mmap"));
    EXPECT_EQ(reason_for(by_fentry, "mm_released"), "this kernel has no tracepoint mmap:exit_mmap");
    EXPECT_THAT(selected(choose(AttachMethod::kprobe, kernel)), Contains("kretprobe_exit_mmap"));

    const auto by_tracepoint = choose(AttachMethod::tracepoint, kernel);
    EXPECT_THAT(selected(by_tracepoint), Not(Contains(HasSubstr("exit_mmap"))));
    EXPECT_EQ(first_missing(by_tracepoint), "");
}

TEST(choose_hooks, without_compaction_only_its_retries_are_lost)
{
    FakeKernel kernel;
    kernel.no_tracepoint = {"compact_retry"};
    for (const AttachMethod method : methods) {
        const auto choices = choose(method, kernel);
        EXPECT_EQ(reason_for(choices, "compaction_retried"), "this kernel has no tracepoint oom:compact_retry");
        EXPECT_THAT(selected(choices), Contains("reclaim_retried"));
        EXPECT_EQ(first_missing(choices), "");
    }
}

TEST(choose_hooks, without_oom_badness_the_rest_is_attached_all_the_same)
{
    FakeKernel kernel;
    kernel.without_function("oom_badness");
    for (const AttachMethod method : {AttachMethod::fentry, AttachMethod::kprobe}) {
        const auto choices = choose(method, kernel);
        EXPECT_THAT(selected(choices), Not(Contains(HasSubstr("oom_badness"))));
        EXPECT_EQ(first_missing(choices), "");
    }
    EXPECT_EQ(reason_for(choose(AttachMethod::fentry, kernel), "fexit_oom_badness"),
              "oom_badness() is not in this kernel's BTF");
}

TEST(choose_hooks, a_split_oom_badness_is_watched_at_both_places)
{
    FakeKernel kernel;
    kernel.no_symbol.clear();
    EXPECT_THAT(selected(choose(AttachMethod::kprobe, kernel)), Contains("kretprobe_oom_badness"));
    EXPECT_THAT(selected(choose(AttachMethod::kprobe, kernel)), Contains("kretprobe_oom_badness oom_badness.part.0"));
    EXPECT_THAT(selected(choose(AttachMethod::fentry, kernel)), Contains("fexit_oom_badness"));
    EXPECT_THAT(selected(choose(AttachMethod::fentry, kernel)), Contains("kretprobe_oom_badness oom_badness.part.0"));
}

TEST(choose_hooks, without_oom_evaluate_task_the_function_methods_are_no_good)
{
    FakeKernel kernel;
    kernel.without_function("oom_evaluate_task");
    EXPECT_EQ(first_missing(choose(AttachMethod::fentry, kernel)), "fexit_evaluated_by_cast");
    const auto choices = choose(AttachMethod::kprobe, kernel);
    ASSERT_EQ(first_missing(choices), "kretprobe_evaluated_by_cast");
    EXPECT_EQ(missing_required(choices)->reason, "this kernel has no symbol oom_evaluate_task");
    EXPECT_EQ(first_missing(choose(AttachMethod::tracepoint, kernel)), "");
}

TEST(choose_hooks, a_function_in_btf_without_a_symbol_is_not_there)
{
    FakeKernel kernel;
    kernel.no_symbol.insert("dump_header");
    const auto choices = choose(AttachMethod::fentry, kernel);
    EXPECT_THAT(reason_for(choices, "fentry_dump_header"), HasSubstr("no symbol dump_header"));
    EXPECT_EQ(first_missing(choices), "");
}

TEST(choose_hooks, without_trampolines_fentry_says_why)
{
    FakeKernel kernel;
    kernel.why_no_trampoline = "a trial program was refused";
    const auto choices = choose(AttachMethod::fentry, kernel);
    ASSERT_EQ(first_missing(choices), "fentry_out_of_memory");
    EXPECT_EQ(missing_required(choices)->reason, "a trial program was refused");
    EXPECT_EQ(first_missing(choose(AttachMethod::kprobe, kernel)), "");
    EXPECT_EQ(first_missing(choose(AttachMethod::tracepoint, kernel)), "");
}

TEST(choose_hooks, without_kprobes_kprobe_says_why)
{
    FakeKernel kernel;
    kernel.why_no_kprobes = "no kprobes";
    const auto choices = choose(AttachMethod::kprobe, kernel);
    ASSERT_EQ(first_missing(choices), "kprobe_out_of_memory");
    EXPECT_EQ(missing_required(choices)->reason, "no kprobes");
    EXPECT_EQ(first_missing(choose(AttachMethod::fentry, kernel)), "");
    EXPECT_EQ(first_missing(choose(AttachMethod::tracepoint, kernel)), "");
}

TEST(choose_hooks, without_mark_victim_no_method_is_any_good)
{
    FakeKernel kernel;
    kernel.no_tracepoint = {"mark_victim"};
    EXPECT_EQ(first_missing(choose(AttachMethod::fentry, kernel)), "mark_in_invocation");
    EXPECT_EQ(first_missing(choose(AttachMethod::kprobe, kernel)), "mark_in_invocation");
    EXPECT_EQ(first_missing(choose(AttachMethod::tracepoint, kernel)), "walk_iterator_at_mark");
}

TEST(choose_hooks, a_refused_hook_gives_way_to_the_next_of_its_role)
{
    const auto choices = choose(AttachMethod::tracepoint, {}, {{"walk_iterator_at_mark", "the verifier said no"}});
    EXPECT_EQ(reason_for(choices, "walk_iterator_at_mark"), "the verifier said no");
    EXPECT_THAT(selected(choices), Contains("walk_list_at_mark"));
    EXPECT_EQ(first_missing(choices), "");

    EXPECT_THAT(selected(choose(AttachMethod::fentry, {}, {{"mm_released", "no"}})), Contains("fexit_exit_mmap"));
}

TEST(choose_hooks, when_all_of_a_required_role_are_refused_the_first_is_named)
{
    const auto choices = choose(AttachMethod::tracepoint, {}, {{"walk_iterator_at_mark", "one"}, {"walk_list_at_mark", "two"}});
    ASSERT_EQ(first_missing(choices), "walk_iterator_at_mark");
    EXPECT_EQ(missing_required(choices)->reason, "one");
}

TEST(choose_hooks, a_refused_optional_hook_leaves_the_method_good)
{
    for (const Hook &hook : hook_table()) {
        for (const AttachMethod method : methods) {
            if (hook.required || !hook.used_by(method))
                continue;
            const auto choices = choose(method, {}, {{std::string(hook.program), "no"}});
            EXPECT_EQ(first_missing(choices), "") << hook.program;
            EXPECT_THAT(selected(choices), Not(Contains(std::string(hook.program)))) << hook.program;
        }
    }
}

TEST(hook_table, alternatives_agree_on_whether_they_are_needed_and_what_is_lost)
{
    for (const Hook &one : hook_table()) {
        EXPECT_THAT(std::string(one.lost), Not(IsEmpty())) << one.program;
        for (const Hook &other : hook_table()) {
            if (one.role != other.role)
                continue;
            EXPECT_EQ(one.required, other.required) << one.program << ", " << other.program;
            EXPECT_EQ(one.lost, other.lost) << one.program << ", " << other.program;
        }
    }
}

TEST(hook_table, nothing_is_attached_without_a_method)
{
    EXPECT_THAT(choose(AttachMethod::unknown, {}), IsEmpty());
}

} // namespace
} // namespace oomtrace
