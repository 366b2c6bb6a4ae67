// SPDX-License-Identifier: Apache-2.0
#include "sinks/why_victim_text.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sinks/concat.h"
#include "sinks/terminal/names.h"
#include "sinks/terminal/safe_text.h"
#include "sinks/terminal/units.h"

namespace oomtrace
{

using terminal::bytes_text;
using terminal::count_text;
using terminal::counted;
using terminal::signed_bytes_text;

namespace
{

std::string label(const TaskRef &task)
{
    return terminal::process_label(task.comm, task.pid);
}

// "+300", "-500", "+0".
std::string signed_text(std::int32_t value)
{
    return (value >= 0 ? "+" : "") + std::to_string(value);
}

// "31.2 MiB" of a number of pages, without its sign.
std::string size_text(std::int64_t pages, std::uint64_t page_size)
{
    std::string text = signed_bytes_text(pages, page_size);
    if (pages != 0)
        text.erase(0, 1);
    return text;
}

class VictimText
{
  public:
    VictimText(const Incident &incident, const WhyVictim &why, std::size_t path_width)
        : why_(why), page_size_(incident.host.page_size), path_width_(path_width)
    {
    }

    std::string text() const
    {
        std::string text;
        const auto add = [&](const std::string &part) {
            if (part.empty())
                return;
            if (!text.empty())
                text += ' ';
            text += part;
            text += '.';
        };
        // Who held more comes after all that is said of the score.
        bool larger_is_due = false;
        for (const VictimReason reason : why_.reasons) {
            const bool of_the_score = reason >= VictimReason::highest_points && reason <= VictimReason::others_adj_decided;
            if (larger_is_due && !of_the_score)
                add(larger_text());
            larger_is_due = of_the_score && why_.larger.has_value();
            add(reason_text(reason));
        }
        if (larger_is_due)
            add(larger_text());
        return text;
    }

  private:
    std::string victim() const { return label(*why_.victim); }

    std::string reason_text(VictimReason reason) const
    {
        switch (reason) {
        case VictimReason::unknown:
            return "Its score is not known, so that the choice cannot be followed";
        case VictimReason::already_dying:
            return fmt::format("{} was exiting already: the kernel waits for that rather than kill another", victim());
        case VictimReason::asked:
            return fmt::format("{} asked for the memory, and vm.oom_kill_allocating_task has the kernel kill whoever asks: "
                               "nobody was weighed",
                               victim());
        case VictimReason::asked_to_be_first:
            return fmt::format("{} runs swapoff or stops page merging (KSM), and so goes before all others", victim());
        case VictimReason::only_eligible:
            return fmt::format("{} was the only one of {} that could be killed", victim(),
                               counted(why_.weighed, "task", "tasks"));
        case VictimReason::highest_points:
            return highest_text();
        case VictimReason::tie:
            return fmt::format("{} had the same score, and of equals the kernel takes the one that it looks at last",
                               label(why_.ranking[1].task));
        case VictimReason::own_adj_decided:
            return "Its oom_score_adj decided that";
        case VictimReason::others_adj_decided:
            return ""; // told by who held more, or by what would have been otherwise
        case VictimReason::child_of_chosen:
            return fmt::format("{} had the highest score, and kernels until 5.0 kill a child of that one first: {}",
                               label(why_.ranking[0].task), victim());
        case VictimReason::not_highest:
            return fmt::format("The choice does not follow from the scores: {} has the highest", label(why_.ranking[0].task));
        case VictimReason::group:
            return fmt::format("memory.oom.group is set{}: {} died together",
                               why_.group_path ? " on " + terminal::safe_path_tail(*why_.group_path, path_width_) : "",
                               counted(why_.killed, "process", "processes"));
        case VictimReason::ranked_by_all_nodes:
            return "Scores count memory on all nodes, not only on those that were short";
        case VictimReason::partly_elsewhere:
            return fmt::format("At least {} of what it held lay on nodes that were not short",
                               bytes_text(*why_.elsewhere_bytes));
        case VictimReason::small_part:
            return fmt::format("It held only {} itself: most of the memory that ran out is not its own",
                               bytes_text(*why_.held_bytes));
        }
        return "";
    }

    std::string highest_text() const
    {
        std::string text = concat({victim(), " had the highest score of the ", count_text(why_.eligible),
                                   why_.all_known ? " that could be killed" : " that are in this record"});
        if (why_.points && page_size_ != 0) {
            if (!why_.parts) {
                text += fmt::format(
                    ": {}", counted(static_cast<std::uint64_t>(std::max<std::int64_t>(*why_.points, 0)), "point", "points"));
            } else {
                const PointsParts &parts = *why_.parts;
                text += ": it held ";
                text += size_text(parts.rss_pages + parts.pgtables_pages, page_size_);
                if (parts.swap_pages != 0)
                    text += fmt::format(" and {} in swap", size_text(parts.swap_pages, page_size_));
                if (parts.adj_points != 0)
                    text += concat({", and oom_score_adj ", signed_text(*why_.oom_score_adj),
                                    parts.adj_points > 0 ? " added " : " took off ", size_text(parts.adj_points, page_size_)});
            }
        }
        if (why_.ranking.size() > 1 && why_.margin_points && *why_.margin_points > 0 && page_size_ != 0)
            text += concat({"; ", size_text(*why_.margin_points, page_size_), " ahead of ", label(why_.ranking[1].task)});
        return text;
    }

    std::string larger_text() const
    {
        const LargerTask &larger = *why_.larger;
        const std::string held = concat({label(larger.task), " held more (", bytes_text(larger.held_bytes), ")"});
        switch (larger.skip_reason) {
        case SkipReason::none:
            return larger.oom_score_adj < 0 ? fmt::format("{}, but had oom_score_adj {}", held, larger.oom_score_adj) : held;
        case SkipReason::oom_score_adj_min:
            return fmt::format("{}, but was protected by oom_score_adj -1000", held);
        case SkipReason::cpuset_or_mempolicy:
            return fmt::format("{}, but may not use the nodes that were short", held);
        case SkipReason::init:
            return fmt::format("{}, but is init, which is never killed", held);
        case SkipReason::mmf_oom_skip:
        case SkipReason::already_victim:
            return fmt::format("{}, but was killed before", held);
        case SkipReason::in_vfork:
            return fmt::format("{}, but is between vfork and exec", held);
        case SkipReason::kernel_thread:
        case SkipReason::no_mm:
        case SkipReason::unknown:
            break;
        }
        return fmt::format("{}, but could not be killed", held);
    }

    const WhyVictim &why_;
    std::uint64_t page_size_;
    std::size_t path_width_;
};

std::string nobody_text(const Incident &incident, const WhyVictim &why)
{
    switch (incident.outcome) {
    case Outcome::no_killable_task: {
        if (why.weighed == 0)
            return "There was no task that could be killed.";
        const auto protected_ones =
            std::count_if(incident.candidates.begin(), incident.candidates.end(),
                          [](const CandidateTask &one) { return one.skip_reason == SkipReason::oom_score_adj_min; });
        if (static_cast<std::uint64_t>(protected_ones) == why.weighed)
            return fmt::format("Nobody was killed: {} protected by oom_score_adj -1000.",
                               why.weighed == 1 ? "the only task is"
                                                : fmt::format("all {} tasks are", count_text(why.weighed)));
        return fmt::format("Nobody was killed: none of {} may be.", counted(why.weighed, "task", "tasks"));
    }
    case Outcome::aborted:
        return "Nobody was killed: the kernel waits for an earlier victim that is still exiting.";
    case Outcome::notifier_freed:
        return "Nobody was killed: a kernel driver gave memory back.";
    case Outcome::panic:
        return "Nobody was killed: the kernel panicked, as it is set to (vm.panic_on_oom).";
    default:
        return "";
    }
}

// Who is chosen then, as a clause.
std::string then_text(const Counterfactual &counterfactual, const WhyVictim &why)
{
    if (!counterfactual.chosen)
        return "nobody could have been killed";
    if (why.victim && counterfactual.chosen->tgid == why.victim->tgid)
        return label(*counterfactual.chosen) + " would have been killed all the same";
    return label(*counterfactual.chosen) + " would have been killed instead";
}

} // namespace

std::string why_victim_text(const Incident &incident, const WhyVictim &why, std::size_t path_width)
{
    if (!why.victim)
        return nobody_text(incident, why);
    return VictimText(incident, why, path_width).text();
}

std::string counterfactual_text(const Counterfactual &counterfactual, const WhyVictim &why)
{
    const std::string then = then_text(counterfactual, why);
    const std::string victim = why.victim ? label(*why.victim) : "the victim";
    switch (counterfactual.kind) {
    case CounterfactualKind::victim_saved:
        return concat({"with oom_score_adj ", std::to_string(*counterfactual.adj_after),
                       *counterfactual.adj_after == -1000 ? "" : " or lower", " for ", victim, ", ", then});
    case CounterfactualKind::victim_adj_zero:
        return concat({"with oom_score_adj 0 for ", victim, ", ", then});
    case CounterfactualKind::victim_absent:
        return concat({"without ", victim, ", ", then});
    case CounterfactualKind::all_adj_zero:
        return concat({"with oom_score_adj 0 for everyone who can be killed, ", then});
    }
    return "";
}

std::string otherwise_text(const Verdict &verdict)
{
    std::string text;
    const auto add = [&](const Counterfactual &counterfactual) {
        std::string part = counterfactual_text(counterfactual, verdict.victim);
        part.front() = 'W'; // each begins with "with"
        if (!text.empty())
            text += ' ';
        text += part;
        text += '.';
    };
    const std::vector<Counterfactual> &all = verdict.counterfactuals;
    const auto of_kind = [&](CounterfactualKind kind) -> const Counterfactual * {
        const auto found = std::find_if(all.begin(), all.end(), [&](const Counterfactual &one) { return one.kind == kind; });
        return found == all.end() ? nullptr : &*found;
    };
    const auto changes = [&](const Counterfactual *one) {
        return one != nullptr && (!one->chosen || one->chosen->tgid != verdict.victim.victim->tgid);
    };
    if (const Counterfactual *saved = of_kind(CounterfactualKind::victim_saved))
        add(*saved);
    else if (const Counterfactual *absent = of_kind(CounterfactualKind::victim_absent))
        add(*absent);
    // That its own setting decided follows from the first where 0 saves too; another's setting does not.
    const Counterfactual *all_zero = of_kind(CounterfactualKind::all_adj_zero);
    if (changes(all_zero) && !changes(of_kind(CounterfactualKind::victim_adj_zero)))
        add(*all_zero);
    return text;
}

std::string no_counterfactuals_text(NoCounterfactuals reason)
{
    switch (reason) {
    case NoCounterfactuals::ledger_incomplete:
        return "What would have saved it is not worked out: not every task that was weighed is in the record.";
    case NoCounterfactuals::points_not_known:
        return "What would have saved it is not worked out: not every score is known.";
    case NoCounterfactuals::choice_does_not_follow:
        return "What would have saved it is not worked out: the choice does not follow from the scores.";
    case NoCounterfactuals::none:
    case NoCounterfactuals::nothing_weighed:
    case NoCounterfactuals::formula_not_known:
        break;
    }
    return "";
}

std::string disagreement_text(const Disagreement &disagreement, const WhyVictim &why)
{
    switch (disagreement.kind) {
    case DisagreementKind::choice_not_highest:
        return fmt::format("{} has {} points and was not chosen; the victim has {}{}",
                           disagreement.highest ? label(*disagreement.highest) : "another",
                           count_text(disagreement.highest_points), count_text(disagreement.chosen_points),
                           why.points_source == PointsSource::recomputed
                               ? " (worked out from sizes that were read after the kernel had weighed them)"
                               : "");
    case DisagreementKind::scores_differ:
        return fmt::format("{} from what the sizes make",
                           disagreement.count == 1 ? "1 score differs" : count_text(disagreement.count) + " scores differ");
    }
    return "";
}

} // namespace oomtrace
