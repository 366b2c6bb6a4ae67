// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/eligibility.h"

#include "badness/badness.h"

namespace oomtrace
{

namespace
{

// oom_cpuset_eligible(): under a memory policy the tasks' own policies are asked, else their cpusets.
bool uses_other_nodes(const TaskFacts &facts, const EligibilityRules &rules)
{
    if (rules.scope == Scope::memcg) {
        return false;
    }
    if (rules.constraint == Constraint::memory_policy && facts.policy_disjoint) {
        return *facts.policy_disjoint;
    }
    return facts.mems_disjoint.value_or(false);
}

} // namespace

SkipReason skip_reason_of(const TaskSnapshot &task, bool has_mm, const EligibilityRules &rules)
{
    const TaskFacts &facts = task.facts;
    if (facts.global_init) {
        return SkipReason::init;
    }
    if (facts.kthread) {
        return SkipReason::kernel_thread;
    }
    if (uses_other_nodes(facts, rules)) {
        return SkipReason::cpuset_or_mempolicy;
    }
    if (facts.oom_victim && rules.scope != Scope::sysrq && rules.marked_tgid != task.tgid) {
        return facts.mmf_oom_skip ? SkipReason::mmf_oom_skip : SkipReason::already_victim;
    }
    if (facts.oom_origin) {
        return SkipReason::none;
    }
    if (!has_mm) {
        return SkipReason::no_mm;
    }
    if (task.oom_score_adj == oom_score_adj_min) {
        return SkipReason::oom_score_adj_min;
    }
    if (facts.mmf_oom_skip) {
        return SkipReason::mmf_oom_skip;
    }
    if (facts.in_vfork) {
        return SkipReason::in_vfork;
    }
    return SkipReason::none;
}

} // namespace oomtrace
